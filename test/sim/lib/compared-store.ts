import {
  type AppliedState,
  type CopiedValue,
  type Mutation,
  type MvccStore,
  type PayloadTarget,
  type RaftBatch,
  type ScanItem,
  type ScanOptions,
  StoreError,
  type Timestamp,
  type VersionedValue,
} from "../../../src/store/types.ts";
import type { MemoryStore } from "../../support/memory-store/memory-store.ts";
import { Violation } from "./violation.ts";

/** Both stores say these alike, or one of them is wrong. Other errors are of a disk, which the twin has none of. */
const ANSWERS: ReadonlySet<string> = new Set(["WRITE_CONFLICT", "HISTORY_COMPACTED", "STALE_POSITION"]);

/**
 * The real store, with its twin in memory beside it: everything is written to both, and what the state machine asks is answered by the real
 * one and compared. A transaction of the twin encloses the real one, so that both are rolled back when the real one fails.
 */
export class ComparedStore implements MvccStore {
  readonly #real: MvccStore;
  readonly #twin: MemoryStore;
  /** Something may have become durable. */
  readonly #written: () => void;

  constructor(real: MvccStore, twin: MemoryStore, written: () => void) {
    this.#real = real;
    this.#twin = twin;
    this.#written = written;
  }

  getAt(key: Uint8Array, readTs: Timestamp, target?: PayloadTarget): VersionedValue | undefined {
    return this.#real.getAt(key, readTs, target);
  }

  getForCopy(key: Uint8Array, readTs: Timestamp): CopiedValue | undefined {
    return this.#real.getForCopy(key, readTs);
  }

  getMetaAt(key: Uint8Array, readTs: Timestamp): VersionedValue | undefined {
    return this.#real.getMetaAt(key, readTs);
  }

  scanAt(start: Uint8Array, end: Uint8Array | undefined, options: ScanOptions): ScanItem[] {
    return this.#real.scanAt(start, end, options);
  }

  latestCommitTs(key: Uint8Array): Timestamp | undefined {
    return alike(
      "latestCommitTs",
      () => this.#real.latestCommitTs(key),
      () => this.#twin.latestCommitTs(key),
    );
  }

  appliedState(): AppliedState {
    return this.#real.appliedState();
  }

  applyMutations(mutations: readonly Mutation[], startTs: Timestamp, commitTs: Timestamp): void {
    this.#real.applyMutations(mutations, startTs, commitTs);
    this.#twin.applyMutations(mutations, startTs, commitTs);
    this.#written();
  }

  deletePrefixAt(prefix: Uint8Array, commitTs: Timestamp): number {
    const deleted = this.#real.deletePrefixAt(prefix, commitTs);
    this.#twin.deletePrefixAt(prefix, commitTs);
    this.#written();
    return deleted;
  }

  raftBatch<T>(position: AppliedState, apply: (batch: RaftBatch) => T): T {
    const result = this.#twin.raftBatch(position, (shadow) =>
      this.#real.raftBatch(position, (batch) => apply(both(batch, shadow))),
    );
    this.#written();
    return result;
  }

  durableApplied(): AppliedState {
    return this.#real.durableApplied();
  }

  makeDurable(): AppliedState {
    const durable = this.#real.makeDurable();
    this.#written();
    return durable;
  }

  compactVersions(horizon: Timestamp, maxRows: number): number {
    const removed = this.#real.compactVersions(horizon, maxRows);
    this.#twin.compactVersions(horizon, maxRows);
    this.#written();
    return removed;
  }

  getState(name: string): Uint8Array | undefined {
    return alike(
      "getState",
      () => this.#real.getState(name),
      () => this.#twin.getState(name),
    );
  }

  getMeta(name: string): Uint8Array | undefined {
    return this.#real.getMeta(name);
  }

  putMeta(name: string, value: Uint8Array): void {
    this.#real.putMeta(name, value);
    this.#written();
  }

  close(): void {
    this.#real.close();
  }
}

function both(real: RaftBatch, twin: RaftBatch): RaftBatch {
  return {
    latest: (key) =>
      alike(
        "latest",
        () => real.latest(key),
        () => twin.latest(key),
      ),
    prefixHasLive: (prefix) =>
      alike(
        "prefixHasLive",
        () => real.prefixHasLive(prefix),
        () => twin.prefixHasLive(prefix),
      ),
    prefixChangedSince: (prefix, ts) =>
      alike(
        "prefixChangedSince",
        () => real.prefixChangedSince(prefix, ts),
        () => twin.prefixChangedSince(prefix, ts),
      ),
    applyMutationsRaft: (mutations, startTs, commitTs) =>
      alike(
        "applyMutationsRaft",
        () => real.applyMutationsRaft(mutations, startTs, commitTs),
        () => twin.applyMutationsRaft(mutations, startTs, commitTs),
      ),
    deletePrefixAtRaft: (prefix, commitTs) =>
      alike(
        "deletePrefixAtRaft",
        () => real.deletePrefixAtRaft(prefix, commitTs),
        () => twin.deletePrefixAtRaft(prefix, commitTs),
      ),
    getState: (name) =>
      alike(
        "getState",
        () => real.getState(name),
        () => twin.getState(name),
      ),
    putState: (name, value) => {
      real.putState(name, value);
      twin.putState(name, value);
    },
  };
}

function alike<T>(what: string, real: () => T, twin: () => T): T {
  const [theirs, other] = [outcome(real), outcome(twin)];
  if (!Bun.deepEquals(theirs.said, other.said, true)) {
    throw new Violation("the real store answers as its twin in memory", {
      what,
      real: theirs.said,
      twin: other.said,
    });
  }
  if (theirs.error !== undefined) throw theirs.error;
  return theirs.said as T;
}

function outcome<T>(action: () => T): { readonly said: unknown; readonly error?: StoreError } {
  try {
    return { said: action() };
  } catch (error) {
    if (error instanceof StoreError && ANSWERS.has(error.code)) return { said: error.code, error };
    throw error;
  }
}
