export type ConfChangeErrorCode =
  /** Not possible inside a joint configuration. */
  | "JOINT"
  /** Only possible inside a joint configuration. */
  | "NOT_JOINT"
  /** Nobody would be left to vote. */
  | "NO_VOTERS"
  /** Old and new majorities might not meet. */
  | "TOO_MANY_VOTERS"
  | "UNKNOWN_TYPE";

/** A membership change that must not be made. Nothing was changed. */
export class ConfChangeError extends Error {
  override readonly name = "ConfChangeError";
  readonly code: ConfChangeErrorCode;
  constructor(code: ConfChangeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
