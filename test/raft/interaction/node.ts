import {
  asV2,
  type Config,
  type ConfState,
  decodeConfChange,
  EMPTY_SNAPSHOT,
  type Entry,
  EntryType,
  type HardState,
  MemoryStorage,
  type Message,
  RawNode,
  type Snapshot,
} from "../../../src/raft/core/index.ts";

/** What `add-nodes` sets; everything else is as in docs/design/raft-interaction.md, section 2.1. */
export type NodeOptions = Omit<Config, "id" | "storage" | "nextInt" | "applied">;

/** A store whose snapshot is the node's last applied state, whatever the store itself was given. */
class HistoryStorage extends MemoryStorage {
  readonly history: Snapshot[];

  constructor(bootstrap: Snapshot) {
    super();
    this.history = [bootstrap];
    if (bootstrap.metadata.index > 0) this.applySnapshot(bootstrap);
  }

  override snapshot(): Snapshot {
    return this.history.at(-1) ?? EMPTY_SNAPSHOT;
  }
}

/** A node of the interaction environment: the core under test, with its store and its queued storage work. */
export class InteractionNode {
  readonly id: number;
  readonly storage: HistoryStorage;
  readonly appendWork: Message[] = [];
  readonly applyWork: Message[] = [];
  rawNode: RawNode;
  readonly #options: NodeOptions;
  readonly #nextInt: (bound: number) => number;

  constructor(id: number, bootstrap: Snapshot, options: NodeOptions, nextInt: (bound: number) => number) {
    this.id = id;
    this.storage = new HistoryStorage(bootstrap);
    this.#options = options;
    this.#nextInt = nextInt;
    this.rawNode = this.#start(bootstrap.metadata.index);
  }

  get async(): boolean {
    return this.#options.asyncStorageWrites === true;
  }

  get electionTicks(): number {
    return this.#options.electionTicks;
  }

  get heartbeatTicks(): number {
    return this.#options.heartbeatTicks;
  }

  /** Index up to which the state machine has applied the log. */
  get appliedIndex(): number {
    return this.storage.snapshot().metadata.index;
  }

  /** A crash and a restart, with what the store holds. docs/design/raft-interaction.md, section 9. */
  restart(): void {
    this.appendWork.length = 0;
    this.applyWork.length = 0;
    const base = this.storage.firstIndex() - 1;
    const commit = this.storage.hardState()?.commit ?? 0;
    this.rawNode = this.#start(Math.min(Math.max(this.appliedIndex, base), Math.max(commit, base)));
  }

  #start(applied: number): RawNode {
    return new RawNode({
      ...this.#options,
      id: this.id,
      storage: this.storage,
      nextInt: this.#nextInt,
      applied,
    });
  }

  processAppend(hardState: HardState | null, entries: readonly Entry[], snapshot: Snapshot | null): void {
    if (hardState !== null) this.storage.setHardState(hardState);
    if (snapshot !== null && snapshot.metadata.index > 0) {
      if (entries.length > 0) throw new Error("can't apply snapshot and entries at the same time");
      this.storage.applySnapshot(snapshot);
      return;
    }
    this.storage.append(entries);
  }

  processApply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const last = this.storage.snapshot();
      let update = entry.data;
      let confState: ConfState = last.metadata.confState;
      if (entry.type !== EntryType.Normal) {
        const change = asV2(decodeConfChange(entry.type, entry.data));
        update = change.context;
        confState = this.rawNode.applyConfChange(change);
      }
      const data = new Uint8Array(last.data.length + update.length);
      data.set(last.data);
      data.set(update, last.data.length);
      this.storage.history.push({ metadata: { index: entry.index, term: entry.term, confState }, data });
    }
  }
}
