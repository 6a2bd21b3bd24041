import {
  asV2,
  ConfChangeError,
  type Config,
  type ConfState,
  decodeConfChange,
  EMPTY_CONF_STATE,
  type Entry,
  EntryType,
  type HardState,
  hardStateOf,
  type InitialState,
  type Message,
  RawNode,
  type Snapshot,
} from "../../../src/raft/core/index.ts";
import { MemoryStorage } from "../../support/raft/memory-storage.ts";

/** What has been applied, durable at once: the state machine of a node. Its state is a digest of all its entries. */
interface Machine {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
  readonly digest: number;
}

/** A store whose configuration and snapshot are those of the state machine, as in a real node. */
class SimStorage extends MemoryStorage {
  machine: Machine = { index: 0, term: 0, confState: EMPTY_CONF_STATE, digest: 0 };

  override initialState(): InitialState {
    return { hardState: this.hardState(), confState: this.machine.confState };
  }

  override snapshot(): Snapshot {
    const { index, term, confState, digest } = this.machine;
    return { metadata: { index, term, confState }, data: Uint8Array.of(...int32(digest)) };
  }

  override applySnapshot(snapshot: Snapshot): void {
    super.applySnapshot(snapshot);
    const { index, term, confState } = snapshot.metadata;
    const digest = new DataView(Uint8Array.from(snapshot.data).buffer).getInt32(0);
    this.machine = { index, term, confState, digest };
  }
}

function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
}

export type SimOptions = Omit<Config, "id" | "storage" | "applied">;

/** A simulated node: the core, a disk that keeps what was written, and a state machine. */
export class SimNode {
  readonly id: number;
  readonly storage = new SimStorage();
  readonly options: SimOptions;
  appendWork: Message[] = [];
  applyWork: Message[] = [];
  raw: RawNode;

  constructor(id: number, bootstrap: ConfState | null, options: SimOptions) {
    this.id = id;
    this.options = options;
    if (bootstrap !== null) {
      this.storage.applySnapshot({
        metadata: { index: 2, term: 1, confState: bootstrap },
        data: int32(0),
      });
    }
    this.raw = this.#start();
  }

  get async(): boolean {
    return this.options.asyncStorageWrites === true;
  }

  get machine(): Machine {
    return this.storage.machine;
  }

  /** A crash: what was not written is gone. */
  restart(): void {
    this.appendWork = [];
    this.applyWork = [];
    this.raw = this.#start();
  }

  #start(): RawNode {
    // The state machine may be ahead of the commit index that was written: what lies between is handed out again,
    // and `apply` knows it already.
    const base = this.storage.firstIndex() - 1;
    const commit = Math.max(this.storage.hardState()?.commit ?? 0, base);
    return new RawNode({
      ...this.options,
      id: this.id,
      storage: this.storage,
      applied: Math.min(this.machine.index, commit),
    });
  }

  write(hardState: HardState | null, entries: readonly Entry[], snapshot: Snapshot | null): void {
    if (hardState !== null) this.storage.setHardState(hardState);
    if (snapshot !== null) this.storage.applySnapshot(snapshot);
    this.storage.append(entries);
  }

  writeOne(): readonly Message[] {
    const work = this.appendWork.shift();
    if (work === undefined) return [];
    this.write(hardStateOf(work), work.entries, work.snapshot);
    return work.responses;
  }

  applyOne(): readonly Message[] {
    const work = this.applyWork.shift();
    if (work === undefined) return [];
    this.apply(work.entries);
    return work.responses;
  }

  apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const { index, confState, digest } = this.machine;
      if (entry.index <= index) continue;
      if (entry.index !== index + 1) throw new Error(`node ${this.id} skips from ${index} to ${entry.index}`);
      this.storage.machine = {
        index: entry.index,
        term: entry.term,
        confState: entry.type === EntryType.Normal ? confState : this.#applyConfChange(entry, confState),
        digest: entry.data.reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, digest),
      };
    }
  }

  /** An impossible change is nothing, on every node alike. */
  #applyConfChange(entry: Entry, confState: ConfState): ConfState {
    try {
      return this.raw.applyConfChange(asV2(decodeConfChange(entry.type, entry.data)));
    } catch (error) {
      if (error instanceof ConfChangeError) return confState;
      throw error;
    }
  }
}
