/** Errors of STS: other documents and codes than those of S3 (API reference of STS, "Common Error Types"). */
import { S3Error, toS3Error } from "../protocol/errors.ts";

export class StsError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = "StsError";
    this.code = code;
    this.status = status;
  }
}

/** How STS names what S3 names otherwise. */
const CODES: Readonly<Record<string, readonly [code: string, status: number]>> = {
  AccessDenied: ["AccessDenied", 403],
  AuthorizationHeaderMalformed: ["IncompleteSignature", 400],
  ExpiredToken: ["ExpiredToken", 403],
  InternalError: ["InternalFailure", 500],
  InvalidAccessKeyId: ["InvalidClientTokenId", 403],
  InvalidToken: ["InvalidClientTokenId", 403],
  RequestTimeTooSkewed: ["SignatureDoesNotMatch", 403],
  SignatureDoesNotMatch: ["SignatureDoesNotMatch", 403],
  SlowDown: ["ServiceUnavailable", 503],
};

export function toStsError(cause: unknown): StsError {
  if (cause instanceof StsError) return cause;
  const error = cause instanceof S3Error ? cause : toS3Error(cause);
  const [code, status] = CODES[error.code] ?? [error.code, error.status];
  const message =
    code === "InvalidClientTokenId"
      ? "The security token included in the request is invalid."
      : error.message;
  return new StsError(code, status, message);
}
