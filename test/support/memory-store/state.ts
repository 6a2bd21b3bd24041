import type { AppliedState } from "../../../src/store/types.ts";
import { VersionTable } from "./versions.ts";

interface Unsynced {
  readonly undo: readonly (() => void)[];
  readonly before: AppliedState;
}

/** What a keyspace in memory holds, and which of it a power cut would take: it outlives the store that writes it. */
export class MemoryState {
  readonly versions = new VersionTable();
  readonly meta = new Map<string, Uint8Array>();
  applied: AppliedState = { index: 0, term: 0, commitTs: 0n };
  #durable: AppliedState = this.applied;
  /** Transactions that are not durable yet, in order: undoing them is cheaper than a copy of the last durable state. */
  #unsynced: Unsynced[] = [];

  get durable(): AppliedState {
    return this.#durable;
  }

  /** Like SQLite's write-ahead file, which is one sequence: a durable transaction makes every earlier one durable. */
  committed(undo: readonly (() => void)[], before: AppliedState, durable: boolean): void {
    if (durable) this.makeDurable();
    else this.#unsynced.push({ undo, before });
  }

  makeDurable(): void {
    this.#unsynced = [];
    this.#durable = this.applied;
  }

  /**
   * A power cut: of the transactions that were not durable the first `survivors` remain (the page cache may have been
   * written back up to any of them).
   * @param survivors gets how many there are
   */
  crash(survivors: (unsynced: number) => number): void {
    const kept = Math.max(0, Math.min(survivors(this.#unsynced.length), this.#unsynced.length));
    for (const { undo, before } of this.#unsynced.splice(kept).reverse()) {
      for (const step of undo) step();
      this.applied = before;
    }
    this.makeDurable();
  }
}
