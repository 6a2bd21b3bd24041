import type { CompiledPolicy } from "../../iam/policy/compiled-policy.ts";
import type { UserId } from "../../iam/types.ts";
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
  readonly policy: PolicyFacts | undefined;
}

/** The policy of a bucket. */
interface PolicyFacts {
  /** Undefined: this release cannot read the policy. */
  readonly compiled: CompiledPolicy | undefined;
  /** What the policy allows counts for the bucket's owner only. */
  readonly onlyOwner: boolean;
}

/** Decides, without waiting, whether the principal may do the action. @throws S3Error AccessDenied */
export type Authorizer = (request: AuthorizationRequest) => void;
