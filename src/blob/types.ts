/**
 * Blobs: content beside the log, named by its SHA-256 (docs/decisions/093-blobs.md). `store/` keeps the node's own
 * copies; `replication/` exchanges copies with peers; the blob thread joins both.
 */

export interface StoredBlob {
  readonly sha256: Uint8Array;
  /** Bytes. */
  readonly size: number;
  /** Time of the log at the write, in physical HLC milliseconds: the orphan scan spares young blobs. */
  readonly writtenMs: number;
}

/** Memory for a blob that is being read. */
export interface BlobTarget {
  /** Returns `length` bytes of reused memory. */
  allocate(length: number): Uint8Array;
}

/** The blobs of a node, for any thread. */
export interface BlobReader {
  /**
   * The blob, verified against the checksum at rest; undefined when this node does not hold it.
   * @throws BlobError CORRUPT when the bytes differ from the written bytes, IO, CLOSED
   */
  read(sha256: Uint8Array, target?: BlobTarget): Uint8Array | undefined;
  close(): void;
}

/** The blobs of a node, for the one thread that writes them. Every method is synchronous (platform/disk.ts). */
export interface BlobStore extends BlobReader {
  has(sha256: Uint8Array): boolean;
  /**
   * Makes blobs durable: all of them with one sync. A blob that is held already is not written again, unless
   * `replace` (its copy is damaged). The caller has checked the SHA-256 values.
   * @throws BlobError DISK_FULL (nothing is added), IO (the process must end)
   */
  write(blobs: readonly NewBlob[], replace?: boolean): void;
  /** Deletes copies, durably; their space returns to the file system. Unknown names are ignored. @throws BlobError IO */
  delete(names: readonly Uint8Array[]): void;
  /** Blobs with a SHA-256 above `after`, in order; at most `limit`. */
  list(after: Uint8Array | undefined, limit: number): StoredBlob[];
  /** Number of blobs, and their bytes. */
  readonly totals: { readonly blobs: number; readonly bytes: number };
}

export interface NewBlob {
  readonly sha256: Uint8Array;
  readonly bytes: Uint8Array;
}

export type BlobErrorCode = "CORRUPT" | "DISK_FULL" | "IO" | "CLOSED" | "WRONG_FORMAT";

export class BlobError extends Error {
  readonly code: BlobErrorCode;
  constructor(code: BlobErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BlobError";
    this.code = code;
  }
}
