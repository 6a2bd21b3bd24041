import { DiskError } from "../../../src/platform/disk.ts";
import type { SqliteStore } from "../../../src/store/sqlite/store.ts";
import {
  type AppliedState,
  type CopiedValue,
  type FsmSyncMode,
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
import type { KeyspaceDisk } from "./keyspace-disk.ts";

/** On a disk with less than this SQLite's transactions find no space. */
const SPACE_OF_A_TRANSACTION_BYTES = 128 << 10;

/** A `SqliteStore` on a `KeyspaceDisk`: tells the disk when a transaction has ended, and fails as SQLite would when the disk does. */
export class MirroredStore implements MvccStore {
  readonly #store: SqliteStore;
  readonly #disk: KeyspaceDisk;
  readonly #database: string;
  readonly #mode: FsmSyncMode;

  constructor(store: SqliteStore, disk: KeyspaceDisk, database: string, mode: FsmSyncMode) {
    this.#store = store;
    this.#disk = disk;
    this.#database = database;
    this.#mode = mode;
    this.#captured(true);
  }

  getAt(key: Uint8Array, readTs: Timestamp, target?: PayloadTarget): VersionedValue | undefined {
    return this.#store.getAt(key, readTs, target);
  }

  getForCopy(key: Uint8Array, readTs: Timestamp): CopiedValue | undefined {
    return this.#store.getForCopy(key, readTs);
  }

  getMetaAt(key: Uint8Array, readTs: Timestamp): VersionedValue | undefined {
    return this.#store.getMetaAt(key, readTs);
  }

  scanAt(start: Uint8Array, end: Uint8Array | undefined, options: ScanOptions): ScanItem[] {
    return this.#store.scanAt(start, end, options);
  }

  latestCommitTs(key: Uint8Array): Timestamp | undefined {
    return this.#store.latestCommitTs(key);
  }

  appliedState(): AppliedState {
    return this.#store.appliedState();
  }

  applyMutations(mutations: readonly Mutation[], startTs: Timestamp, commitTs: Timestamp): void {
    this.#writes(() => this.#store.applyMutations(mutations, startTs, commitTs));
  }

  deletePrefixAt(prefix: Uint8Array, commitTs: Timestamp): number {
    return this.#writes(() => this.#store.deletePrefixAt(prefix, commitTs));
  }

  raftBatch<T>(position: AppliedState, apply: (batch: RaftBatch) => T): T {
    return this.#writes(() => this.#store.raftBatch(position, apply), this.#mode === "sync");
  }

  durableApplied(): AppliedState {
    return this.#store.durableApplied();
  }

  makeDurable(): AppliedState {
    return this.#store.makeDurable();
  }

  compactVersions(horizon: Timestamp, maxRows: number): number {
    return this.#writes(() => this.#store.compactVersions(horizon, maxRows));
  }

  retentionHorizon(): Timestamp {
    return this.#store.retentionHorizon();
  }

  getState(name: string): Uint8Array | undefined {
    return this.#store.getState(name);
  }

  getMeta(name: string): Uint8Array | undefined {
    return this.#store.getMeta(name);
  }

  putMeta(name: string, value: Uint8Array): void {
    this.#writes(() => this.#store.putMeta(name, value));
  }

  checkpoint(): void {
    this.#store.checkpoint();
    this.#captured(true);
  }

  /** The last checkpoint may fail: SQLite then leaves the write-ahead file as it is, and closes without an error. */
  close(): void {
    this.#store.close();
    try {
      this.#disk.committed(this.#database, true);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }

  #writes<T>(write: () => T, durable = true): T {
    const { simulated } = this.#disk;
    const { freeBytes } = simulated.quietly(() => simulated.space(this.#database));
    if (freeBytes < SPACE_OF_A_TRANSACTION_BYTES) {
      throw new StoreError("DISK_FULL", `no space left for ${this.#database}: ENOSPC`);
    }
    const result = write();
    this.#captured(durable);
    return result;
  }

  /** SQLite has committed for real: a disk that fails now leaves a store that must not be used any more. */
  #captured(durable: boolean): void {
    try {
      this.#disk.committed(this.#database, durable);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      throw new StoreError("IO", `input/output error on ${this.#database}: ${error.message}`, {
        cause: error,
      });
    }
  }
}
