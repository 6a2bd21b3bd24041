import type { ConfState, Entry, HardState, Snapshot } from "./types.ts";

export type StorageErrorCode =
  /** The entry lies before the first index: it was compacted into a snapshot. */
  | "COMPACTED"
  /** The entry lies after the last index. */
  | "UNAVAILABLE"
  /** The entries are there, but not at hand: ask again later. */
  | "PENDING"
  /** A snapshot is being made; ask again later. */
  | "SNAPSHOT_TEMPORARILY_UNAVAILABLE"
  /** A snapshot that is to be installed is older than the one in place. */
  | "SNAPSHOT_OUT_OF_DATE";

const TEXT: Readonly<Record<StorageErrorCode, string>> = {
  COMPACTED: "requested index is unavailable due to compaction",
  UNAVAILABLE: "requested entry at index is unavailable",
  PENDING: "requested entries are being read",
  SNAPSHOT_TEMPORARILY_UNAVAILABLE: "snapshot is temporarily unavailable",
  SNAPSHOT_OUT_OF_DATE: "requested index is older than the existing snapshot",
};

/** The expected failures of a Storage. Anything else it throws stops the node. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  constructor(code: StorageErrorCode) {
    super(TEXT[code]);
    this.code = code;
  }
}

/** Whether `error` is a StorageError with this code. */
export function isStorageError(error: unknown, code: StorageErrorCode): boolean {
  return error instanceof StorageError && error.code === code;
}

export interface InitialState {
  /** null on a node that has never written one. */
  readonly hardState: HardState | null;
  readonly confState: ConfState;
}

/**
 * What the core reads of the stable log. Synchronous: an implementation answers from memory (the engine keeps the
 * tail of its WAL there). Writing is the caller's business: the core only says, in a Ready, what must be written.
 *
 * The log it shows ends with what was acknowledged as stable and starts after the last compaction; the term of the
 * entry just before the first index must stay known, since the next append is checked against it.
 */
export interface Storage {
  initialState(): InitialState;
  /**
   * Entries in [low, high), at most `maxSize` bytes of them (`entrySize`) but at least one. Throws StorageError
   * COMPACTED when `low` lies before the first index, UNAVAILABLE when the range passes the last one, PENDING (only for
   * entries that are applied) when they must be read first: a leader asks again.
   */
  entries(low: number, high: number, maxSize: number): readonly Entry[];
  /** Term of entry `index`, which lies in [firstIndex - 1, lastIndex]; else StorageError COMPACTED or UNAVAILABLE. */
  term(index: number): number;
  lastIndex(): number;
  /** Index of the first entry that `entries` can give; lastIndex + 1 when there is none. */
  firstIndex(): number;
  /** The most recent snapshot, or StorageError SNAPSHOT_TEMPORARILY_UNAVAILABLE. */
  snapshot(): Snapshot;
}
