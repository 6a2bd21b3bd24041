/**
 * Detects that the log or the keyspace of a leader stalls (a full disk, or a disk that hangs). The followers could
 * go on without the leader, but the leader's heartbeats prevent an election. Entries that the leader cannot apply
 * fill the limits on uncommitted bytes, until no node of the cluster accepts a write.
 */

/** Ids of the oldest append and the oldest apply without an answer; 0 = none. */
export interface OldestWork {
  readonly append: number;
  readonly apply: number;
}

interface OldestSince {
  readonly id: number;
  readonly sinceMs: number;
}

export class StallWatch {
  readonly #patienceMs: number;
  #append: OldestSince = { id: 0, sinceMs: 0 };
  #apply: OldestSince = { id: 0, sinceMs: 0 };

  /** @param patienceMs time without progress of the log or the keyspace, after which the leader is stalled */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Returns the half that stalls; undefined when neither does. A call that returns a half restarts both times. */
  stalled(oldest: OldestWork, nowMs: number): "log" | "keyspace" | undefined {
    this.#append = stillAt(this.#append, oldest.append, nowMs);
    this.#apply = stillAt(this.#apply, oldest.apply, nowMs);
    const late = ({ id, sinceMs }: OldestSince): boolean => id !== 0 && nowMs - sinceMs >= this.#patienceMs;
    const half = late(this.#append) ? "log" : late(this.#apply) ? "keyspace" : undefined;
    if (half !== undefined) {
      this.#append = { ...this.#append, sinceMs: nowMs };
      this.#apply = { ...this.#apply, sinceMs: nowMs };
    }
    return half;
  }
}

function stillAt(before: OldestSince, id: number, nowMs: number): OldestSince {
  return before.id === id ? before : { id, sinceMs: nowMs };
}
