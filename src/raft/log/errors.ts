/**
 * - LOCKED: another process uses the directory.
 * - NOT_FOUND: there is no log and the caller did not ask for a new one.
 * - CORRUPT, MISSING_SEGMENT: the log differs from what was written. The operator decides; nothing was changed.
 * - FORMAT_VERSION, WRONG_CLUSTER, WRONG_NODE: the log belongs to another release, cluster or node.
 * - IO: a read or write failed. FSYNC_FAILED: the state of the disk is unknown. Both end the log, and the process
 * should end.
 * - DISK_FULL: nothing of the batch was written; the same call may succeed later.
 * - INVALID: the caller broke a rule of the log (a gap, a term that goes back, ...). The log has ended.
 * - COMPACTED, UNAVAILABLE: a read below the first or above the last index.
 * - POISONED, CLOSED: the log ended before this call.
 */
export type WalErrorCode =
  | "LOCKED"
  | "NOT_FOUND"
  | "CORRUPT"
  | "MISSING_SEGMENT"
  | "FORMAT_VERSION"
  | "WRONG_CLUSTER"
  | "WRONG_NODE"
  | "IO"
  | "FSYNC_FAILED"
  | "DISK_FULL"
  | "INVALID"
  | "COMPACTED"
  | "UNAVAILABLE"
  | "POISONED"
  | "CLOSED";

export interface WalErrorPlace {
  /** Path of the file or directory. */
  readonly file: string;
  /** Byte offset in the file, for an error with an offset. */
  readonly offset?: number;
}

/**
 * The write-ahead log refuses a call, or has failed. The message names the file, and the offset when there is one.
 */
export class WalError extends Error {
  readonly code: WalErrorCode;
  readonly file: string;
  readonly offset: number | undefined;

  constructor(code: WalErrorCode, place: WalErrorPlace, reason: string, cause?: unknown) {
    const where = place.offset === undefined ? place.file : `${place.file} at offset ${place.offset}`;
    super(`${where}: ${reason} (${code})`, cause === undefined ? undefined : { cause });
    this.name = "WalError";
    this.code = code;
    this.file = place.file;
    this.offset = place.offset;
  }
}
