/**
 * Appends records to one segment. Small payloads are copied into a scratch buffer beside their headers; large
 * payloads go to the kernel without a copy (they may be in shared memory). Nothing is written to the file before
 * `flush`.
 */

import type { DiskFile } from "../../platform/disk.ts";
import { ONLY_GROUP } from "../../threads/group.ts";
import {
  padding,
  payloadCrc,
  putRecordHeader,
  RECORD_HEADER_BYTES,
  type RecordType,
  recordBytes,
} from "./record.ts";

/** Below this size a copy is cheaper than one more buffer in the system call. */
const COPY_BELOW_BYTES = 4 << 10;
/** At this size staged records are written before the sync: a group of large batches must not wait in memory. */
const FLUSH_BYTES = 4 << 20;
const SCRATCH_BYTES = 256 << 10;
/** Header, the longest fixed prefix and the padding of a record whose data is not copied. */
const FRAME_BYTES = RECORD_HEADER_BYTES + 64;

export interface SegmentPosition {
  readonly sequence: number;
  readonly salt: bigint;
  readonly capacity: number;
  /** Offset of the next record. */
  readonly end: number;
  /** Checksum of the last record. */
  readonly chain: number;
}

export class SegmentWriter {
  readonly file: DiskFile;
  readonly sequence: number;
  readonly salt: bigint;
  readonly capacity: number;
  /** All segments of a log use the same scratch buffer, one after the other. */
  readonly #scratch: Uint8Array;
  readonly #view: DataView;
  #end: number;
  #chain: number;
  #durable: number;
  #written: number;
  #staged: Uint8Array[] = [];
  /** Scratch bytes [#pieceStart, #cursor) are staged but not yet in `#staged`. */
  #pieceStart = 0;
  #cursor = 0;

  constructor(file: DiskFile, position: SegmentPosition, scratch: Uint8Array) {
    this.file = file;
    this.sequence = position.sequence;
    this.salt = position.salt;
    this.capacity = position.capacity;
    this.#end = position.end;
    this.#chain = position.chain;
    this.#durable = position.end;
    this.#written = position.end;
    this.#scratch = scratch;
    this.#view = new DataView(scratch.buffer, scratch.byteOffset, scratch.byteLength);
  }

  static scratch(): Uint8Array {
    return new Uint8Array(SCRATCH_BYTES);
  }

  get end(): number {
    return this.#end;
  }

  get chain(): number {
    return this.#chain;
  }

  /** Everything below this offset is durable. */
  get durable(): number {
    return this.#durable;
  }

  /**
   * Stages one record with payload `prefix + data`. The caller must not change `data` until `flush`, and has checked
   * that the segment has space. Returns the record's offset.
   */
  stage(type: RecordType, flags: number, prefix: Uint8Array, data: Uint8Array): number {
    const payloadBytes = prefix.byteLength + data.byteLength;
    const total = recordBytes(payloadBytes);
    if (this.#end + total > this.capacity) {
      throw new Error(`record of ${total} bytes at ${this.#end} does not fit the segment's ${this.capacity}`);
    }
    const copied = data.byteLength < COPY_BELOW_BYTES;
    const needed = copied ? total : FRAME_BYTES;
    if (this.#cursor + needed > this.#scratch.byteLength || this.#end - this.#written >= FLUSH_BYTES)
      this.flush();
    const offset = this.#end;
    this.#chain = putRecordHeader(this.#view, this.#cursor, {
      payloadCrc: payloadCrc(prefix, data),
      payloadBytes,
      type,
      flags,
      sequence: this.sequence,
      offset,
      durable: this.#durable,
      chain: this.#chain,
      group: ONLY_GROUP,
      salt: this.salt,
    });
    this.#cursor += RECORD_HEADER_BYTES;
    this.#copy(prefix);
    if (copied) {
      this.#copy(data);
    } else {
      this.#endPiece();
      this.#staged.push(data);
    }
    this.#copy(padding(payloadBytes));
    this.#end += total;
    return offset;
  }

  /** Writes all staged records to the file. */
  flush(): void {
    this.#endPiece();
    if (this.#staged.length > 0) this.file.pwritev(this.#staged, this.#written);
    this.#staged = [];
    this.#pieceStart = 0;
    this.#cursor = 0;
    this.#written = this.#end;
  }

  get dirty(): boolean {
    return this.#durable < this.#end;
  }

  /** Called after a `flush` and a sync of the file. */
  markDurable(): void {
    this.#durable = this.#written;
  }

  #copy(bytes: Uint8Array): void {
    this.#scratch.set(bytes, this.#cursor);
    this.#cursor += bytes.byteLength;
  }

  #endPiece(): void {
    if (this.#cursor > this.#pieceStart)
      this.#staged.push(this.#scratch.subarray(this.#pieceStart, this.#cursor));
    this.#pieceStart = this.#cursor;
  }
}
