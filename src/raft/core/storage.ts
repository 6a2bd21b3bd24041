import type { ConfState, Entry, HardState, Snapshot } from "./types.ts";

export type StorageErrorCode =
  /** The entry is before the first index: it was compacted into a snapshot. */
  | "COMPACTED"
  /** The entry is after the last index. */
  | "UNAVAILABLE"
  /** The entries exist, but must be read first: ask again later. */
  | "PENDING"
  /** A snapshot is being made; ask again later. */
  | "SNAPSHOT_TEMPORARILY_UNAVAILABLE"
  /** The snapshot that is to be installed is older than the present one. */
  | "SNAPSHOT_OUT_OF_DATE";

const TEXT: Readonly<Record<StorageErrorCode, string>> = {
  COMPACTED: "requested index is unavailable due to compaction",
  UNAVAILABLE: "requested entry at index is unavailable",
  PENDING: "requested entries are being read",
  SNAPSHOT_TEMPORARILY_UNAVAILABLE: "snapshot is temporarily unavailable",
  SNAPSHOT_OUT_OF_DATE: "requested index is older than the existing snapshot",
};

/** The expected failures of a Storage. Any other exception stops the node. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  constructor(code: StorageErrorCode) {
    super(TEXT[code]);
    this.code = code;
  }
}

/** True when `error` is a StorageError with this code. */
export function isStorageError(error: unknown, code: StorageErrorCode): boolean {
  return error instanceof StorageError && error.code === code;
}

export interface InitialState {
  /** The stored hard state; null on a node that has never written one. */
  readonly hardState: HardState | null;
  readonly confState: ConfState;
}

/**
 * The part of the stable log that the core reads. It is synchronous: an implementation answers from memory (the
 * engine keeps the tail of its WAL there). The caller does the writing: a Ready only says what must be written.
 *
 * The visible log ends with the last entry that was acknowledged as stable, and starts after the last compaction.
 * The term of the entry just before the first index must stay known, because the next append is checked against that
 * term.
 */
export interface Storage {
  initialState(): InitialState;
  /**
   * Entries in [low, high), at most `maxSize` bytes (`entrySize`) but at least one. Throws StorageError COMPACTED
   * when `low` is before the first index, UNAVAILABLE when the range passes the last index, and PENDING (only for
   * applied entries) when the entries must be read first: a leader asks again.
   */
  entries(low: number, high: number, maxSize: number): readonly Entry[];
  /**
   * Term of entry `index`, which lies in [firstIndex - 1, lastIndex]; otherwise throws StorageError COMPACTED or
   * UNAVAILABLE.
   */
  term(index: number): number;
  lastIndex(): number;
  /** Index of the first entry that `entries` can return; lastIndex + 1 when there is none. */
  firstIndex(): number;
  /** The most recent snapshot. Throws StorageError SNAPSHOT_TEMPORARILY_UNAVAILABLE. */
  snapshot(): Snapshot;
}
