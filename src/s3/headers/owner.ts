import { accountIdOf } from "../../iam/account-id.ts";
import type { User } from "../../iam/types.ts";
import { S3Error } from "../protocol/errors.ts";
import type { S3Request } from "../protocol/request.ts";

const ACCOUNT_ID = /^\d{12}$/;
const CANONICAL_ID = /^[0-9a-f]{64}$/;

/**
 * Checks the expected owner of a bucket: its account id, as in S3, or the id that `<Owner>` shows.
 * @throws S3Error AccessDenied, InvalidBucketOwnerAWSAccountID
 */
export function checkOwner(request: S3Request, owner: () => Pick<User, "id">, header: string): void {
  const expected = request.header(header);
  if (expected === undefined) return;
  const { id } = owner();
  if (expected === id || expected === accountIdOf(id)) return;
  if (ACCOUNT_ID.test(expected) || CANONICAL_ID.test(expected)) throw new S3Error("AccessDenied");
  throw new S3Error("InvalidBucketOwnerAWSAccountID", { extra: [["BucketOwner", expected.slice(0, 200)]] });
}
