/** Failed snapshots, by member: the reason for the status until a snapshot arrives, and whether to log a failure. */

/** Kinds of failure that are remembered for one member. Further kinds are not logged as warnings. */
const KINDS_MAX = 16;

interface Failure {
  readonly reason: string;
  /** A member that has the entry at this index no longer needs the snapshot. */
  readonly index: number;
}

export class SnapshotFailures {
  readonly #last = new Map<number, Failure>();
  readonly #kinds = new Map<number, Set<string>>();

  /**
   * Records a failure. @returns true when the failure is the first of its kind since the last snapshot arrived: a
   * failed snapshot is repeated every few seconds.
   */
  failed(id: number, reason: string, index: number): boolean {
    this.#last.set(id, { reason, index });
    const kinds = this.#kinds.get(id) ?? new Set();
    this.#kinds.set(id, kinds);
    // Digits are replaced, because positions and lengths differ between attempts.
    const kind = reason.replace(/[0-9]+/g, "#");
    if (kinds.has(kind) || kinds.size >= KINDS_MAX) return false;
    kinds.add(kind);
    return true;
  }

  /** The reason why this member still lacks its snapshot. */
  reasonFor(id: number): string | undefined {
    return this.#last.get(id)?.reason;
  }

  /** The member has every entry up to `index`: the snapshot may have arrived although the answer was lost. */
  matched(id: number, index: number): void {
    const failure = this.#last.get(id);
    if (failure !== undefined && index >= failure.index) this.forget(id);
  }

  /** A snapshot has arrived, or this node no longer sends snapshots to the member. */
  forget(id: number): void {
    this.#last.delete(id);
    this.#kinds.delete(id);
  }

  forgetAll(which: (id: number) => boolean): void {
    for (const id of [...this.#last.keys()]) if (which(id)) this.forget(id);
  }
}
