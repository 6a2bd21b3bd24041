/**
 * The bytes of a range, chunk by chunk: each chunk's CRC is checked before its first byte is handed out, and the next
 * chunk is fetched while the previous one is being sent. At most two chunks are in memory, in buffers that are used
 * again: a view is the consumer's until it asks for the next one (EdgeBody). New memory for each chunk would cost as
 * much in page faults as reading it, and wait for a full collection.
 */
import { crc32 } from "node:zlib";
import type { KvGroup } from "../../txn/types.ts";
import { decodeChunk } from "../records/attempt.ts";
import { RecordError } from "../records/record-error.ts";
import { ChunkBuffer } from "./chunk-buffers.ts";
import type { Layout, Piece } from "./layout.ts";

interface Fetched {
  readonly view: Uint8Array;
  readonly buffer: ChunkBuffer;
}

export class RangeReader implements AsyncIterableIterator<Uint8Array> {
  readonly #kv: Pick<KvGroup, "getImmutable">;
  readonly #pieces: Iterator<Piece>;
  #next: Promise<Fetched> | undefined;
  /** What lies in the hands of the consumer. */
  #lent: ChunkBuffer | undefined;
  #inline: Uint8Array | undefined;

  /** Bytes [start, end) of the object. */
  constructor(kv: Pick<KvGroup, "getImmutable">, layout: Layout, start: number, end: number) {
    this.#kv = kv;
    this.#inline = start < end ? layout.inline?.subarray(start, end) : undefined;
    this.#pieces = layout.pieces(start, end)[Symbol.iterator]();
  }

  /** Fetches and verifies the first chunk, so that a rotten one is an error document and not a cut connection. */
  async prime(): Promise<void> {
    this.#next ??= this.#fetch();
    await this.#next;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#inline !== undefined) {
      const value = this.#inline;
      this.#inline = undefined;
      return { done: false, value };
    }
    this.#takeBack();
    const current = this.#next ?? this.#fetch();
    this.#next = undefined;
    if (current === undefined) return { done: true, value: undefined };
    const { view, buffer } = await current;
    this.#lent = buffer;
    this.#next = this.#fetch();
    // The consumer may never ask for it: its failure must not be an unhandled rejection.
    this.#next?.catch(() => {});
    return { done: false, value: view };
  }

  /** The consumer stops. What it has may still be on its way to a socket, so that buffer is not used again. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const next = this.#next;
    this.#next = undefined;
    this.#lent = undefined;
    this.#pieces.return?.();
    next?.then(
      ({ buffer }) => buffer.giveBack(),
      () => {},
    );
    return { done: true, value: undefined };
  }

  #takeBack(): void {
    this.#lent?.giveBack();
    this.#lent = undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #fetch(): Promise<Fetched> | undefined {
    const piece = this.#pieces.next();
    return piece.done === true ? undefined : fetchPiece(this.#kv, piece.value);
  }
}

async function fetchPiece(kv: Pick<KvGroup, "getImmutable">, piece: Piece): Promise<Fetched> {
  const buffer = new ChunkBuffer();
  try {
    return { view: await readPiece(kv, piece, buffer), buffer };
  } catch (error) {
    buffer.giveBack();
    throw error;
  }
}

async function readPiece(
  kv: Pick<KvGroup, "getImmutable">,
  piece: Piece,
  buffer: ChunkBuffer,
): Promise<Uint8Array> {
  const row = await kv.getImmutable(piece.key, buffer);
  if (row?.payload === undefined) throw new RecordError(`chunk ${hex(piece.key)} is missing`);
  const { crc32: expected, size } = decodeChunk(row.value);
  // One look at the bytes is enough, and it is a tenth of what a download costs; the store has had it, or it is ours.
  const found = buffer.crc32 ?? crc32(row.payload);
  if (found !== expected || size !== piece.size || row.payload.byteLength !== size) {
    throw new RecordError(
      `chunk ${hex(piece.key)}: ${row.payload.byteLength} bytes with CRC ${found}, expected ${size} of ${piece.size} with ${expected}`,
    );
  }
  return piece.from === 0 && piece.to === size ? row.payload : row.payload.subarray(piece.from, piece.to);
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}
