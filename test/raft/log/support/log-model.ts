/** What a log must say, kept the simple way: every state it has been in, one after each batch. */
import type { Entry, HardState, SnapshotMetadata } from "../../../../src/raft/core/types.ts";
import type { WalBatch } from "../../../../src/raft/log/types.ts";

export interface ModelState {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMetadata | undefined;
  /** Position before the first entry. */
  readonly baseIndex: number;
  readonly entries: readonly Entry[];
}

const EMPTY: ModelState = {
  hardState: { term: 0, vote: 0, commit: 0 },
  snapshot: undefined,
  baseIndex: 0,
  entries: [],
};

export function lastIndexOf(state: ModelState): number {
  return state.baseIndex + state.entries.length;
}

export function termOf(state: ModelState, index: number): number {
  const entry = state.entries[index - state.baseIndex - 1];
  if (entry !== undefined) return entry.term;
  return state.snapshot?.index === index ? state.snapshot.term : 0;
}

export class LogModel {
  /** `states[i]` after batch i; the first is the state that is certainly durable or later. */
  #states: ModelState[] = [EMPTY];
  #acknowledged = 0;

  get now(): ModelState {
    return this.#states.at(-1) as ModelState;
  }

  append(batch: WalBatch): void {
    let { hardState, snapshot, baseIndex, entries } = this.now;
    if (batch.snapshot !== undefined) {
      snapshot = batch.snapshot;
      const { index, term } = snapshot;
      if (index > lastIndexOf(this.now) || termOf(this.now, index) !== term) {
        baseIndex = index;
        entries = [];
      }
    }
    for (const entry of batch.entries) entries = [...entries.slice(0, entry.index - baseIndex - 1), entry];
    hardState = batch.hardState ?? hardState;
    this.#states.push({ hardState, snapshot, baseIndex, entries });
  }

  /** Everything so far is acknowledged. */
  synced(): void {
    this.#acknowledged = this.#states.length - 1;
  }

  /**
   * The log was opened again and says `found`: one of the states from the acknowledged one on. From there it goes on.
   * Entries that were compacted away are taken as right.
   */
  reopened(found: ModelState): void {
    const match = this.#states.findLastIndex(
      (state, i) => i >= this.#acknowledged && Bun.deepEquals(clip(state, found.baseIndex), found, true),
    );
    if (match < 0) {
      const acknowledged = this.#states[this.#acknowledged] as ModelState;
      throw new Error(
        `the log says ${describe(found)}; acknowledged was ${describe(acknowledged)}, appended ${describe(this.now)}`,
      );
    }
    this.#states = [this.#states[match] as ModelState];
    this.#acknowledged = 0;
  }
}

/** The state without the entries through `baseIndex`. */
function clip(state: ModelState, baseIndex: number): ModelState {
  if (baseIndex <= state.baseIndex) return state;
  return { ...state, baseIndex, entries: state.entries.slice(baseIndex - state.baseIndex) };
}

function describe(state: ModelState): string {
  const { hardState, snapshot, baseIndex } = state;
  return `${baseIndex + 1}..${lastIndexOf(state)} hard state ${JSON.stringify(hardState)} marker ${snapshot?.index ?? "none"}`;
}
