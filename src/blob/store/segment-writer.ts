/** Appends records to numbered files: several records are one write and one sync. */

import { crc32 } from "node:zlib";
import { type Disk, DiskError, type DiskFile } from "../../platform/disk.ts";
import { PLANTED } from "../../platform/planted.ts";
import { payloadFile } from "../../store/payload/files.ts";
import { BlobError, type NewBlob } from "../types.ts";
import { orIo, toBlobError } from "./errors.ts";
import {
  BLOCK_BYTES,
  type BlobIdentity,
  type BlobPlace,
  encodeHead,
  encodeRecord,
  identityTag,
  type Position,
  recordBytes,
} from "./record.ts";

/** Blocks are reserved in steps of the present file size, within these limits (decision 010). */
const RESERVE_MIN_BYTES = 1 << 20;
const RESERVE_MAX_BYTES = 32 << 20;

export interface SegmentWriterOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly identity: BlobIdentity;
  /** A file of this size takes no further records. */
  readonly segmentBytes: number;
}

function blockOf(blocks: Uint8Array, i: number): Uint8Array {
  return blocks.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES);
}

export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  readonly #tag: Uint8Array;
  #segment: number;
  #offset: number;
  #file: DiskFile | undefined;
  #reserved = 0;
  #newName = false;
  /** Header blocks, which stay zero behind each header, and as many blocks for the ends of payloads. */
  #headers = new Uint8Array(16 * BLOCK_BYTES);
  #tails = new Uint8Array(16 * BLOCK_BYTES);

  /** @param position where the next record goes; everything before it is durable, and the file ends there */
  constructor(options: SegmentWriterOptions, position: Position) {
    this.#options = options;
    this.#tag = identityTag(options.identity);
    this.#segment = position.segment;
    this.#offset = position.offset;
  }

  get position(): Position {
    return { segment: this.#segment, offset: this.#offset };
  }

  /** True when the next `append` begins another segment. */
  get full(): boolean {
    return this.#offset >= this.#options.segmentBytes;
  }

  /**
   * Appends blobs, durably.
   * @throws BlobError DISK_FULL: nothing was added; IO: the writer must not be used any more
   */
  append(blobs: readonly NewBlob[], writtenMs: number): BlobPlace[] {
    if (this.full) this.#startNext();
    const { buffers, places, bytes } = this.#gather(blobs, writtenMs);
    const { directory, disk } = this.#options;
    this.#write(buffers, bytes);
    orIo(directory, () => {
      if (!PLANTED.acknowledgeBlobBeforeSync) this.#file?.datasync();
      if (this.#newName) disk.syncDirectory(directory);
    });
    this.#newName = false;
    this.#offset += bytes;
    return places;
  }

  /** Frees the reserved blocks. */
  close(): void {
    orIo(this.#options.directory, () => {
      this.#file?.truncate(this.#offset);
      this.#file?.close();
    });
    this.#file = undefined;
    this.#reserved = 0;
  }

  #startNext(): void {
    this.close();
    this.#segment += 1;
    this.#offset = 0;
  }

  #gather(
    blobs: readonly NewBlob[],
    writtenMs: number,
  ): { readonly buffers: Uint8Array[]; readonly places: BlobPlace[]; readonly bytes: number } {
    if (this.#headers.length < blobs.length * BLOCK_BYTES) {
      this.#headers = new Uint8Array(blobs.length * BLOCK_BYTES);
      this.#tails = new Uint8Array(blobs.length * BLOCK_BYTES);
    }
    const buffers: Uint8Array[] = [];
    const places: BlobPlace[] = [];
    let at = this.#offset;
    if (at === 0) {
      buffers.push(encodeHead(this.#segment, this.#options.identity));
      at += BLOCK_BYTES;
    }
    for (const [i, { sha256, bytes }] of blobs.entries()) {
      const place = {
        segment: this.#segment,
        offset: at,
        size: bytes.length,
        crc: crc32(bytes),
        writtenMs,
      };
      const header = blockOf(this.#headers, i);
      encodeRecord({ sha256, place, deleted: false }, this.#tag, header);
      buffers.push(header);
      const wholeBlocks = bytes.length - (bytes.length % BLOCK_BYTES);
      if (wholeBlocks > 0) buffers.push(bytes.subarray(0, wholeBlocks));
      if (wholeBlocks < bytes.length) {
        const tail = blockOf(this.#tails, i);
        tail.set(bytes.subarray(wholeBlocks));
        tail.fill(0, bytes.length - wholeBlocks);
        buffers.push(tail);
      }
      places.push(place);
      at += recordBytes(bytes.length);
    }
    return { buffers, places, bytes: at - this.#offset };
  }

  #write(buffers: readonly Uint8Array[], bytes: number): void {
    const { directory } = this.#options;
    try {
      const file = this.#open();
      this.#reserve(file, this.#offset + bytes);
      file.pwritevDirect(buffers, this.#offset);
    } catch (error) {
      if (!(error instanceof DiskError && error.isFull)) throw toBlobError(error, directory);
      this.#takeBack();
      const message = error instanceof Error ? error.message : String(error);
      throw new BlobError("DISK_FULL", message, { cause: error });
    }
  }

  /** The part that a full disk had room for must not use space. */
  #takeBack(): void {
    this.#reserved = 0;
    orIo(this.#options.directory, () => this.#file?.truncate(this.#offset));
  }

  #open(): DiskFile {
    if (this.#file !== undefined) return this.#file;
    const { disk, directory } = this.#options;
    const isNew = this.#offset === 0;
    if (isNew) this.#newName = true;
    this.#file = disk.open(payloadFile(directory, this.#segment), isNew ? "create-or-open" : "write");
    if (isNew) this.#file.truncate(0);
    return this.#file;
  }

  #reserve(file: DiskFile, end: number): void {
    if (end <= this.#reserved) return;
    const from = Math.max(this.#reserved, this.#offset);
    const step = Math.min(RESERVE_MAX_BYTES, Math.max(RESERVE_MIN_BYTES, this.#offset));
    this.#reserved = Math.max(end, Math.min(from + step, this.#options.segmentBytes));
    file.reserve(from, this.#reserved - from);
  }
}
