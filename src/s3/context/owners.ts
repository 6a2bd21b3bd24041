/** Who owns what a request reads and writes. */
import type { User, UserId } from "../../iam/types.ts";
import { S3Error } from "../protocol/errors.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import { type RowOwner, rowOwner, userOf } from "../records/owner.ts";
import type { Owner } from "../xml/owner.ts";
import { type Exchange, openedBucket, type S3Services } from "./exchange.ts";

/** The user that asks. Root stands for an anonymous request. @throws S3Error InvalidAccessKeyId: deleted meanwhile */
export function askerOf({ auth, services }: Exchange): User {
  const { principal } = auth;
  if (principal.kind === "anonymous") return services.iam.root;
  const user = services.iam.user(principal.id);
  if (user === undefined) throw new S3Error("InvalidAccessKeyId");
  return user;
}

/** Owner of a bucket that the request makes; and who began an upload. */
export function rowOfAsker(exchange: Exchange): RowOwner {
  return rowOwner(askerOf(exchange).id);
}

/** Owner of a new object: its bucket's owner, whoever writes the object (API reference, BucketOwnerEnforced). */
export function ownerOfObject(exchange: Exchange): RowOwner {
  return rowOwner(ownerIdOf(exchange.services, openedBucket(exchange).bucket));
}

export function ownerIdOf({ iam }: Pick<S3Services, "iam">, { owner }: Pick<Bucket, "owner">): UserId {
  return userOf(owner, iam.root.id);
}

/** The owner of the request's bucket, and of every object in the bucket. */
export function ownerOfBucket(exchange: Exchange): Owner {
  const { services } = exchange;
  return personOf(services, openedBucket(exchange).bucket.owner);
}

/** A user that was deleted has only its id. */
export function personOf({ iam }: Pick<S3Services, "iam">, owner: RowOwner): Owner {
  const id = userOf(owner, iam.root.id);
  return iam.user(id) ?? { id, displayName: "" };
}
