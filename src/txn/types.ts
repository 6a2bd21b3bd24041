/** What the layers above (s3, admin, blob) see of the replicated keyspace. */
import type { PayloadTarget, PutMutation, ScanItem, Timestamp, VersionedValue } from "../store/types.ts";

/** Decided at apply, in log order, on every replica alike. */
export type Condition =
  /** A live row is there. */
  | { readonly kind: "must-exist"; readonly key: Uint8Array }
  /** No row, or a tombstone. */
  | { readonly kind: "must-not-exist"; readonly key: Uint8Array }
  /** The live row is exactly the version committed at `commitTs`. */
  | { readonly kind: "version-equals"; readonly key: Uint8Array; readonly commitTs: Timestamp }
  /** No live row under the prefix. */
  | { readonly kind: "prefix-empty"; readonly prefix: Uint8Array }
  /** Nothing under the prefix was written or deleted after `ts`. */
  | { readonly kind: "prefix-unchanged"; readonly prefix: Uint8Array; readonly ts: Timestamp };

/**
 * Superseding a row (put over it, delete it) moves its `garbage` (a garbage record, garbage.ts) into the garbage queue, in the same apply,
 * unless `keepContent` says that what the row pointed to lives on under another row.
 */
export type TxnMutation =
  | (PutMutation & { readonly keepContent?: boolean })
  | { readonly kind: "delete"; readonly key: Uint8Array; readonly keepContent?: boolean }
  /** Tombstones every row under the prefix; what they point to is no garbage. Only for bounded prefixes. */
  | { readonly kind: "delete-prefix"; readonly prefix: Uint8Array }
  /**
   * The live row at `from`, if there is one, is also put at `to`: value, payload and garbage. Decided at apply, so that a write
   * that keeps what it replaces has to read nothing first: archive, then a put over `from` with `keepContent`, as what
   * the row points to lives on under `to`. A live row that was at `to` is superseded.
   */
  | { readonly kind: "archive"; readonly from: Uint8Array; readonly to: Uint8Array }
  /** Adds a garbage record to the garbage queue. */
  | { readonly kind: "add-garbage"; readonly garbage: Uint8Array };

export interface Txn {
  readonly conditions: readonly Condition[];
  readonly mutations: readonly TxnMutation[];
}

export type TxnOutcome =
  | { readonly ok: true; readonly commitTs: Timestamp }
  /** `failed` = position in `conditions` of the first one that did not hold. Nothing was written. */
  | { readonly ok: false; readonly failed: number };

/** A linearizable view: everything acknowledged before `snapshot()` was called is in it. */
export interface ReadView {
  readonly readTs: Timestamp;
  get(key: Uint8Array): Promise<VersionedValue | undefined>;
  /** Without the payload. */
  getMeta(key: Uint8Array): Promise<VersionedValue | undefined>;
  scan(
    start: Uint8Array,
    end: Uint8Array | undefined,
    options: { readonly limit: number; readonly reverse?: boolean; readonly keysOnly?: boolean },
  ): Promise<ScanItem[]>;
}

/** The rows of one Raft group: one log, one order of transactions, and so one timestamp over all of them. */
export interface KvGroup {
  /** @throws KvError UNAVAILABLE (no leader within the deadline). */
  snapshot(): Promise<ReadView>;
  /**
   * A row that never changes once written (a chunk), with its payload, without a fence: whoever knows its key read a
   * manifest that names it. Use it for every chunk of a GET, however long the GET takes: a `ReadView` that outlives
   * the retention of old versions can no longer be read from, an immutable row can until it is deleted.
   * `target` says where a large payload goes, so that a buffer can be used again.
   */
  getImmutable(key: Uint8Array, target?: PayloadTarget): Promise<VersionedValue | undefined>;
  /** Proposes, waits for apply, retries safely (at most once applied). Payloads are not copied: the caller gives
   *  them away and must not write to them again.
   *  @throws KvError UNAVAILABLE | TIMEOUT (outcome unknown) | TOO_LARGE | DISK_FULL */
  transact(txn: Txn): Promise<TxnOutcome>;
  /** Encoded bytes one transaction may take (`ELASTICKV_RAFT_MAX_SIZE_PER_MSG` less framing). */
  readonly maxTxnBytes: number;
  /** Encoded size of a transaction, framing included: what is compared with maxTxnBytes. */
  encodedSize(txn: Txn): number;
  /** A buffer for bulk payload of up to `length` bytes that crosses threads without a copy. Give it back with
   *  `release` once the transaction that carries it has ended (whatever its outcome), and not before. */
  allocate(length: number): PayloadBuffer;
}

/**
 * The replicated keyspace, in groups. A bucket with all that lies in it is in one group; nothing is atomic, and no view
 * is of one moment, across two of them.
 */
export interface KvClient {
  /** The group that holds a bucket, whether the bucket exists or not. */
  group(bucket: string): KvGroup;
  /** What belongs to no bucket: the settings of the cluster. */
  readonly system: KvGroup;
  /** Every group, `system` among them: for what walks over all buckets. */
  readonly groups: readonly KvGroup[];
}

export interface PayloadBuffer {
  readonly bytes: Uint8Array;
  release(): void;
}

export type KvErrorCode = "UNAVAILABLE" | "TIMEOUT" | "TOO_LARGE" | "DISK_FULL" | "CLOSED";

export class KvError extends Error {
  readonly code: KvErrorCode;
  constructor(code: KvErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "KvError";
    this.code = code;
  }
}
