import { crc32 } from "node:zlib";
import type { DiskFile } from "../../platform/disk.ts";

export const WINDOW_BYTES = 1 << 20;
const ZEROS = Buffer.alloc(WINDOW_BYTES);

/** Reads a file from start to end through one buffer of fixed size; records may be larger than the buffer. */
export class FileWindow {
  readonly size: number;
  readonly #file: DiskFile;
  readonly #buffer = Buffer.alloc(WINDOW_BYTES);
  #start = 0;
  #length = 0;

  /** @param size the reader treats the file as ending here, even when the file is longer */
  constructor(file: DiskFile, size: number) {
    this.#file = file;
    this.size = size;
  }

  /**
   * Bytes [offset, offset + length), fewer at the end of the file. `length` is at most WINDOW_BYTES. The result is a
   * view that is valid until the next call.
   */
  bytes(offset: number, length: number): Buffer {
    const end = Math.min(offset + length, this.size);
    if (offset < this.#start || end > this.#start + this.#length) {
      this.#start = offset;
      const wanted = Math.max(0, Math.min(WINDOW_BYTES, this.size - offset));
      this.#length = this.#file.pread(this.#buffer.subarray(0, wanted), offset);
    }
    const from = offset - this.#start;
    return this.#buffer.subarray(from, Math.max(from, Math.min(end - this.#start, this.#length)));
  }

  /** CRC-32 of [offset, offset + length); the range lies inside the file. */
  crc(offset: number, length: number): number {
    let crc = 0;
    for (let done = 0; done < length; ) {
      const piece = this.bytes(offset + done, Math.min(WINDOW_BYTES, length - done));
      if (piece.byteLength === 0) return -1; // The file is shorter than its reported size.
      crc = crc32(piece, crc);
      done += piece.byteLength;
    }
    return crc;
  }

  /** The end of the last non-zero byte at or above `from`; `from` when there is no such byte. */
  endOfContent(from: number): number {
    let end = from;
    for (let at = from; at < this.size; ) {
      const piece = this.bytes(at, WINDOW_BYTES);
      if (piece.byteLength === 0) break;
      if (!piece.equals(ZEROS.subarray(0, piece.byteLength))) {
        let last = piece.byteLength;
        while (piece[last - 1] === 0) last--;
        end = at + last;
      }
      at += piece.byteLength;
    }
    return end;
  }
}
