import { mapKeyOf, sameBytes } from "../platform/bytes.ts";
import { PLANTED } from "../platform/planted.ts";
import {
  BLIND,
  type Mutation,
  type MvccStore,
  type PutMutation,
  type RaftBatch,
  type Timestamp,
} from "../store/types.ts";
import { garbageKey } from "../txn/keys.ts";
import {
  type BlobCount,
  blobCountKey,
  blobQueueKey,
  decodeBlobCount,
  decodeReference,
  encodeBlobCount,
  encodeReference,
  type Reference,
  referenceKey,
} from "../txn/references.ts";
import type { ReferenceMutation, TxnMutation } from "../txn/types.ts";

/** What a transaction did to blobs: the blob thread of every node acts on it. */
interface BlobChanges {
  readonly referenced: Reference[];
  readonly swept: Uint8Array[];
}

interface Counted extends BlobCount {
  /** Commit timestamp of the count row; undefined when there is none. */
  readonly since: Timestamp | undefined;
}

/**
 * Writes the mutations of one transaction, in order, at one timestamp. The garbage records of the replaced rows go
 * to the garbage queue in the same transaction: a blind overwrite needs no read before it, and no garbage record is
 * lost. Counts of blobs and the blob queue change in the same transaction as the references.
 */
export class TxnWriter {
  readonly #store: Pick<MvccStore, "getForCopy" | "getMetaAt">;
  readonly #batch: RaftBatch;
  readonly #commitTs: Timestamp;
  readonly #changes: BlobChanges;
  #writes: Mutation[] = [];
  #garbage = 0;
  /** Keys of references that the unwritten mutations write or delete, as text. */
  readonly #unwritten = new Set<string>();
  /** Counts that this transaction has read or changed, by the SHA-256 as text; `before` is the row in the store. */
  #counts: Map<string, { readonly sha256: Uint8Array; readonly before: Counted; now: BlobCount }> | undefined;

  constructor(
    store: Pick<MvccStore, "getForCopy" | "getMetaAt">,
    batch: RaftBatch,
    commitTs: Timestamp,
    changes: BlobChanges,
  ) {
    this.#store = store;
    this.#batch = batch;
    this.#commitTs = commitTs;
    this.#changes = changes;
  }

  apply(mutations: readonly TxnMutation[]): void {
    for (const mutation of mutations) this.#apply(mutation);
    this.#putCounts();
    this.#flush();
  }

  #apply(mutation: TxnMutation): void {
    switch (mutation.kind) {
      case "put":
        this.#put(mutation, mutation.keepContent === true);
        break;
      case "archive":
        this.#archive(mutation.from, mutation.to);
        break;
      case "delete":
        this.#delete(mutation.key, mutation.keepContent === true);
        break;
      case "delete-prefix":
        this.#flush();
        this.#batch.deletePrefixAtRaft(mutation.prefix, this.#commitTs);
        break;
      case "add-garbage":
        this.#addGarbage(mutation.garbage);
        break;
      case "reference":
        this.#reference(mutation);
        break;
      case "unreference":
        if (this.#unreference(mutation.key)) this.#writes.push({ kind: "delete", key: mutation.key });
        break;
      case "sweep":
        this.#sweep(mutation.queuedTs, mutation.sha256);
        break;
    }
  }

  #flush(): void {
    this.#unwritten.clear();
    if (this.#writes.length > 0)
      this.#batch.applyMutationsRaft(this.#writes.splice(0), BLIND, this.#commitTs);
  }

  #addGarbage(garbage: Uint8Array): void {
    this.#writes.push({ kind: "put", key: garbageKey(this.#commitTs, this.#garbage++), value: garbage });
  }

  #put(mutation: PutMutation, keepContent: boolean): void {
    const latest = this.#batch.latest(mutation.key);
    if (!keepContent && latest?.deleted === false && latest.garbage !== undefined) {
      this.#addGarbage(latest.garbage);
    }
    this.#writes.push(mutation);
  }

  #archive(from: Uint8Array, to: Uint8Array): void {
    // The source row may be one that this transaction wrote.
    this.#flush();
    const row = this.#store.getForCopy(from, this.#commitTs);
    if (row === undefined || sameBytes(from, to)) return;
    const { value, payload, payloadCrc, garbage } = row;
    this.#put({ kind: "put", key: to, value, payload, payloadCrc, garbage }, false);
  }

  #delete(key: Uint8Array, keepContent: boolean): void {
    const latest = this.#batch.latest(key);
    // The deletion of a missing row writes no tombstone, so compaction has nothing to remove later.
    if (latest === undefined || latest.deleted) return;
    if (!keepContent && latest.garbage !== undefined) this.#addGarbage(latest.garbage);
    this.#writes.push({ kind: "delete", key });
  }

  // ---- blobs ----------------------------------------------------------------------------------------------------

  #reference({ prefix, first, source, blobs }: ReferenceMutation): void {
    blobs.forEach(({ sha256, size }, i) => {
      const key = referenceKey(prefix, first + i);
      this.#unreference(key);
      const counted = this.#counted(sha256, size);
      counted.now = { references: counted.now.references + 1, size };
      const reference = { sha256, size, source };
      this.#writes.push({ kind: "put", key, value: encodeReference(reference) });
      this.#changes.referenced.push(reference);
    });
  }

  /** Counts the loss of a reference. Returns false when there is none at `key`. */
  #unreference(key: Uint8Array): boolean {
    const name = mapKeyOf(key);
    // The reference may be one that this transaction has written or deleted.
    if (this.#unwritten.has(name)) this.#flush();
    this.#unwritten.add(name);
    const latest = this.#batch.latest(key);
    if (latest === undefined || latest.deleted) return false;
    const row = this.#store.getMetaAt(key, this.#commitTs);
    if (row === undefined) return false;
    const { sha256, size } = decodeReference(row.value);
    const counted = this.#counted(sha256, size);
    counted.now = { references: Math.max(0, counted.now.references - 1), size };
    return true;
  }

  #counted(
    sha256: Uint8Array,
    size: number,
  ): { readonly sha256: Uint8Array; readonly before: Counted; now: BlobCount } {
    const name = mapKeyOf(sha256);
    let counted = this.#counts?.get(name);
    if (counted === undefined) {
      const before = this.#countRow(sha256) ?? { references: 0, size, since: undefined };
      counted = { sha256, before, now: before };
      this.#counts ??= new Map();
      this.#counts.set(name, counted);
    }
    return counted;
  }

  #countRow(sha256: Uint8Array): Counted | undefined {
    const row = this.#store.getMetaAt(blobCountKey(sha256), this.#commitTs);
    return row === undefined ? undefined : { ...decodeBlobCount(row.value), since: row.commitTs };
  }

  /** Count rows and queue of the whole transaction: a blob that loses a reference and gets one is never queued. */
  #putCounts(): void {
    if (this.#counts === undefined) return;
    for (const { sha256, before, now } of this.#counts.values()) {
      const isNew = before.since === undefined;
      if (now.references === before.references && !isNew) continue;
      this.#writes.push({ kind: "put", key: blobCountKey(sha256), value: encodeBlobCount(now) });
      if (before.since !== undefined && before.references === 0) {
        this.#writes.push({ kind: "delete", key: blobQueueKey(before.since, sha256) });
      }
      if (now.references === 0 && !PLANTED.forgetToQueue) {
        this.#writes.push({
          kind: "put",
          key: blobQueueKey(this.#commitTs, sha256),
          value: new Uint8Array(0),
        });
      }
    }
    this.#counts = undefined;
  }

  /**
   * The count row was written when the blob lost its last reference: when it still has that timestamp and says 0, no
   * reference came since.
   */
  #sweep(queuedTs: Timestamp, sha256: Uint8Array): void {
    this.#putCounts();
    this.#flush();
    const key = blobQueueKey(queuedTs, sha256);
    const entry = this.#batch.latest(key);
    const count = this.#countRow(sha256);
    const unreferenced = count?.references === 0 && count.since === queuedTs;
    const due = entry !== undefined && !entry.deleted && unreferenced;
    if (!due && !PLANTED.sweepUnconditionally) return;
    this.#writes.push({ kind: "delete", key }, { kind: "delete", key: blobCountKey(sha256) });
    this.#changes.swept.push(sha256);
  }
}
