import type { IamView } from "../../iam/types.ts";
import { S3Error } from "../protocol/errors.ts";
import type { RequestContext } from "./request-context.ts";
import type { Principal } from "./types.ts";

/** One question. Each part is made when it is looked at: who does not look pays nothing. */
export interface AuthorizationRequest {
  readonly principal: Principal;
  /** As AWS names it: `s3:GetObject`. "": the request is no operation of S3, and gets an error that says so. */
  readonly action: string;
  /** ARN: `arn:aws:s3:::bucket/key`, `arn:aws:s3:::bucket`, `arn:aws:s3:::*` for the service. */
  readonly resource: string;
  readonly context: RequestContext;
}

/** May the principal do this? At once, without waiting. @throws S3Error AccessDenied */
export type Authorizer = (request: AuthorizationRequest) => void;

/** Every user that there is may do everything; nobody else may do anything. */
export function knownUsersOnly(iam: IamView): Authorizer {
  return ({ principal }) => {
    if (principal.kind === "anonymous" || iam.user(principal.id) === undefined) {
      throw new S3Error("AccessDenied");
    }
  };
}
