import type { Clock } from "../platform/clock.ts";
import type { ConfState, SnapshotMetadata } from "../raft/core/types.ts";

/** Between two requests to drop log segments: a segment is 64 MiB, more often would find nothing. */
export const COMPACT_INTERVAL_MS = 1_000;

export interface LogCompactorOptions {
  readonly clock: Clock;
  /** Entries kept behind the durable position. */
  readonly keepEntries: number;
  readonly confState: () => ConfState;
  /** Writes the marker (what is durable) to the log and drops the segments wholly at or below `throughIndex`. */
  readonly compact: (marker: SnapshotMetadata, throughIndex: number) => void;
}

/** Decides how far the log may be dropped: never beyond what the keyspace has on disk for certain. */
export class LogCompactor {
  readonly #options: LogCompactorOptions;
  #lastMs: number;
  #lastIndex = 0;

  constructor(options: LogCompactorOptions) {
    this.#options = options;
    this.#lastMs = options.clock.monotonicMs();
  }

  /** The keyspace holds everything up to this entry, power cut or not. */
  durable(index: number, term: number): void {
    const { clock, keepEntries, confState, compact } = this.#options;
    const now = clock.monotonicMs();
    if (now - this.#lastMs < COMPACT_INTERVAL_MS || index - keepEntries <= this.#lastIndex) return;
    this.#lastMs = now;
    this.#lastIndex = index - keepEntries;
    compact({ index, term, confState: confState() }, this.#lastIndex);
  }
}
