import type { IamView, UserId } from "../../iam/types.ts";
import { S3Error } from "../protocol/errors.ts";
import type { RequestContext } from "./request-context.ts";
import type { Principal } from "./types.ts";

/**
 * One authorization question. Each part is computed on access: an authorizer that ignores a part does not pay for the
 * part.
 */
export interface AuthorizationRequest {
  readonly principal: Principal;
  /**
   * Name of the action in AWS: `s3:GetObject`. "": the request is no operation of S3, and gets an error that says so.
   */
  readonly action: string;
  /** ARN: `arn:aws:s3:::bucket/key`, `arn:aws:s3:::bucket`, `arn:aws:s3:::*` for the service. */
  readonly resource: string;
  /** undefined: the service, a bucket that the request makes, or a request that is refused for every sender. */
  readonly bucket: BucketFacts | undefined;
  readonly context: RequestContext;
}

/** The bucket of the resource. Who asks has read the bucket before, so that the decision need not wait. */
export interface BucketFacts {
  readonly name: string;
  readonly owner: UserId;
}

/** Decides, without waiting, whether the principal may do the action. @throws S3Error AccessDenied */
export type Authorizer = (request: AuthorizationRequest) => void;

/**
 * Root may do everything. A user may list and make buckets, and may do everything with the buckets that it owns. Nobody
 * else may do anything.
 */
export function ownersOnly(iam: IamView): Authorizer {
  return ({ principal, bucket }) => {
    const user = principal.kind === "anonymous" ? undefined : iam.user(principal.id);
    if (user === undefined) throw new S3Error("AccessDenied");
    // Without the evaluation of policies nobody knows what the session's policy leaves.
    if (principal.kind === "user" && principal.session?.policy !== undefined)
      throw new S3Error("AccessDenied");
    if (bucket === undefined || bucket.owner === user.id || user.id === iam.root.id) return;
    throw new S3Error("AccessDenied");
  };
}
