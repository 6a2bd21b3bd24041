/** What this node's keyspace says about blobs, as applied at the time of the call: a read-only connection. */
import { keyAfter, prefixEnd } from "../../store/key-encoding.ts";
import { BLIND, type KeyspaceReader, StoreError } from "../../store/types.ts";
import {
  BLOB_COUNTS_PREFIX,
  type BlobCount,
  blobCountKey,
  blobQueueKey,
  decodeBlobCount,
  parseBlobCountKey,
} from "../../txn/references.ts";
import type { CountedBlob } from "./types.ts";

const COUNTS_END = prefixEnd(BLOB_COUNTS_PREFIX);

export class BlobCounts {
  readonly #openReader: () => KeyspaceReader;
  #reader: KeyspaceReader | undefined;

  /** @param openReader opens the keyspace that is in force at the time of the call */
  constructor(openReader: () => KeyspaceReader) {
    this.#openReader = openReader;
  }

  /** False before the keyspace is known to exist. */
  get isOpen(): boolean {
    return this.#reader !== undefined;
  }

  open(): void {
    this.#reader ??= this.#openReader();
  }

  /** Another keyspace is in force. */
  reopen(): void {
    this.close();
    this.open();
  }

  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  /** Undefined when there is no count row. @throws StoreError */
  count(sha256: Uint8Array): BlobCount | undefined {
    return this.#read((reader) => {
      const row = reader.getMetaAt(blobCountKey(sha256), BLIND);
      return row === undefined ? undefined : decodeBlobCount(row.value);
    });
  }

  /** Some reference to the blob is applied. @throws StoreError */
  isReachable(sha256: Uint8Array): boolean {
    return (this.count(sha256)?.references ?? 0) > 0;
  }

  /**
   * No rows protect the blob: there is no count row, or the row says zero and the blob queue has no entry (the
   * sweeper decides about entries of the queue). @throws StoreError
   */
  isUnwanted(sha256: Uint8Array): boolean {
    return this.#read((reader) => {
      const row = reader.getMetaAt(blobCountKey(sha256), BLIND);
      if (row === undefined) return true;
      if (decodeBlobCount(row.value).references > 0) return false;
      return reader.getMetaAt(blobQueueKey(row.commitTs, sha256), BLIND) === undefined;
    });
  }

  /** The count rows after a SHA-256, in order; fewer than `limit` at the end. @throws StoreError */
  page(after: Uint8Array | undefined, limit: number): CountedBlob[] {
    const start = after === undefined ? BLOB_COUNTS_PREFIX : keyAfter(blobCountKey(after));
    return this.#read((reader) =>
      reader.scanAt(start, COUNTS_END, { limit, readTs: BLIND }).map(({ key, value }) => ({
        sha256: parseBlobCountKey(key),
        ...decodeBlobCount(value),
      })),
    );
  }

  /** A read may fail because another keyspace took the place of this one; the read is repeated once. */
  #read<T>(action: (reader: KeyspaceReader) => T): T {
    try {
      return action(this.#opened());
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.reopen();
      return action(this.#opened());
    }
  }

  #opened(): KeyspaceReader {
    if (this.#reader === undefined) {
      throw new Error("the blob thread looked for counts before the keyspace was open");
    }
    return this.#reader;
  }
}
