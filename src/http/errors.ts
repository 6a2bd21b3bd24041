/** Errors at the start of the edge. */
export type EdgeErrorCode = "ADDRESS_IN_USE" | "ADDRESS_UNAVAILABLE" | "PERMISSION_DENIED" | "LISTEN_FAILED";

/** The message names host:port. */
export class EdgeError extends Error {
  readonly code: EdgeErrorCode;
  constructor(code: EdgeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EdgeError";
    this.code = code;
  }
}
