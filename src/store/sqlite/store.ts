import type { Database, Statement } from "bun:sqlite";
import { realDisk } from "../../platform/disk/real-disk.ts";
import type { Disk } from "../../platform/disk.ts";
import { type GroupId, ONLY_GROUP } from "../../threads/group.ts";
import { payloadDirectory } from "../payload/files.ts";
import { PayloadReclaim } from "../payload/reclaim.ts";
import { decodePayloadTail, encodePayloadTail } from "../payload/ref.ts";
import { PayloadWriter } from "../payload/writer.ts";
import { checkPosition, newerTs } from "../positions.ts";
import { guarded } from "../store-errors.ts";
import { encodeTimestamp } from "../timestamp.ts";
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
} from "../types.ts";
import { Compaction } from "./compaction.ts";
import { openWriter } from "./connection.ts";
import { setSynchronous } from "./pragmas.ts";
import { encodeApplied, SqliteReads } from "./reads.ts";
import { groupRow, META_APPLIED, META_HORIZON, META_PAYLOAD_TAIL, META_USER_PREFIX } from "./schema.ts";
import { type CheckpointResult, WalFile } from "./wal-file.ts";
import { SqliteWriter } from "./writer.ts";

export interface SqliteStoreOptions {
  /** The database file; its directory must exist. `<file>-wal` and `<file>-shm` lie beside it. */
  readonly file: string;
  /** The group whose applied position and states the store keeps; default: group 0. */
  readonly group?: GroupId;
  /** Decides whether `raftBatch` waits for an fsync; every other commit is always fsynced. */
  readonly fsmSyncMode: FsmSyncMode;
  /** When the write-ahead file is larger, the writer waits for readers and restarts the file. */
  readonly walLimitBytes?: number;
  /** A payload file takes no more payloads at this size. */
  readonly payloadFileBytes?: number;
  /** The disk of the file; default: `realDisk`. SQLite itself always uses the real disk. */
  readonly disk?: Disk;
}

/** Unused pages that one compaction step returns to the file system. */
const SHRINK_PAGES = 256;

/**
 * The keyspace on SQLite, as its one writer. Reads see everything that was committed before, and inside a batch also
 * the writes of the batch. Readers in other threads use `SqliteReader`.
 *
 * Durability: in sync mode every commit is fsynced. In nosync mode only `raftBatch` is not fsynced. The write-ahead
 * file is one sequence, so any later fsynced commit also makes all earlier commits durable.
 */
export class SqliteStore implements MvccStore {
  readonly #file: string;
  readonly #group: GroupId;
  readonly #mode: FsmSyncMode;
  readonly #db: Database;
  readonly #wal: WalFile;
  readonly #reads: SqliteReads;
  readonly #writer: SqliteWriter;
  readonly #payloads: PayloadWriter;
  readonly #reclaim: PayloadReclaim;
  readonly #compaction: Compaction;
  readonly #putMeta: Statement<unknown, [string, Uint8Array]>;
  #synchronous: "FULL" | "NORMAL" = "FULL";
  #applied: AppliedState;
  #durable: AppliedState;
  #horizon: Timestamp;
  #busy = false;
  #closed = false;

  /** @throws StoreError WRONG_FORMAT | CORRUPT | DISK_FULL | IO, naming the file */
  constructor(options: SqliteStoreOptions) {
    this.#file = options.file;
    this.#group = options.group ?? ONLY_GROUP;
    this.#mode = options.fsmSyncMode;
    const { disk = realDisk } = options;
    this.#db = openWriter(disk, options.file);
    this.#wal = new WalFile(this.#db, disk, options.file, options.walLimitBytes);
    try {
      const { db, file } = { db: this.#db, file: this.#file };
      this.#reads = guarded(file, () => new SqliteReads(db, disk, file, this.#group));
      const directory = payloadDirectory(file);
      const tail = decodePayloadTail(this.#reads.meta(META_PAYLOAD_TAIL));
      this.#payloads = guarded(
        directory,
        () => new PayloadWriter(disk, directory, tail, options.payloadFileBytes),
      );
      this.#reclaim = guarded(file, () => new PayloadReclaim(db, disk, directory));
      const dropped = (bulk: Uint8Array): void => this.#reclaim.add(bulk);
      this.#writer = guarded(file, () => new SqliteWriter(db, this.#payloads, dropped, this.#group));
      this.#compaction = guarded(file, () => new Compaction(db, dropped));
      this.#putMeta = guarded(file, () =>
        db.prepare("INSERT OR REPLACE INTO fsm_meta(name, value) VALUES(?1, ?2)"),
      );
      this.#applied = this.#reads.appliedState();
      this.#horizon = this.#reads.horizon();
      // After a process crash the found commits may be only in the page cache, so they are synced before they count
      // as durable.
      this.#durable = this.#applied;
      this.#markDurable();
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  getAt(key: Uint8Array, readTs: Timestamp, target?: PayloadTarget): VersionedValue | undefined {
    this.#checkOpen();
    // Inside a batch, a read needs the appended payloads in the file.
    if (this.#busy) this.#payloads.flush();
    return this.#reads.getAt(key, readTs, target);
  }

  getForCopy(key: Uint8Array, readTs: Timestamp): CopiedValue | undefined {
    this.#checkOpen();
    if (this.#busy) this.#payloads.flush();
    return this.#reads.getForCopy(key, readTs);
  }

  getMetaAt(key: Uint8Array, readTs: Timestamp): VersionedValue | undefined {
    this.#checkOpen();
    return this.#reads.getMetaAt(key, readTs);
  }

  scanAt(start: Uint8Array, end: Uint8Array | undefined, options: ScanOptions): ScanItem[] {
    this.#checkOpen();
    return this.#reads.scanAt(start, end, options);
  }

  latestCommitTs(key: Uint8Array): Timestamp | undefined {
    this.#checkOpen();
    return this.#reads.latestCommitTs(key);
  }

  appliedState(): AppliedState {
    this.#checkOpen();
    return this.#applied;
  }

  applyMutations(mutations: readonly Mutation[], startTs: Timestamp, commitTs: Timestamp): void {
    this.#transaction("FULL", () => {
      this.#writer.applyMutations(mutations, startTs, commitTs, this.#horizon);
      this.#putApplied({ ...this.#applied, commitTs: newerTs(this.#applied.commitTs, commitTs) });
    });
  }

  deletePrefixAt(prefix: Uint8Array, commitTs: Timestamp): number {
    return this.#transaction("FULL", () => {
      const deleted = this.#writer.deletePrefix(prefix, commitTs, this.#horizon);
      this.#putApplied({ ...this.#applied, commitTs: newerTs(this.#applied.commitTs, commitTs) });
      return deleted;
    });
  }

  /** @throws StoreError STALE_POSITION, and every error of `apply`; a failed call changes nothing */
  raftBatch<T>(position: AppliedState, apply: (batch: RaftBatch) => T): T {
    return this.#transaction(this.#mode === "sync" ? "FULL" : "NORMAL", () => {
      checkPosition(this.#applied, position);
      let commitTs = newerTs(this.#applied.commitTs, position.commitTs);
      const batch = this.#batch((ts) => {
        commitTs = newerTs(commitTs, ts);
      });
      let result: T;
      try {
        result = apply(batch.view);
      } finally {
        batch.end();
      }
      this.#putApplied({ index: position.index, term: position.term, commitTs });
      return result;
    });
  }

  durableApplied(): AppliedState {
    this.#checkOpen();
    return this.#durable;
  }

  makeDurable(): AppliedState {
    this.#checkOpen();
    if (this.#durable !== this.#applied) this.#markDurable();
    return this.#durable;
  }

  compactVersions(horizon: Timestamp, maxRows: number): number {
    if (!Number.isSafeInteger(maxRows) || maxRows < 1) {
      throw new RangeError(`maxRows ${maxRows} is not a positive integer`);
    }
    this.#checkOpen();
    // The horizon stays at or below the newest commit: a read at appliedState().commitTs is always allowed.
    const wanted = horizon < this.#applied.commitTs ? horizon : this.#applied.commitTs;
    const effective = newerTs(this.#horizon, wanted);
    if (effective <= 0n) return 0;
    // A freed file must not be needed after a power cut: the deletion of its last rows, and the move of the tail to
    // the next file, must be durable first.
    if (this.#durable !== this.#applied && this.#reclaim.hasWork(this.#payloads.activeSegment)) {
      this.#markDurable();
    }
    // The transaction is always durable, because the next step frees the space of the payloads that this step drops.
    return this.#transaction("FULL", () => {
      for (const segment of this.#reclaim.step(maxRows, this.#payloads.activeSegment)) {
        this.#reads.payloads.forget(segment);
      }
      if (effective > this.#horizon) this.#setHorizon(effective);
      const removed = this.#compaction.step(effective, maxRows);
      if (removed > 0) this.#db.run(`PRAGMA incremental_vacuum(${SHRINK_PAGES})`);
      return removed;
    });
  }

  /** Oldest timestamp that can still be read. */
  retentionHorizon(): Timestamp {
    this.#checkOpen();
    return this.#horizon;
  }

  getState(name: string): Uint8Array | undefined {
    this.#checkOpen();
    return this.#reads.state(name);
  }

  getMeta(name: string): Uint8Array | undefined {
    this.#checkOpen();
    return this.#reads.meta(META_USER_PREFIX + name);
  }

  putMeta(name: string, value: Uint8Array): void {
    this.#transaction("FULL", () => {
      this.#putMeta.run(META_USER_PREFIX + name, value);
    });
  }

  /** Size of the write-ahead file in bytes. */
  walBytes(): number {
    return this.#wal.bytes();
  }

  /** Copies committed pages into the database file, as far as open readers allow, and does not wait for readers. */
  checkpoint(): CheckpointResult {
    this.#checkOpen();
    return this.#wal.checkpoint("PASSIVE");
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reads.finalize();
    this.#writer.finalize();
    this.#compaction.finalize();
    this.#reclaim.finalize();
    this.#putMeta.finalize();
    guarded(this.#file, () => {
      try {
        this.#payloads.close();
        setSynchronous(this.#db, "FULL");
        this.#wal.tryCheckpoint("PASSIVE");
      } finally {
        this.#db.close();
      }
    });
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError("CLOSED", `${this.#file}: the store is closed`);
  }

  #batch(onWrite: (commitTs: Timestamp) => void): { readonly view: RaftBatch; end(): void } {
    let ended = false;
    const writer = (): SqliteWriter => {
      if (ended) throw new Error("a RaftBatch was used after its batch had ended");
      return this.#writer;
    };
    const view: RaftBatch = {
      latest: (key) => writer().latest(key),
      prefixHasLive: (prefix) => writer().prefixHasLive(prefix),
      prefixChangedSince: (prefix, ts) => writer().prefixChangedSince(prefix, ts, this.#horizon),
      applyMutationsRaft: (mutations, startTs, commitTs) => {
        writer().applyMutations(mutations, startTs, commitTs, this.#horizon);
        onWrite(commitTs);
      },
      deletePrefixAtRaft: (prefix, commitTs) => {
        const deleted = writer().deletePrefix(prefix, commitTs, this.#horizon);
        onWrite(commitTs);
        return deleted;
      },
      getState: (name) => writer().getState(name),
      putState: (name, value) => writer().putState(name, value),
    };
    return {
      view,
      end: () => {
        ended = true;
      },
    };
  }

  /** Runs all of `action` or nothing; after a failure the state in this object's memory is also unchanged. */
  #transaction<T>(level: "FULL" | "NORMAL", action: () => T): T {
    this.#checkOpen();
    if (this.#busy) throw new Error("the store is inside a transaction already");
    const applied = this.#applied;
    const horizon = this.#horizon;
    this.#busy = true;
    let result: T;
    try {
      result = guarded(this.#file, () => {
        this.#setLevel(level);
        this.#db.run("BEGIN IMMEDIATE");
        this.#writer.begin();
        const value = action();
        this.#syncPayloads();
        this.#db.run("COMMIT");
        return value;
      });
      this.#payloads.commit();
    } catch (error) {
      this.#applied = applied;
      this.#horizon = horizon;
      this.#payloads.rollback();
      // SQLite may have rolled back already (disk full, input/output error).
      if (this.#db.inTransaction) guarded(this.#file, () => this.#db.run("ROLLBACK"));
      throw error;
    } finally {
      this.#busy = false;
    }
    this.#afterCommit(level);
    return result;
  }

  /**
   * In both modes payloads are durable before the rows that name them, so no crash leaves a row without its payload.
   */
  #syncPayloads(): void {
    if (!this.#payloads.dirty) return;
    this.#payloads.sync();
    this.#putMeta.run(META_PAYLOAD_TAIL, encodePayloadTail(this.#payloads.tail));
  }

  #afterCommit(level: "FULL" | "NORMAL"): void {
    // A commit that changed no page fsynced nothing, so earlier commits may not be durable yet.
    if (level === "FULL" && this.#mode === "nosync") this.#markDurable();
    else if (level === "FULL") this.#durable = this.#applied;
    this.#wal.limit();
  }

  #setLevel(level: "FULL" | "NORMAL"): void {
    if (this.#synchronous === level) return;
    setSynchronous(this.#db, level);
    this.#synchronous = level;
  }

  #putApplied(state: AppliedState): void {
    this.#putMeta.run(groupRow(this.#group, META_APPLIED), encodeApplied(state));
    this.#applied = state;
  }

  #setHorizon(horizon: Timestamp): void {
    this.#putMeta.run(META_HORIZON, encodeTimestamp(horizon));
    this.#horizon = horizon;
  }

  #markDurable(): void {
    this.#wal.sync();
    this.#durable = this.#applied;
  }
}
