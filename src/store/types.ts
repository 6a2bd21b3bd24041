/**
 * The contract of the multi-version keyspace. `SqliteStore` and `MemoryStore` both implement it and pass one
 * conformance suite (test/store).
 */

/** HLC timestamp: 48 bits Unix milliseconds, 16 bits logical. Always positive, below 2^63. */
export type Timestamp = bigint;

/** As `startTs`: no write-conflict detection (the caller's conditions, evaluated in log order, decide). */
export const BLIND: Timestamp = 2n ** 63n - 1n;

export interface PutMutation {
  readonly kind: "put";
  readonly key: Uint8Array;
  /** Small metadata (a manifest, a bucket): what scans return. */
  readonly value: Uint8Array;
  /** Bulk bytes (an inline object, a chunk). Never touched by scans. */
  readonly payload?: Uint8Array | undefined;
  /** Copied into the garbage queue by the apply that supersedes this row (see `src/state/`). Opaque to the store. */
  readonly garbage?: Uint8Array | undefined;
}

interface DeleteMutation {
  readonly kind: "delete";
  readonly key: Uint8Array;
}

export type Mutation = PutMutation | DeleteMutation;

export interface VersionedValue {
  readonly commitTs: Timestamp;
  readonly value: Uint8Array;
  readonly payload: Uint8Array | undefined;
  readonly garbage: Uint8Array | undefined;
}

export interface ScanItem {
  readonly key: Uint8Array;
  readonly commitTs: Timestamp;
  /** Empty with `keysOnly`. */
  readonly value: Uint8Array;
}

export interface ScanOptions {
  /** Most items returned; a positive integer. */
  readonly limit: number;
  readonly readTs: Timestamp;
  /** Descending key order; `start` is still the inclusive low end and `end` the exclusive high end. */
  readonly reverse?: boolean;
  readonly keysOnly?: boolean;
}

/** The newest version of a key, without its bulk bytes. `deleted` = it is a tombstone. */
export interface LatestVersion {
  readonly commitTs: Timestamp;
  readonly deleted: boolean;
  readonly garbage: Uint8Array | undefined;
}

/** Where a large payload is read to. */
export interface PayloadTarget {
  /** `length` bytes: memory that is used again instead of new. */
  allocate(length: number): Uint8Array;
  /** The bytes have just been found to have this CRC-32, the one they were written with: no need to look again. */
  verified(crc32: number): void;
}

/** Reads. Every method is synchronous: a thread that must not block asks another thread. */
export interface MvccReader {
  /** The newest version of `key` with commit timestamp <= readTs; undefined if there is none or it is a tombstone.
   *  @throws StoreError HISTORY_COMPACTED when readTs lies below the retention horizon. */
  getAt(key: Uint8Array, readTs: Timestamp, target?: PayloadTarget): VersionedValue | undefined;
  /** Like `getAt` without reading payload (payload is undefined in the answer). */
  getMetaAt(key: Uint8Array, readTs: Timestamp): VersionedValue | undefined;
  /** Live rows in start <= key < end at readTs, in key order. `end` undefined = to the end of the keyspace. */
  scanAt(start: Uint8Array, end: Uint8Array | undefined, options: ScanOptions): ScanItem[];
  /** Commit timestamp of the newest version of `key`, tombstones included; undefined when never written. */
  latestCommitTs(key: Uint8Array): Timestamp | undefined;
  /** The applied position and the newest commit timestamp, read in one snapshot. */
  appliedState(): AppliedState;
}

/** A connection to a whole keyspace, for another thread than the writer's. */
export interface KeyspaceReader extends MvccReader {
  /** Replicated FSM state (see RaftBatch.putState), as applied at the time of the call. */
  getState(name: string): Uint8Array | undefined;
  close(): void;
}

export interface AppliedState {
  readonly index: number;
  readonly term: number;
  /** Newest commit timestamp applied; 0n in an empty store. A read at this timestamp sees everything applied. */
  readonly commitTs: Timestamp;
}

/** What the FSM may do inside one apply batch. All of it commits, or none of it. */
export interface RaftBatch {
  latest(key: Uint8Array): LatestVersion | undefined;
  /** Any live row in the prefix? */
  prefixHasLive(prefix: Uint8Array): boolean;
  /** Any version (tombstones included) in the prefix newer than `ts`? */
  prefixChangedSince(prefix: Uint8Array, ts: Timestamp): boolean;
  /** Twin of `applyMutations`; durability as FSM_SYNC_MODE says.
   *  @throws StoreError WRITE_CONFLICT, before anything of this call is written. */
  applyMutationsRaft(mutations: readonly Mutation[], startTs: Timestamp, commitTs: Timestamp): void;
  /** Twin of `deletePrefixAt`; returns the number of rows it tombstoned. */
  deletePrefixAtRaft(prefix: Uint8Array, commitTs: Timestamp): number;
  /** Small replicated FSM state outside the keyspace (idempotency sessions), by name. */
  getState(name: string): Uint8Array | undefined;
  putState(name: string, value: Uint8Array | undefined): void;
}

export type FsmSyncMode = "sync" | "nosync";

export interface MvccStore extends MvccReader {
  /** Always durable on return (fsync), whatever the FSM sync mode.
   *  @throws StoreError WRITE_CONFLICT when a key has a version newer than startTs; nothing is written then. */
  applyMutations(mutations: readonly Mutation[], startTs: Timestamp, commitTs: Timestamp): void;
  /** Tombstones every live row under `prefix`; always durable on return. Returns how many. */
  deletePrefixAt(prefix: Uint8Array, commitTs: Timestamp): number;
  /** Runs `apply` in one transaction together with the new applied position. If `apply` throws, nothing changes. */
  raftBatch<T>(position: AppliedState, apply: (batch: RaftBatch) => T): T;
  /** The applied position that certainly survives a power cut (equals appliedState() in sync mode). */
  durableApplied(): AppliedState;
  /** nosync: makes everything applied so far durable (a checkpoint); no-op in sync mode. */
  makeDurable(): AppliedState;
  /** Drops versions that no read at or above `horizon` can see, at most `maxRows` of them, in one small
   *  transaction. Returns rows removed; 0 = done. Raises the retention horizon. */
  compactVersions(horizon: Timestamp, maxRows: number): number;
  /** Replicated FSM state (see RaftBatch.putState), outside a batch. */
  getState(name: string): Uint8Array | undefined;
  getMeta(name: string): Uint8Array | undefined;
  /** Node-local metadata (format version, ids); always durable on return. */
  putMeta(name: string, value: Uint8Array): void;
  close(): void;
}

/** A consistent copy of a keyspace at one applied position, as a stream of bytes (docs/format/snapshot.md). */
export interface KeyspaceExport {
  readonly position: AppliedState;
  /** Replicated FSM state at that position. */
  getState(name: string): Uint8Array | undefined;
  /** The next piece, about `maxBytes` (a single large row may pass it); undefined = that was all. */
  next(maxBytes: number): Uint8Array | undefined;
  close(): void;
}

/** A keyspace that is being received, beside the one in force. */
export interface KeyspaceImport {
  /** Pieces as they came out of `KeyspaceExport.next`, in order, cut anywhere. @throws StoreError CORRUPT, DISK_FULL, IO */
  write(bytes: Uint8Array): void;
  /** Verifies counts and digest, makes all of it durable, and marks it complete. @throws StoreError CORRUPT */
  finish(): AppliedState;
  /** Forgets it. */
  abort(): void;
}

/** Where a node's keyspace lies, and the one that may take its place. Crash at any point: the old or the new one. */
export interface KeyspaceGenerations {
  /** The keyspace in force; made when there is none. */
  open(): MvccStore;
  /** A read-only connection to the keyspace in force at the time of the call, usable in any thread. */
  openReader(): KeyspaceReader;
  /** A consistent read of the keyspace in force. While one is open its payloads must not be reclaimed (see StoreThread). */
  openExport(): KeyspaceExport;
  /** Begins to receive; whatever an earlier import left behind is removed. */
  createImport(): KeyspaceImport;
  /** The complete import that waits to be installed. */
  pendingImport(): AppliedState | undefined;
  /** Puts the complete import in force. Stores opened before are to be closed first; readers keep the old one until they
   *  are closed. */
  installImport(): void;
  /** Gives the space of what `installImport` took out of force back. Its readers are to be closed first. */
  discardReplaced(): void;
  discardImport(): void;
}

export type StoreErrorCode =
  | "WRITE_CONFLICT"
  | "HISTORY_COMPACTED"
  | "WRONG_FORMAT"
  | "CORRUPT"
  /** What was received belongs to another Raft group than the keyspace. */
  | "WRONG_GROUP"
  | "DISK_FULL"
  | "CLOSED"
  /** A Raft position that does not advance: applying it would apply an entry twice. */
  | "STALE_POSITION"
  | "IO";

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }
}
