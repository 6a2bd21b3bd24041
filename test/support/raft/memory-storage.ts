import { EMPTY_SNAPSHOT } from "../../../src/raft/core/empty.ts";
import { violated } from "../../../src/raft/core/invariant.ts";
import { NO_ENTRIES } from "../../../src/raft/core/message.ts";
import { limitSize } from "../../../src/raft/core/sizes.ts";
import { type InitialState, type Storage, StorageError } from "../../../src/raft/core/storage.ts";
import type { ConfState, Entry, HardState, Snapshot } from "../../../src/raft/core/types.ts";

/**
 * A Storage in memory, for tests and the simulator.
 *
 * Entries start after a *base*, the last entry that was compacted away or covered by a snapshot, of which only
 * index and term are kept.
 */
export class MemoryStorage implements Storage {
  #hardState: HardState | null = null;
  #snapshot: Snapshot = EMPTY_SNAPSHOT;
  #baseIndex = 0;
  #baseTerm = 0;
  #entries: Entry[] = [];

  initialState(): InitialState {
    return { hardState: this.#hardState, confState: this.#snapshot.metadata.confState };
  }

  setHardState(hardState: HardState): void {
    this.#hardState = hardState;
  }

  hardState(): HardState | null {
    return this.#hardState;
  }

  firstIndex(): number {
    return this.#baseIndex + 1;
  }

  lastIndex(): number {
    return this.#baseIndex + this.#entries.length;
  }

  term(index: number): number {
    if (index === this.#baseIndex) return this.#baseTerm;
    if (index < this.#baseIndex) throw new StorageError("COMPACTED");
    const entry = this.#entries[index - this.#baseIndex - 1];
    if (entry === undefined) throw new StorageError("UNAVAILABLE");
    return entry.term;
  }

  entries(low: number, high: number, maxSize: number): readonly Entry[] {
    if (low <= this.#baseIndex) throw new StorageError("COMPACTED");
    if (high > this.lastIndex() + 1) {
      violated("entries beyond the last index asked of storage", { low, high, last: this.lastIndex() });
    }
    if (this.#entries.length === 0) {
      if (low === high) return NO_ENTRIES;
      throw new StorageError("UNAVAILABLE");
    }
    const first = this.#baseIndex + 1;
    return limitSize(this.#entries.slice(low - first, high - first), maxSize);
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Replaces the whole log by a snapshot. Throws StorageError SNAPSHOT_OUT_OF_DATE for an older one. */
  applySnapshot(snapshot: Snapshot): void {
    const { index, term } = snapshot.metadata;
    const own = this.#snapshot.metadata.index;
    if (own !== 0 && own >= index) throw new StorageError("SNAPSHOT_OUT_OF_DATE");
    this.#snapshot = snapshot;
    this.#baseIndex = index;
    this.#baseTerm = term;
    this.#entries = [];
  }

  /** Records a snapshot of the state machine at `index`, which the log still contains; entries stay. */
  createSnapshot(index: number, confState: ConfState, data: Uint8Array): Snapshot {
    if (index <= this.#snapshot.metadata.index) throw new StorageError("SNAPSHOT_OUT_OF_DATE");
    if (index > this.lastIndex())
      violated("snapshot past the end of the log", { index, last: this.lastIndex() });
    this.#snapshot = { metadata: { index, term: this.term(index), confState }, data };
    return this.#snapshot;
  }

  /** Drops entries up to and including `index`, which becomes the base. Throws StorageError COMPACTED. */
  compact(index: number): void {
    if (index <= this.#baseIndex) throw new StorageError("COMPACTED");
    if (index > this.lastIndex())
      violated("compaction past the end of the log", { index, last: this.lastIndex() });
    const term = this.term(index);
    this.#entries = this.#entries.slice(index - this.#baseIndex);
    this.#baseIndex = index;
    this.#baseTerm = term;
  }

  /** Appends, replacing the tail from the first new index on; what was already compacted is skipped. */
  append(entries: readonly Entry[]): void {
    const head = entries[0];
    if (head === undefined) return;
    const first = this.firstIndex();
    const lastNew = head.index + entries.length - 1;
    if (lastNew < first) return;
    const skip = Math.max(0, first - head.index);
    const from = head.index + skip;
    if (from > this.lastIndex() + 1) violated("hole in the log", { from, last: this.lastIndex() });
    this.#entries.length = from - first;
    for (let i = skip; i < entries.length; i++) {
      const entry = entries[i];
      if (entry !== undefined) this.#entries.push(entry);
    }
  }
}
