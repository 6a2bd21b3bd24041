/**
 * The contract of the multi-version keyspace. `SqliteStore` and `MemoryStore` both implement it and pass one
 * conformance suite (test/store).
 */

/** HLC timestamp: 48 bits Unix milliseconds, 16 bits logical. Always positive, below 2^63. */
export type Timestamp = bigint;

/** As `startTs`: no write-conflict detection. The caller's conditions, evaluated in log order, decide instead. */
export const BLIND: Timestamp = 2n ** 63n - 1n;

export interface PutMutation {
  readonly kind: "put";
  readonly key: Uint8Array;
  /** Small metadata (a manifest, a bucket). Scans return it. */
  readonly value: Uint8Array;
  /** Bulk bytes (an inline object, a chunk). Scans never read them. */
  readonly payload?: Uint8Array | undefined;
  /** Of a damaged payload that is copied: the CRC-32 that it should have, so that the copy counts as damaged too. */
  readonly payloadCrc?: number | undefined;
  /**
   * The apply that supersedes this row copies the garbage record into the garbage queue (see `src/state/`). The
   * store does not read the record.
   */
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
  /** The value; empty with `keysOnly`. */
  readonly value: Uint8Array;
}

export interface ScanOptions {
  /** Maximum number of returned items; a positive integer. */
  readonly limit: number;
  readonly readTs: Timestamp;
  /** Descending key order; `start` is still the inclusive low end and `end` the exclusive high end. */
  readonly reverse?: boolean;
  readonly keysOnly?: boolean;
}

/** The newest version of a key, without its bulk bytes. `deleted` is true for a tombstone. */
export interface LatestVersion {
  readonly commitTs: Timestamp;
  readonly deleted: boolean;
  readonly garbage: Uint8Array | undefined;
}

/** Memory for a large payload that is being read. */
export interface PayloadTarget {
  /** Returns `length` bytes of reused memory. */
  allocate(length: number): Uint8Array;
  /** The bytes have this CRC-32, which was checked during the read: the caller need not check it again. */
  verified(crc32: number): void;
}

/** Reads. Every method is synchronous: a thread that must not block sends the read to another thread. */
export interface MvccReader {
  /**
   * The newest version of `key` with commit timestamp <= readTs; undefined when there is none or when it is a
   * tombstone.
   * @throws StoreError HISTORY_COMPACTED when readTs lies below the retention horizon
   */
  getAt(key: Uint8Array, readTs: Timestamp, target?: PayloadTarget): VersionedValue | undefined;
  /** Like `getAt`, but does not read the payload (the payload in the answer is undefined). */
  getMetaAt(key: Uint8Array, readTs: Timestamp): VersionedValue | undefined;
  /** Live rows in start <= key < end at readTs, in key order. `end` undefined = to the end of the keyspace. */
  scanAt(start: Uint8Array, end: Uint8Array | undefined, options: ScanOptions): ScanItem[];
  /** Commit timestamp of the newest version of `key`, tombstones included; undefined when never written. */
  latestCommitTs(key: Uint8Array): Timestamp | undefined;
  /** The applied position and the newest commit timestamp, read in one snapshot. */
  appliedState(): AppliedState;
}

/** A connection to a whole keyspace, for other threads than the writer's. */
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

/** The operations of the FSM inside one apply batch. All of them commit, or none. */
export interface RaftBatch {
  latest(key: Uint8Array): LatestVersion | undefined;
  /** True when the prefix has a live row. */
  prefixHasLive(prefix: Uint8Array): boolean;
  /** True when the prefix has a version (tombstones included) newer than `ts`. */
  prefixChangedSince(prefix: Uint8Array, ts: Timestamp): boolean;
  /**
   * Like `applyMutations`, with the durability of FSM_SYNC_MODE.
   * @throws StoreError WRITE_CONFLICT before this call writes anything
   */
  applyMutationsRaft(mutations: readonly Mutation[], startTs: Timestamp, commitTs: Timestamp): void;
  /** Like `deletePrefixAt`; returns the number of rows that it tombstoned. */
  deletePrefixAtRaft(prefix: Uint8Array, commitTs: Timestamp): number;
  /** Small replicated FSM state outside the keyspace (idempotency sessions), by name. */
  getState(name: string): Uint8Array | undefined;
  putState(name: string, value: Uint8Array | undefined): void;
}

export type FsmSyncMode = "sync" | "nosync";

/** A row to be copied. */
export interface CopiedValue extends VersionedValue {
  /** undefined: the payload is intact. */
  readonly payloadCrc: number | undefined;
}

export interface MvccStore extends MvccReader {
  /**
   * Like `getAt`, for a copy within the keyspace: a damaged payload is returned as it can be read, with zeros for what
   * cannot. Damage must never stop a node from applying an entry that every other node applies.
   */
  getForCopy(key: Uint8Array, readTs: Timestamp): CopiedValue | undefined;
  /**
   * The mutations are durable (fsync) on return, in every FSM sync mode.
   * @throws StoreError WRITE_CONFLICT when a key has a version newer than startTs; nothing is written then
   */
  applyMutations(mutations: readonly Mutation[], startTs: Timestamp, commitTs: Timestamp): void;
  /** Tombstones every live row under `prefix`; durable on return. Returns the number of tombstoned rows. */
  deletePrefixAt(prefix: Uint8Array, commitTs: Timestamp): number;
  /** Runs `apply` in one transaction together with the new applied position. If `apply` throws, nothing changes. */
  raftBatch<T>(position: AppliedState, apply: (batch: RaftBatch) => T): T;
  /** The applied position that survives a power cut (equals appliedState() in sync mode). */
  durableApplied(): AppliedState;
  /** In nosync mode, makes everything applied so far durable; in sync mode, does nothing. */
  makeDurable(): AppliedState;
  /**
   * Drops at most `maxRows` versions that no read at or above `horizon` can see, in one small transaction. Raises
   * the retention horizon.
   * @returns the number of removed rows; 0 when no such version is left
   */
  compactVersions(horizon: Timestamp, maxRows: number): number;
  /** Replicated FSM state (see RaftBatch.putState), read outside a batch. */
  getState(name: string): Uint8Array | undefined;
  getMeta(name: string): Uint8Array | undefined;
  /** Writes node-local metadata (format version, ids); durable on return. */
  putMeta(name: string, value: Uint8Array): void;
  close(): void;
}

/** A consistent copy of a keyspace at one applied position, as a stream of bytes (docs/format/snapshot.md). */
export interface KeyspaceExport {
  readonly position: AppliedState;
  /** Replicated FSM state at the export's position. */
  getState(name: string): Uint8Array | undefined;
  /** The next piece of the stream, at most `maxBytes`; undefined at the end. */
  next(maxBytes: number): Uint8Array | undefined;
  close(): void;
}

/** A keyspace that is being received while another keyspace is in force. */
export interface KeyspaceImport {
  /**
   * Takes the pieces of `KeyspaceExport.next` in order, cut at any byte. @throws StoreError CORRUPT, DISK_FULL, IO
   */
  write(bytes: Uint8Array): void;
  /** Verifies counts and digest, makes the keyspace durable, and marks it complete. @throws StoreError CORRUPT */
  finish(): AppliedState;
  /** Discards the received keyspace. */
  abort(): void;
}

/**
 * The place of a node's keyspace, and of the keyspace that may replace it. A crash leaves the old or the new one in
 * force.
 */
export interface KeyspaceGenerations {
  /** Opens the keyspace in force; creates one when there is none. */
  open(): MvccStore;
  /** A read-only connection to the keyspace in force at the time of the call, usable in any thread. */
  openReader(): KeyspaceReader;
  /**
   * A consistent read of the keyspace in force. While an export is open its payloads must not be reclaimed (see
   * StoreThread).
   */
  openExport(): KeyspaceExport;
  /** Starts an import; removes what an earlier import left. */
  createImport(): KeyspaceImport;
  /** The position of the complete import that waits to be installed. */
  pendingImport(): AppliedState | undefined;
  /**
   * Puts the complete import in force. The caller closes its open stores first; readers keep the old keyspace until
   * they close.
   */
  installImport(): void;
  /** Frees the space of the keyspace that `installImport` replaced. The caller closes its readers first. */
  discardReplaced(): void;
  discardImport(): void;
}

export type StoreErrorCode =
  | "WRITE_CONFLICT"
  | "HISTORY_COMPACTED"
  | "WRONG_FORMAT"
  | "CORRUPT"
  /** The received snapshot belongs to another Raft group than the keyspace. */
  | "WRONG_GROUP"
  | "DISK_FULL"
  | "CLOSED"
  /** The Raft position does not advance: applying it would apply an entry twice. */
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
