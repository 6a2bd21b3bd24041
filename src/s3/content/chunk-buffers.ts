/** Buffers for the chunks that downloads read, shared by all downloads. */
import type { PayloadTarget } from "../../store/types.ts";

/** Bytes of a chunk, unless an entry has less space. */
export const CHUNK_BYTES = 1024 * 1024;
/** The largest number of idle buffers; further buffers are allocated, and left to the garbage collector. */
const IDLE_BUFFERS_MAX = 16;

const idle: Uint8Array[] = [];

/** Memory for one chunk. */
export class ChunkBuffer implements PayloadTarget {
  #memory: Uint8Array | undefined;
  #crc32: number | undefined;

  /** CRC-32 that the store computed for the bytes; undefined when the store has not checked the bytes. */
  get crc32(): number | undefined {
    return this.#crc32;
  }

  verified(crc32: number): void {
    this.#crc32 = crc32;
  }

  /**
   * Returns `length` bytes: of the buffer when `length` fits, else new memory. Called at most once before `giveBack`.
   */
  allocate(length: number): Uint8Array {
    if (length > CHUNK_BYTES) return new Uint8Array(length);
    this.#memory ??= idle.pop() ?? new Uint8Array(CHUNK_BYTES);
    return this.#memory.subarray(0, length);
  }

  /** Returns the memory for reuse; the caller reads the bytes no more. */
  giveBack(): void {
    if (this.#memory !== undefined && idle.length < IDLE_BUFFERS_MAX) idle.push(this.#memory);
    this.#memory = undefined;
  }
}
