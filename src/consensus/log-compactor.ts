import type { Clock } from "../platform/clock.ts";
import type { ConfState, SnapshotMetadata } from "../raft/core/types.ts";

/** Between two requests to drop log segments: a segment is 64 MiB, more often would find nothing. @internal */
export const COMPACT_INTERVAL_MS = 1_000;
/** A follower that has had a snapshot has this long to catch up with the log behind it. @internal */
export const CATCH_UP_MS = 10 * 60_000;

export interface LogCompactorOptions {
  readonly clock: Clock;
  /** Entries to keep behind the durable position, at this moment. */
  readonly keepEntries: () => number;
  readonly confState: () => ConfState;
  /** Writes the marker (what is durable) to the log and drops the segments wholly at or below `throughIndex`. */
  readonly compact: (marker: SnapshotMetadata, throughIndex: number) => void;
}

/** Decides how far the log may be dropped: never beyond what the keyspace has on disk for certain. */
export class LogCompactor {
  readonly #options: LogCompactorOptions;
  #lastMs: number;
  /** Log index of the last marker. */
  #lastIndex = 0;
  /** Followers that receive a snapshot, or have received one and need the log behind that; each with the end of the wait. */
  readonly #holds = new Map<number, { readonly index: number; readonly untilMs: number }>();

  constructor(options: LogCompactorOptions) {
    this.#options = options;
    this.#lastMs = options.clock.monotonicMs();
  }

  /** A snapshot goes to this follower: the log stays as it is. */
  hold(follower: number): void {
    this.#holds.set(follower, { index: Number.POSITIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY });
  }

  /** The snapshot has arrived, at this index: the log stays until the follower has more, or for CATCH_UP_MS. */
  arrived(follower: number, index: number): void {
    this.#holds.set(follower, { index, untilMs: this.#options.clock.monotonicMs() + CATCH_UP_MS });
  }

  /** The follower needs no part of the log any more. */
  release(follower: number): void {
    this.#holds.delete(follower);
  }

  /** The log position that a follower is known to have. */
  matched(follower: number, index: number): void {
    const hold = this.#holds.get(follower);
    if (hold !== undefined && index > hold.index) this.#holds.delete(follower);
  }

  /** The keyspace holds everything up to this entry, power cut or not. */
  durable(index: number, term: number): void {
    const { clock, keepEntries: keep, confState, compact } = this.#options;
    const now = clock.monotonicMs();
    for (const [follower, { untilMs }] of this.#holds) if (untilMs <= now) this.#holds.delete(follower);
    if (this.#holds.size > 0) return;
    if (now - this.#lastMs < COMPACT_INTERVAL_MS || index <= this.#lastIndex) return;
    this.#lastMs = now;
    this.#lastIndex = index;
    // Also while every entry is to be kept: large entries reach the limit of segments before the limit of entries.
    compact({ index, term, confState: confState() }, Math.max(0, index - keep()));
  }
}
