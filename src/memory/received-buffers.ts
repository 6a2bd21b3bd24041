/**
 * Memory for entries from other nodes. The memory is shared, so that the log and store threads read it without a
 * copy. It is reused after its last entry has left the in-memory log.
 *
 * A block counts its holders: the message that was received into the block, and every entry of the message that the
 * log took. When a message never arrives completely (the connection broke), the pool forgets the block, and
 * JavaScript's garbage collector frees it.
 */
interface Block {
  readonly bytes: Uint8Array;
  holders: number;
}

/** Received messages up to this size share a block. */
const SMALL_BYTES = 32 << 10;
/** Size of a shared block. */
const SHARED_BLOCK_BYTES = 256 << 10;
/**
 * A larger message gets a block of its own: the next power of two, from 1 MiB on the next multiple of 1 MiB. A block
 * stays as long as the log keeps its entries, so unused space in a block would cost memory for a long time.
 */
const COARSE_BYTES = 1 << 20;
/** Maximum bytes of idle blocks, all sizes together. @internal */
export const IDLE_BYTES_MAX = 32 << 20;

export class ReceivedMemory {
  readonly #blocks = new WeakMap<ArrayBufferLike, Block>();
  /** Idle blocks by size; the most recently used size comes last. */
  readonly #idle = new Map<number, Uint8Array[]>();
  #idleBytes = 0;
  #shared: Block | undefined;
  #sharedUsed = 0;

  /** Bytes of idle blocks, which are kept for later messages. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** Returns memory for the entries of one message. The caller calls `received` after it has handled the message. */
  allocate(bytes: number): Uint8Array {
    if (bytes > SMALL_BYTES) {
      const block = this.#take(bytes);
      return block.bytes.subarray(0, bytes);
    }
    if (this.#shared === undefined || this.#sharedUsed + bytes > this.#shared.bytes.byteLength) {
      if (this.#shared !== undefined) this.#release(this.#shared);
      // The block that is being filled has one holder besides its messages.
      this.#shared = this.#take(SHARED_BLOCK_BYTES);
      this.#sharedUsed = 0;
    }
    const from = this.#sharedUsed;
    this.#sharedUsed += (bytes + 7) & ~7;
    this.#shared.holders++;
    return this.#shared.bytes.subarray(from, from + bytes);
  }

  /** The log has taken this entry: its memory stays until `evicted`. */
  held(data: Uint8Array): void {
    const block = this.#blocks.get(data.buffer);
    if (block !== undefined) block.holders++;
  }

  /** The entry has left the in-memory log. */
  evicted(data: Uint8Array): void {
    const block = this.#blocks.get(data.buffer);
    if (block !== undefined) this.#release(block);
  }

  /**
   * The message with these entries was handled; the memory of entries that the log did not take may be overwritten.
   */
  received(entries: readonly { readonly data: Uint8Array }[] | readonly Uint8Array[]): void {
    for (const entry of entries) {
      const { buffer } = entry instanceof Uint8Array ? entry : entry.data;
      const block = this.#blocks.get(buffer);
      if (block === undefined) continue;
      this.#release(block);
      return;
    }
  }

  #take(bytes: number): Block {
    const size = blockBytes(bytes);
    const idle = this.#idle.get(size)?.pop();
    if (idle !== undefined) this.#idleBytes -= size;
    const block: Block = { bytes: idle ?? new Uint8Array(new SharedArrayBuffer(size)), holders: 1 };
    this.#blocks.set(block.bytes.buffer, block);
    return block;
  }

  #release(block: Block): void {
    if (--block.holders > 0) return;
    const { bytes } = block;
    this.#blocks.delete(bytes.buffer);
    const idle = this.#idle.get(bytes.byteLength) ?? [];
    this.#idle.delete(bytes.byteLength);
    this.#idle.set(bytes.byteLength, idle);
    idle.push(bytes);
    this.#idleBytes += bytes.byteLength;
    this.#trim();
  }

  /** Frees idle blocks, first the sizes that were unused for the longest time. */
  #trim(): void {
    for (const [size, idle] of this.#idle) {
      while (this.#idleBytes > IDLE_BYTES_MAX && idle.pop() !== undefined) this.#idleBytes -= size;
      if (idle.length === 0) this.#idle.delete(size);
      if (this.#idleBytes <= IDLE_BYTES_MAX) return;
    }
  }
}

function blockBytes(bytes: number): number {
  if (bytes > COARSE_BYTES / 2) return Math.ceil(bytes / COARSE_BYTES) * COARSE_BYTES;
  let size = 2 * SMALL_BYTES;
  while (size < bytes) size *= 2;
  return size;
}
