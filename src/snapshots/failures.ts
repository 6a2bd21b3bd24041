/** Snapshots that did not arrive, by member: what its operator is told until one does, and when the log is to say it. */

/** Kinds of failure that the log remembers for one member; what comes on top of them is said no more. */
const KINDS_MAX = 16;

interface Failure {
  readonly reason: string;
  /** A member that has this entry no longer needs what did not arrive. */
  readonly index: number;
}

export class SnapshotFailures {
  readonly #last = new Map<number, Failure>();
  readonly #kinds = new Map<number, Set<string>>();

  /** @returns whether it is the first of its kind since one arrived: they are tried again every few seconds. */
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

  /** The member has everything up to `index`, however it came by it: the answer may have been all that was lost. */
  matched(id: number, index: number): void {
    const failure = this.#last.get(id);
    if (failure !== undefined && index >= failure.index) this.forget(id);
  }

  /** One has arrived, or it is no longer this node's business. */
  forget(id: number): void {
    this.#last.delete(id);
    this.#kinds.delete(id);
  }

  forgetAll(which: (id: number) => boolean): void {
    for (const id of [...this.#last.keys()]) if (which(id)) this.forget(id);
  }
}
