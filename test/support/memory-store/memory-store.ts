import { checkPosition, newerTs } from "../../../src/store/positions.ts";
import { clampReadTs } from "../../../src/store/timestamp.ts";
import {
  type AppliedState,
  type CopiedValue,
  type FsmSyncMode,
  type Mutation,
  type MvccStore,
  type RaftBatch,
  type ScanItem,
  type ScanOptions,
  StoreError,
  type Timestamp,
  type VersionedValue,
} from "../../../src/store/types.ts";
import { MemoryState } from "./state.ts";
import type { MemoryVersion, VersionTable } from "./versions.ts";

/** Hears what a replica comes to, for whoever compares it with others (row-digest.ts). */
export interface KeyspaceWatch {
  /** The live rows, behind everything that was written at this timestamp and before. In the middle of a batch, too. */
  wrote(commitTs: Timestamp, rows: number): void;
  /** Everything replicated, at this position. */
  reached(position: AppliedState, digest: number): void;
}

const EMPTY = new Uint8Array(0);

/** The version visible at `ts`: chains are short and newest first. */
function visible(chain: readonly MemoryVersion[] | undefined, ts: Timestamp): MemoryVersion | undefined {
  return chain?.find((version) => version.commitTs <= ts);
}

function copy(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes);
}

/**
 * The in-memory twin of `SqliteStore`: the same contract, nothing survives the object. For tests and the simulator;
 * both stores pass one conformance suite and are compared by a model test.
 */
export class MemoryStore implements MvccStore {
  readonly #content: MemoryState;
  readonly #mode: FsmSyncMode;
  readonly #versions: VersionTable;
  readonly #watch: KeyspaceWatch | undefined;
  #busy = false;
  #closed = false;

  /** @param content what `MemoryGenerations` keeps when the store is closed; nothing: a new, empty store that keeps nothing. */
  constructor(
    content: MemoryState = new MemoryState(),
    mode: FsmSyncMode = "sync",
    watch: KeyspaceWatch | undefined = undefined,
  ) {
    this.#watch = watch;
    this.#content = content;
    this.#mode = mode;
    this.#versions = content.versions;
  }

  getAt(key: Uint8Array, readTs: Timestamp): VersionedValue | undefined {
    const version = visible(this.#versions.chain(key), this.#readable(readTs));
    if (version?.value === undefined) return undefined;
    return {
      commitTs: version.commitTs,
      value: new Uint8Array(version.value),
      payload: copy(version.payload),
      garbage: copy(version.garbage),
    };
  }

  getForCopy(key: Uint8Array, readTs: Timestamp): CopiedValue | undefined {
    const found = this.getAt(key, readTs);
    return found === undefined ? undefined : { ...found, payloadCrc: undefined };
  }

  getMetaAt(key: Uint8Array, readTs: Timestamp): VersionedValue | undefined {
    const version = visible(this.#versions.chain(key), this.#readable(readTs));
    if (version?.value === undefined) return undefined;
    const { commitTs, value, garbage } = version;
    return { commitTs, value: new Uint8Array(value), payload: undefined, garbage: copy(garbage) };
  }

  scanAt(start: Uint8Array, end: Uint8Array | undefined, options: ScanOptions): ScanItem[] {
    const { limit, readTs, reverse = false, keysOnly = false } = options;
    if (!Number.isSafeInteger(limit) || limit < 1)
      throw new RangeError(`scan limit ${limit} is not a positive integer`);
    const ts = this.#readable(readTs);
    const items: ScanItem[] = [];
    for (const [key, chain] of this.#versions.range(start, end, reverse)) {
      const version = visible(chain, ts);
      if (version?.value === undefined) continue;
      items.push({
        key,
        commitTs: version.commitTs,
        value: keysOnly ? EMPTY : new Uint8Array(version.value),
      });
      if (items.length === limit) break;
    }
    return items;
  }

  latestCommitTs(key: Uint8Array): Timestamp | undefined {
    this.#checkOpen();
    return this.#versions.chain(key)?.[0]?.commitTs;
  }

  appliedState(): AppliedState {
    this.#checkOpen();
    return this.#content.applied;
  }

  applyMutations(mutations: readonly Mutation[], startTs: Timestamp, commitTs: Timestamp): void {
    this.#transaction(() => {
      this.#versions.applyMutations(mutations, startTs, commitTs);
      this.#raiseCommitTs(commitTs);
    });
  }

  deletePrefixAt(prefix: Uint8Array, commitTs: Timestamp): number {
    return this.#transaction(() => {
      const deleted = this.#versions.deletePrefix(prefix, commitTs);
      this.#raiseCommitTs(commitTs);
      return deleted;
    });
  }

  raftBatch<T>(position: AppliedState, apply: (batch: RaftBatch) => T): T {
    const applied = this.#transaction(() => {
      checkPosition(this.#content.applied, position);
      const batch = this.#batch();
      let result: T;
      try {
        result = apply(batch.view);
        batch.wrote();
      } finally {
        batch.end();
      }
      const commitTs = newerTs(this.#content.applied.commitTs, position.commitTs);
      this.#content.applied = { index: position.index, term: position.term, commitTs };
      return result;
    }, this.#mode === "sync");
    this.#watch?.reached(this.#content.applied, this.#versions.digest);
    return applied;
  }

  durableApplied(): AppliedState {
    this.#checkOpen();
    return this.#content.durable;
  }

  makeDurable(): AppliedState {
    this.#checkOpen();
    this.#content.makeDurable();
    return this.#content.durable;
  }

  compactVersions(horizon: Timestamp, maxRows: number): number {
    if (!Number.isSafeInteger(maxRows) || maxRows < 1) {
      throw new RangeError(`maxRows ${maxRows} is not a positive integer`);
    }
    this.#checkOpen();
    const newest = this.#content.applied.commitTs;
    const wanted = horizon < newest ? horizon : newest;
    return this.#transaction(() => this.#versions.compact(wanted, maxRows));
  }

  /** Oldest timestamp that can still be read. */
  retentionHorizon(): Timestamp {
    this.#checkOpen();
    return this.#versions.horizon;
  }

  /** Every state that is set, by name: what a simulator compares between replicas. */
  states(): (readonly [string, Uint8Array])[] {
    this.#checkOpen();
    return this.#versions.allStates();
  }

  getState(name: string): Uint8Array | undefined {
    this.#checkOpen();
    return copy(this.#versions.getState(name));
  }

  getMeta(name: string): Uint8Array | undefined {
    this.#checkOpen();
    return copy(this.#content.meta.get(name));
  }

  putMeta(name: string, value: Uint8Array): void {
    this.#transaction(() => this.#content.meta.set(name, new Uint8Array(value)));
  }

  close(): void {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError("CLOSED", "the store is closed");
  }

  #readable(readTs: Timestamp): Timestamp {
    this.#checkOpen();
    const ts = clampReadTs(readTs);
    this.#versions.checkReadable(ts);
    return ts;
  }

  #raiseCommitTs(commitTs: Timestamp): void {
    const { applied } = this.#content;
    this.#content.applied = { ...applied, commitTs: newerTs(applied.commitTs, commitTs) };
  }

  #batch(): { readonly view: RaftBatch; wrote(): void; end(): void } {
    let ended = false;
    let writing: Timestamp | undefined;
    const write = (commitTs: Timestamp | undefined): void => {
      if (writing !== undefined && writing !== commitTs)
        this.#watch?.wrote(writing, this.#versions.rowDigest);
      writing = commitTs;
    };
    const table = (): VersionTable => {
      if (ended) throw new Error("a RaftBatch was used after its batch had ended");
      return this.#versions;
    };
    const view: RaftBatch = {
      latest: (key) => {
        const newest = table().chain(key)?.[0];
        if (newest === undefined) return undefined;
        const { commitTs, value, garbage } = newest;
        return { commitTs, deleted: value === undefined, garbage: copy(garbage) };
      },
      prefixHasLive: (prefix) => table().anyHead(prefix, (head) => head.value !== undefined),
      prefixChangedSince: (prefix, ts) => {
        table().checkReadable(ts);
        return table().anyHead(prefix, (head) => head.commitTs > ts);
      },
      applyMutationsRaft: (mutations, startTs, commitTs) => {
        write(commitTs);
        table().applyMutations(mutations, startTs, commitTs);
        this.#raiseCommitTs(commitTs);
      },
      deletePrefixAtRaft: (prefix, commitTs) => {
        write(commitTs);
        const deleted = table().deletePrefix(prefix, commitTs);
        this.#raiseCommitTs(commitTs);
        return deleted;
      },
      getState: (name) => copy(table().getState(name)),
      putState: (name, value) => table().putState(name, copy(value)),
    };
    return {
      view,
      wrote: () => write(undefined),
      end: () => {
        ended = true;
      },
    };
  }

  /** Unless it is `durable`, a crash may undo it. */
  #transaction<T>(action: () => T, durable = true): T {
    this.#checkOpen();
    if (this.#busy) throw new Error("the store is inside a transaction already");
    const { applied } = this.#content;
    this.#busy = true;
    this.#versions.begin();
    try {
      const result = action();
      this.#content.committed(this.#versions.commit(), applied, durable);
      return result;
    } catch (error) {
      this.#versions.rollback();
      this.#content.applied = applied;
      throw error;
    } finally {
      this.#busy = false;
    }
  }
}
