/** The replicated keyspace, as the layers above (s3, admin, gc) see it. */
import type { PayloadTarget, PutMutation, ScanItem, Timestamp, VersionedValue } from "../store/types.ts";

/** Every replica decides a condition at apply, in log order, with the same result. */
export type Condition =
  /** The key has a live row. */
  | { readonly kind: "must-exist"; readonly key: Uint8Array }
  /** The key has no row, or a tombstone. */
  | { readonly kind: "must-not-exist"; readonly key: Uint8Array }
  /** The live row is exactly the version committed at `commitTs`. */
  | { readonly kind: "version-equals"; readonly key: Uint8Array; readonly commitTs: Timestamp }
  /** The prefix has no live row. */
  | { readonly kind: "prefix-empty"; readonly prefix: Uint8Array }
  /** No row under the prefix was written or deleted after `ts`. */
  | { readonly kind: "prefix-unchanged"; readonly prefix: Uint8Array; readonly ts: Timestamp }
  /**
   * The leader stamped the transaction at or before `ms` (physical part of the HLC, Unix milliseconds). So nodes may
   * forget pins of blobs by the time of the log (references.ts).
   */
  | { readonly kind: "not-after"; readonly ms: number }
  /**
   * The leader stamped the transaction after `ms`. So a lock ends by the time of the log, and not by the clock of a node
   * (docs/decisions/171-object-lock.md).
   */
  | { readonly kind: "after"; readonly ms: number };

/**
 * A put or delete that supersedes a row moves the row's `garbage` (a garbage record, garbage.ts) into the garbage
 * queue, in the same apply. With `keepContent` the garbage record is not moved, because another row now names the
 * same content.
 */
export type TxnMutation =
  | (PutMutation & { readonly keepContent?: boolean })
  | { readonly kind: "delete"; readonly key: Uint8Array; readonly keepContent?: boolean }
  /**
   * Tombstones every row under the prefix; the content of the rows does not become garbage. Only for bounded
   * prefixes.
   */
  | { readonly kind: "delete-prefix"; readonly prefix: Uint8Array }
  /**
   * Copies the live row at `from`, when there is one, to `to`: value, payload and garbage. Every replica decides at
   * apply, so a writer that keeps the old row needs no read before the write. The writer archives the row, and then
   * puts over `from` with `keepContent`, because the row at `to` now names the content. A live row that was at `to`
   * is superseded.
   */
  | { readonly kind: "archive"; readonly from: Uint8Array; readonly to: Uint8Array }
  /** Adds a garbage record to the garbage queue. */
  | { readonly kind: "add-garbage"; readonly garbage: Uint8Array }
  /**
   * Writes one row for each reference, at `prefix` + number, where the first number is `first`, and counts the
   * references of each blob. A key that already has a reference loses the old reference first.
   */
  | ReferenceMutation
  /** Deletes the row of one reference, and counts. Without such a row, nothing happens. */
  | { readonly kind: "unreference"; readonly key: Uint8Array }
  /**
   * Ends the blob's entry in the blob queue, when the entry still exists and the blob still has no reference; otherwise
   * nothing happens. Every node that applies it deletes its copy of the blob.
   */
  | { readonly kind: "sweep"; readonly queuedTs: Timestamp; readonly sha256: Uint8Array };

/** A blob: content beside the log, named by its SHA-256 (32 bytes). */
export interface BlobRef {
  readonly sha256: Uint8Array;
  /** Bytes. */
  readonly size: number;
}

export interface ReferenceMutation {
  readonly kind: "reference";
  readonly prefix: Uint8Array;
  readonly first: number;
  /** Raft id of a node that holds the blobs: a hint. */
  readonly source: number;
  readonly blobs: readonly BlobRef[];
}

export interface Txn {
  readonly conditions: readonly Condition[];
  readonly mutations: readonly TxnMutation[];
}

export type TxnOutcome =
  | { readonly ok: true; readonly commitTs: Timestamp }
  /** `failed` is the position in `conditions` of the first condition that failed. Nothing was written. */
  | { readonly ok: false; readonly failed: number };

/** A linearizable view: the view contains everything that was acknowledged before the call of `snapshot()`. */
export interface ReadView {
  readonly readTs: Timestamp;
  get(key: Uint8Array): Promise<VersionedValue | undefined>;
  /** Like `get`, without the payload. */
  getMeta(key: Uint8Array): Promise<VersionedValue | undefined>;
  scan(
    start: Uint8Array,
    end: Uint8Array | undefined,
    options: { readonly limit: number; readonly reverse?: boolean; readonly keysOnly?: boolean },
  ): Promise<ScanItem[]>;
}

/** The rows of one Raft group: the group has one log, one order of transactions, and one sequence of timestamps. */
export interface KvGroup {
  /** @throws KvError UNAVAILABLE (no leader within the deadline). */
  snapshot(): Promise<ReadView>;
  /**
   * Reads a row that never changes after its write (a chunk), with its payload, without a fence: the caller knows
   * the key from a manifest. Use it for every chunk of a GET, also of a long GET. A `ReadView` becomes unreadable
   * after the retention of old versions; an immutable row stays readable until its deletion. `target` provides the
   * memory for a large payload, so that a buffer can be reused.
   */
  getImmutable(key: Uint8Array, target?: PayloadTarget): Promise<VersionedValue | undefined>;
  /**
   * Proposes, waits for apply, and retries safely (applied at most once). Payloads are not copied: the caller must
   * not write to them again.
   * @throws KvError UNAVAILABLE | TIMEOUT (outcome unknown) | TOO_LARGE | DISK_FULL
   */
  transact(txn: Txn): Promise<TxnOutcome>;
  /** Maximum encoded bytes of one transaction (`ELASTICKV_RAFT_MAX_SIZE_PER_MSG` less framing). */
  readonly maxTxnBytes: number;
  /** Encoded size of a transaction, framing included; callers compare the size with maxTxnBytes. */
  encodedSize(txn: Txn): number;
  /**
   * A buffer for a bulk payload of up to `length` bytes that crosses threads without a copy. Call `release` after
   * the transaction with the buffer has ended (with any outcome), and not earlier.
   */
  allocate(length: number): PayloadBuffer;
}

/**
 * The replicated keyspace, in groups. A bucket and all its content lie in one group. A transaction or a view never
 * covers two groups.
 */
export interface KvClient {
  /** The group of a bucket, also of a bucket that does not exist. */
  group(bucket: string): KvGroup;
  /** The group of the rows that belong to no bucket: the settings of the cluster. */
  readonly system: KvGroup;
  /** Every group, `system` included: for callers that read all buckets. */
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
