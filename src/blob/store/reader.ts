import { crc32 } from "node:zlib";
import { sameBytes } from "../../platform/bytes.ts";
import type { Disk } from "../../platform/disk.ts";
import { OpenPayloadFiles } from "../../store/payload/files.ts";
import { BlobError, type BlobReader, type BlobTarget } from "../types.ts";
import { orIo } from "./errors.ts";
import {
  BLOCK_BYTES,
  type BlobIdentity,
  type BlobPlace,
  decodeRecord,
  identityTag,
  RECORD_HEADER_BYTES,
  samePlace,
} from "./record.ts";
import type { BlobLookup } from "./types.ts";

export interface FileBlobReaderOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly identity: BlobIdentity;
  /** The reader closes it. */
  readonly index: BlobLookup;
}

/** Reads blobs from segment files. */
export class FileBlobReader implements BlobReader {
  readonly #options: FileBlobReaderOptions;
  readonly #files: OpenPayloadFiles;
  readonly #tag: Uint8Array;
  readonly #header = new Uint8Array(RECORD_HEADER_BYTES);
  #closed = false;

  constructor(options: FileBlobReaderOptions) {
    this.#options = options;
    this.#files = new OpenPayloadFiles(options.disk, options.directory);
    this.#tag = identityTag(options.identity);
  }

  read(sha256: Uint8Array, target?: BlobTarget): Uint8Array | undefined {
    const { directory, index } = this.#options;
    if (this.#closed) throw new BlobError("CLOSED", `${directory}: this reader is closed`);
    let place = index.get(sha256);
    if (place === undefined) return undefined;
    const bytes = target?.allocate(place.size) ?? new Uint8Array(place.size);
    for (;;) {
      const from: BlobPlace = place;
      if (orIo(directory, () => this.#readAt(from, sha256, bytes))) return bytes;
      // The writer forgets a blob before the writer frees its space: only a place that is still valid is damage.
      place = index.get(sha256);
      if (place === undefined) return undefined;
      if (samePlace(place, from)) throw this.#damaged(place);
    }
  }

  #damaged(place: BlobPlace): BlobError {
    const where = `segment ${place.segment}, offset ${place.offset}`;
    return new BlobError("CORRUPT", `${this.#options.directory}: the blob in ${where} is damaged`);
  }

  #readAt(place: BlobPlace, sha256: Uint8Array, bytes: Uint8Array): boolean {
    const file = this.#files.get(place.segment);
    if (file === undefined) return false;
    if (file.pread(this.#header, place.offset) < RECORD_HEADER_BYTES) {
      // The file may be an open one that was removed.
      this.#files.forget(place.segment);
      return false;
    }
    const record = decodeRecord(this.#header, { segment: place.segment, offset: place.offset }, this.#tag);
    if (record === undefined || record.deleted || !sameBytes(record.sha256, sha256)) return false;
    if (record.place.size !== bytes.length) return false;
    return (
      file.pread(bytes, place.offset + BLOCK_BYTES) === bytes.length && crc32(bytes) === record.place.crc
    );
  }

  /** Closes a file that was removed. */
  forget(segment: number): void {
    this.#files.forget(segment);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#files.close();
    this.#options.index.close();
  }
}
