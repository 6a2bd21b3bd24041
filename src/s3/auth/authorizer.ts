import type { IamView } from "../../iam/types.ts";
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
  readonly context: RequestContext;
}

/** Decides, without waiting, whether the principal may do the action. @throws S3Error AccessDenied */
export type Authorizer = (request: AuthorizationRequest) => void;

/** Every known user may do everything; an anonymous or unknown principal may do nothing. */
export function knownUsersOnly(iam: IamView): Authorizer {
  return ({ principal }) => {
    if (principal.kind === "anonymous" || iam.user(principal.id) === undefined) {
      throw new S3Error("AccessDenied");
    }
  };
}
