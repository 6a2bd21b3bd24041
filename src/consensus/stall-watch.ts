/**
 * Notices that the log or the keyspace of a leader stands still (a full disk, one that hangs). Its followers could go on
 * without it: but its heartbeats keep them from electing another, and what it cannot apply fills the bounds on what may be
 * uncommitted, until no node of the cluster takes a write.
 */

/** What is asked of log and store and not answered, oldest first; 0 = nothing. */
export interface OldestWork {
  readonly append: number;
  readonly apply: number;
}

interface HandshakeGate {
  readonly id: number;
  readonly sinceMs: number;
}

export class StallWatch {
  readonly #patienceMs: number;
  #append: HandshakeGate = { id: 0, sinceMs: 0 };
  #apply: HandshakeGate = { id: 0, sinceMs: 0 };

  /** @param patienceMs time without progress of the log or the keyspace, after which the leader is stalled */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** The half that stands still; undefined: neither. To be called now and then; once a half was named, its time counts anew. */
  stalled(oldest: OldestWork, nowMs: number): "log" | "keyspace" | undefined {
    this.#append = stillAt(this.#append, oldest.append, nowMs);
    this.#apply = stillAt(this.#apply, oldest.apply, nowMs);
    const late = ({ id, sinceMs }: HandshakeGate): boolean => id !== 0 && nowMs - sinceMs >= this.#patienceMs;
    const half = late(this.#append) ? "log" : late(this.#apply) ? "keyspace" : undefined;
    if (half !== undefined) {
      this.#append = { ...this.#append, sinceMs: nowMs };
      this.#apply = { ...this.#apply, sinceMs: nowMs };
    }
    return half;
  }
}

function stillAt(before: HandshakeGate, id: number, nowMs: number): HandshakeGate {
  return before.id === id ? before : { id, sinceMs: nowMs };
}
