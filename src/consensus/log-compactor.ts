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
  /** Of the last marker. */
  #lastIndex = 0;
  /** Followers that get a snapshot, or have had one and need the log behind it; and until when they are waited for. */
  readonly #holds = new Map<number, { readonly index: number; readonly untilMs: number }>();

  constructor(options: LogCompactorOptions) {
    this.#options = options;
    this.#lastMs = options.clock.monotonicMs();
  }

  /** A snapshot goes to this follower: the log stays as it is. */
  hold(follower: number): void {
    this.#holds.set(follower, { index: Number.POSITIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY });
  }

  /** The snapshot has arrived, at this index: the log stays until the follower has more than that, or for so long. */
  arrived(follower: number, index: number): void {
    this.#holds.set(follower, { index, untilMs: this.#options.clock.monotonicMs() + CATCH_UP_MS });
  }

  /** It needs nothing any more. */
  release(follower: number): void {
    this.#holds.delete(follower);
  }

  /** What a follower is known to have. */
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
    // Also while every entry is to be kept: large ones fill more segments than there may be long before that.
    compact({ index, term, confState: confState() }, Math.max(0, index - keep()));
  }
}
