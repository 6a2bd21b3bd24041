/**
 * The memory of this node's proposals until they are applied: shared memory that the log and store threads read
 * without a copy, and that is reused. Large payloads stay where the socket wrote them; small entries share an arena.
 */

import { type Slab, SlabPool } from "../memory/slab-pool.ts";
import { COMMAND_HEADER_BYTES, CommandKind, writeFixedHeader, writeTxn } from "../txn/command.ts";
import { KvError, type PayloadBuffer } from "../txn/types.ts";

/**
 * Arenas are small, because every Worker that receives a slab counts the whole slab as memory to collect: with 1 MiB
 * arenas the collectors of three threads ran without need (7 000 against 9 100 PUTs of 4 KiB per second).
 */
const ARENA_BYTES = 64 << 10;
/** Payloads from this size on get their own slab and are never copied. @internal */
export const IN_PLACE_PAYLOAD_BYTES = 256 << 10;
/** Space after the payload area of a slab for the protobuf header; a longer header costs a copy of the payload. */
const HEADER_SPACE_BYTES = 32 << 10;
/**
 * Slabs come in these sizes and in multiples of the last size. Each size has its own pool: a buffer of one chunk
 * must not keep the memory of four chunks.
 */
const SLAB_SIZES_BYTES = [64 << 10, 256 << 10, 1 << 20] as const;
/** The place of an entry in a slab. */
export interface Place {
  readonly slab: Slab;
  readonly pool: SlabPool;
  readonly offset: number;
}

class SlabBuffer implements PayloadBuffer {
  readonly slab: Slab;
  readonly pool: SlabPool;
  readonly bytes: Uint8Array;
  #released = false;

  constructor(slab: Slab, pool: SlabPool, length: number) {
    this.slab = slab;
    this.pool = pool;
    this.bytes = slab.bytes.subarray(COMMAND_HEADER_BYTES, COMMAND_HEADER_BYTES + length);
  }

  release(): void {
    if (this.#released) throw new Error(`payload buffer ${this.slab.id} released twice`);
    this.#released = true;
    this.pool.release(this.slab.id);
  }
}

export class ProposalMemory {
  readonly #maxTxnBytes: number;
  readonly #arenas: SlabPool;
  /** Slab pools by ascending size. */
  readonly #slabs: readonly SlabPool[];
  /** Large buffers by their memory: transact() uses them to recognise a payload that is already in its slab. */
  readonly #buffers = new Map<ArrayBufferLike, SlabBuffer>();
  #arena: Slab | undefined;
  #arenaUsed = 0;
  #nextSlabId = 1;

  constructor(maxTxnBytes: number) {
    this.#maxTxnBytes = maxTxnBytes;
    const nextId = (): number => this.#nextSlabId++;
    this.#arenas = new SlabPool(ARENA_BYTES, nextId);
    this.#slabs = slabSizes(maxTxnBytes).map(
      (payloadBytes) => new SlabPool(COMMAND_HEADER_BYTES + payloadBytes + HEADER_SPACE_BYTES, nextId),
    );
  }

  /** Number of large payload slabs in use. */
  get slabsInUse(): number {
    return this.#slabs.reduce((sum, pool) => sum + pool.live, 0);
  }

  /** Bytes of payload memory, arenas included: in use, and idle for reuse. */
  get bytes(): { readonly live: number; readonly idle: number } {
    const all = [this.#arenas, ...this.#slabs].map((pool) => pool.bytes);
    return {
      live: all.reduce((sum, pool) => sum + pool.live, 0),
      idle: all.reduce((sum, pool) => sum + pool.idle, 0),
    };
  }

  /** @throws KvError TOO_LARGE */
  allocate(length: number): PayloadBuffer {
    if (length > this.#maxTxnBytes) {
      throw new KvError("TOO_LARGE", `a payload buffer of ${length} bytes passes ${this.#maxTxnBytes}`);
    }
    if (length < IN_PLACE_PAYLOAD_BYTES) return { bytes: new Uint8Array(length), release: () => {} };
    const pool = this.#poolFor(length);
    const buffer = new SlabBuffer(pool.take(), pool, length);
    this.#buffers.set(buffer.bytes.buffer, buffer);
    const release = buffer.release.bind(buffer);
    buffer.release = (): void => {
      this.#buffers.delete(buffer.bytes.buffer);
      release();
    };
    return buffer;
  }

  /** Removes one holder of a slab. */
  release(slabId: number): void {
    if (!this.#arenas.release(slabId)) this.#slabs.some((pool) => pool.release(slabId));
  }

  /** The pool of the smallest slabs with space for `bytes` and a header after them. */
  #poolFor(bytes: number): SlabPool {
    const needed = COMMAND_HEADER_BYTES + bytes + HEADER_SPACE_BYTES;
    const pool = this.#slabs.find(({ slabBytes }) => slabBytes >= needed);
    if (pool === undefined)
      throw new KvError("TOO_LARGE", `${bytes} bytes pass the limit of ${this.#maxTxnBytes}`);
    return pool;
  }

  /**
   * Writes an entry to its final place: the slab that already has the payload, or by a copy the arena or another
   * slab.
   */
  place(views: readonly Uint8Array[], payloadBytes: number, header: Uint8Array, length: number): Place {
    const buffer = this.#inPlace(views, header.byteLength);
    if (buffer !== undefined) {
      const { slab, pool } = buffer;
      writeFixedHeader(slab.bytes, CommandKind.Txn, payloadBytes);
      slab.bytes.set(header, COMMAND_HEADER_BYTES + payloadBytes);
      pool.hold(slab.id);
      return { slab, pool, offset: 0 };
    }
    if (length > ARENA_BYTES / 2) {
      const pool = this.#poolFor(length);
      const slab = pool.take();
      writeTxn(slab.bytes.subarray(0, length), views, payloadBytes, header);
      return { slab, pool, offset: 0 };
    }
    const { slab, offset } = this.#reserveInArena(length);
    writeTxn(slab.bytes.subarray(offset, offset + length), views, payloadBytes, header);
    this.#arenas.hold(slab.id);
    return { slab, pool: this.#arenas, offset };
  }

  /** The slab that contains exactly these views, in sequence from its start, with space for the header after them. */
  #inPlace(views: readonly Uint8Array[], headerBytes: number): SlabBuffer | undefined {
    const first = views[0];
    if (first === undefined || headerBytes > HEADER_SPACE_BYTES) return undefined;
    const buffer = this.#buffers.get(first.buffer);
    // With more than one holder, an earlier entry in this slab is still in the Raft log, and its header must not
    // change.
    if (buffer === undefined || buffer.pool.holders(buffer.slab.id) !== 1) return undefined;
    let expected = COMMAND_HEADER_BYTES;
    for (const view of views) {
      if (view.buffer !== first.buffer || view.byteOffset !== expected) return undefined;
      expected += view.byteLength;
    }
    return buffer;
  }

  #reserveInArena(length: number): { slab: Slab; offset: number } {
    if (this.#arena === undefined || this.#arenaUsed + length > ARENA_BYTES) {
      if (this.#arena !== undefined) this.#arenas.release(this.#arena.id);
      this.#arena = this.#arenas.take();
      this.#arenaUsed = 0;
    }
    const offset = this.#arenaUsed;
    this.#arenaUsed += (length + 7) & ~7;
    return { slab: this.#arena, offset };
  }

  /** Copies an entry to another place. */
  copy(entry: Uint8Array): Place {
    const { byteLength } = entry;
    if (byteLength > ARENA_BYTES / 2) {
      const pool = this.#poolFor(byteLength);
      const slab = pool.take();
      slab.bytes.set(entry);
      return { slab, pool, offset: 0 };
    }
    const { slab, offset } = this.#reserveInArena(byteLength);
    slab.bytes.set(entry, offset);
    this.#arenas.hold(slab.id);
    return { slab, pool: this.#arenas, offset };
  }
}

function slabSizes(maxTxnBytes: number): number[] {
  const sizes: number[] = [...SLAB_SIZES_BYTES];
  const step = SLAB_SIZES_BYTES[SLAB_SIZES_BYTES.length - 1] as number;
  while ((sizes[sizes.length - 1] as number) < maxTxnBytes)
    sizes.push((sizes[sizes.length - 1] as number) + step);
  return sizes;
}
