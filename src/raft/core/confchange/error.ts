export type ConfChangeErrorCode =
  /** The change is not possible inside a joint configuration. */
  | "JOINT"
  /** The change is only possible inside a joint configuration. */
  | "NOT_JOINT"
  /** The new configuration would have no voters. */
  | "NO_VOTERS"
  /** Old and new majorities might not overlap. */
  | "TOO_MANY_VOTERS"
  | "UNKNOWN_TYPE";

/** The membership change is not allowed. Nothing was changed. */
export class ConfChangeError extends Error {
  override readonly name = "ConfChangeError";
  readonly code: ConfChangeErrorCode;
  constructor(code: ConfChangeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
