/**
 * - LOCKED: another process uses the directory.
 * - NOT_FOUND: there is no log and the caller did not ask for a new one.
 * - CORRUPT, MISSING_SEGMENT: the log is not what was written. The operator decides; nothing was changed.
 * - FORMAT_VERSION, WRONG_CLUSTER, WRONG_NODE: somebody else's log.
 * - IO: a read or write failed. FSYNC_FAILED: nobody knows what is on disk. Both end the log (and should the process).
 * - DISK_FULL: nothing of the batch was taken; the same call may succeed later.
 * - INVALID: the caller broke a rule of the log (a gap, a term that goes back, ...). Ends the log.
 * - COMPACTED, UNAVAILABLE: a read below the first or above the last index.
 * - POISONED, CLOSED: the log has ended before this call.
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
  /** Byte offset in the file, where there is one. */
  readonly offset?: number;
}

/** The write-ahead log refuses or has failed. The message names the file, and the offset where there is one. */
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
