import type { Clock } from "../platform/clock.ts";
import type { ConfState, SnapshotMetadata } from "../raft/core/types.ts";

/**
 * Time between two requests to drop log segments. A segment is 64 MiB, so more frequent requests would find
 * nothing. @internal
 */
export const COMPACT_INTERVAL_MS = 1_000;
/** Time for a follower that has received a snapshot to catch up with the log after the snapshot. @internal */
export const CATCH_UP_MS = 10 * 60_000;

export interface LogCompactorOptions {
  readonly clock: Clock;
  /** Number of entries to keep behind the durable position, at the time of the call. */
  readonly keepEntries: () => number;
  readonly confState: () => ConfState;
  /** Writes the marker (what is durable) to the log and drops the segments wholly at or below `throughIndex`. */
  readonly compact: (marker: SnapshotMetadata, throughIndex: number) => void;
}

/** Decides how much of the log is dropped: never an entry that is not durable in the keyspace. */
export class LogCompactor {
  readonly #options: LogCompactorOptions;
  #lastMs: number;
  /** Log index of the last marker. */
  #lastIndex = 0;
  /**
   * Followers that receive a snapshot, or that need the log after a received snapshot. `untilMs` ends the wait for
   * a follower.
   */
  readonly #holds = new Map<number, { readonly index: number; readonly untilMs: number }>();

  constructor(options: LogCompactorOptions) {
    this.#options = options;
    this.#lastMs = options.clock.monotonicMs();
  }

  /** A snapshot is being sent to this follower: the log keeps all its entries. */
  hold(follower: number): void {
    this.#holds.set(follower, { index: Number.POSITIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY });
  }

  /**
   * The follower has received the snapshot at this index. The log keeps entries until the follower has more, or for
   * CATCH_UP_MS.
   */
  arrived(follower: number, index: number): void {
    this.#holds.set(follower, { index, untilMs: this.#options.clock.monotonicMs() + CATCH_UP_MS });
  }

  /** The follower needs no part of the log any more. */
  release(follower: number): void {
    this.#holds.delete(follower);
  }

  /** The follower is known to have the log up to this index. */
  matched(follower: number, index: number): void {
    const hold = this.#holds.get(follower);
    if (hold !== undefined && index > hold.index) this.#holds.delete(follower);
  }

  /** The keyspace holds every entry up to this position durably: a power cut loses no such entry. */
  durable(index: number, term: number): void {
    const { clock, keepEntries: keep, confState, compact } = this.#options;
    const now = clock.monotonicMs();
    for (const [follower, { untilMs }] of this.#holds) if (untilMs <= now) this.#holds.delete(follower);
    if (this.#holds.size > 0) return;
    if (now - this.#lastMs < COMPACT_INTERVAL_MS || index <= this.#lastIndex) return;
    this.#lastMs = now;
    this.#lastIndex = index;
    // The marker is written even when every entry is kept: large entries reach the limit of segments before the
    // limit of entries.
    compact({ index, term, confState: confState() }, Math.max(0, index - keep()));
  }
}
