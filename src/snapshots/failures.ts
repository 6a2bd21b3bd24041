/** Snapshots that did not arrive, by member: the problem that the status shows until one arrives, and when to log it. */

/** Kinds of failure remembered for one member. The log is silent about any further kind. */
const KINDS_MAX = 16;

interface Failure {
  readonly reason: string;
  /** A member that has the entry at this index no longer needs the snapshot. */
  readonly index: number;
}

export class SnapshotFailures {
  readonly #last = new Map<number, Failure>();
  readonly #kinds = new Map<number, Set<string>>();

  /** @returns whether this failure is the first of its kind since the last snapshot arrived: each is tried again every few seconds. */
  failed(id: number, reason: string, index: number): boolean {
    this.#last.set(id, { reason, index });
    const kinds = this.#kinds.get(id) ?? new Set();
    this.#kinds.set(id, kinds);
    // Positions and lengths differ from one attempt to the next.
    const kind = reason.replace(/[0-9]+/g, "#");
    if (kinds.has(kind) || kinds.size >= KINDS_MAX) return false;
    kinds.add(kind);
    return true;
  }

  /** Why this member still lacks its snapshot. */
  reasonFor(id: number): string | undefined {
    return this.#last.get(id)?.reason;
  }

  /** The member has everything up to `index`. Perhaps the snapshot arrived, and only the answer was lost. */
  matched(id: number, index: number): void {
    const failure = this.#last.get(id);
    if (failure !== undefined && index >= failure.index) this.forget(id);
  }

  /** A snapshot has arrived, or this node does not send snapshots to the member any more. */
  forget(id: number): void {
    this.#last.delete(id);
    this.#kinds.delete(id);
  }

  forgetAll(which: (id: number) => boolean): void {
    for (const id of [...this.#last.keys()]) if (which(id)) this.forget(id);
  }
}
