/** Buffers that chunks are read into on their way to clients, shared by all downloads. */
import type { PayloadTarget } from "../../store/types.ts";

/** Bytes of a chunk, unless an entry has less space than that. */
export const CHUNK_BYTES = 1024 * 1024;
/** Idle buffers kept; more come from, and go to, the collector. */
const IDLE_BUFFERS_MAX = 16;

const idle: Uint8Array[] = [];

/** Memory for one chunk. */
export class ChunkBuffer implements PayloadTarget {
  #memory: Uint8Array | undefined;
  #crc32: number | undefined;

  /** CRC-32 that the store found the bytes to have; undefined when they came another way and nobody has looked. */
  get crc32(): number | undefined {
    return this.#crc32;
  }

  verified(crc32: number): void {
    this.#crc32 = crc32;
  }

  /** `length` bytes: of the buffer when they fit, else new. Called at most once between take and give back. */
  allocate(length: number): Uint8Array {
    if (length > CHUNK_BYTES) return new Uint8Array(length);
    this.#memory ??= idle.pop() ?? new Uint8Array(CHUNK_BYTES);
    return this.#memory.subarray(0, length);
  }

  /** Nobody looks at what was read any more. */
  giveBack(): void {
    if (this.#memory !== undefined && idle.length < IDLE_BUFFERS_MAX) idle.push(this.#memory);
    this.#memory = undefined;
  }
}
