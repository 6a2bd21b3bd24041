import { S3Error } from "../protocol/errors.ts";
import type { Principal } from "./types.ts";

/** May this principal do this? Decided on bucket and key, never on content. @throws S3Error AccessDenied */
export type Authorizer = (
  principal: Principal,
  operation: string,
  bucket: string | undefined,
  key: string | undefined,
) => void;

/** Whoever holds a key of this server may do everything; nobody else may do anything. */
export const keyHoldersOnly: Authorizer = (principal) => {
  if (principal.kind === "anonymous") throw new S3Error("AccessDenied");
};
