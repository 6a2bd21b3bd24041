/**
 * Memory for entries that come from other nodes: shared, so that log and store thread look at it without a copy, and used
 * again once the last entry in it has left the in-memory log.
 *
 * A block counts its holders: the message it was received with, then every entry of it that was handed to the log. A block
 * whose message never arrives (the connection broke) is simply forgotten: the garbage collector has it.
 */
interface Block {
  readonly bytes: Uint8Array;
  holders: number;
}

/** Received messages up to this size share a block. */
const SMALL_BYTES = 32 << 10;
/** What they share. */
const SHARED_BLOCK_BYTES = 256 << 10;
/** Larger ones get a block of their own: the next power of two, from 1 MiB on the next multiple. A block stays as long as
 *  the log keeps what is in it, so space to spare would be paid for several times over. */
const COARSE_BYTES = 1 << 20;
/** Idle blocks kept at most, all sizes together. @internal */
export const IDLE_BYTES_MAX = 32 << 20;

export class ReceivedMemory {
  readonly #blocks = new WeakMap<ArrayBufferLike, Block>();
  /** By size; the size that was used last comes last. */
  readonly #idle = new Map<number, Uint8Array[]>();
  #idleBytes = 0;
  #shared: Block | undefined;
  #sharedUsed = 0;

  /** Memory that nobody uses, kept for the next messages. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** Memory for the entries of one message. To be followed by `received` when they have been looked at. */
  allocate(bytes: number): Uint8Array {
    if (bytes > SMALL_BYTES) {
      const block = this.#take(bytes);
      return block.bytes.subarray(0, bytes);
    }
    if (this.#shared === undefined || this.#sharedUsed + bytes > this.#shared.bytes.byteLength) {
      if (this.#shared !== undefined) this.#release(this.#shared);
      // One holder for being the block that is being filled.
      this.#shared = this.#take(SHARED_BLOCK_BYTES);
      this.#sharedUsed = 0;
    }
    const from = this.#sharedUsed;
    this.#sharedUsed += (bytes + 7) & ~7;
    this.#shared.holders++;
    return this.#shared.bytes.subarray(from, from + bytes);
  }

  /** The log has this entry now: its memory stays until `evicted`. */
  held(data: Uint8Array): void {
    const block = this.#blocks.get(data.buffer);
    if (block !== undefined) block.holders++;
  }

  /** The entry has left the in-memory log. */
  evicted(data: Uint8Array): void {
    const block = this.#blocks.get(data.buffer);
    if (block !== undefined) this.#release(block);
  }

  /** The message with these entries has been dealt with; whatever the log did not take may be written over. */
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

  /** Frees idle blocks, the longest unused first. */
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
