/**
 * The bytes of a range, piece by piece: each is verified by its source before its first byte is handed out, and the next
 * one is fetched while the previous one is being sent. At most two are in memory, in buffers that are used
 * again: a view is the consumer's until it asks for the next one (EdgeBody). New memory for each would cost as
 * much in page faults as reading it, and wait for a full collection.
 */
import { ChunkBuffer } from "./chunk-buffers.ts";
import type { Piece } from "./types.ts";

interface Fetched {
  readonly view: Uint8Array;
  readonly buffer: ChunkBuffer;
}

export class RangeReader implements AsyncIterableIterator<Uint8Array> {
  readonly #pieces: Iterator<Piece>;
  #next: Promise<Fetched> | undefined;
  /** What lies in the hands of the consumer. */
  #lent: ChunkBuffer | undefined;
  #inline: Uint8Array | undefined;

  /** @param inline bytes that come before all pieces */
  constructor(pieces: Iterable<Piece>, inline?: Uint8Array) {
    this.#inline = inline?.byteLength === 0 ? undefined : inline;
    this.#pieces = pieces[Symbol.iterator]();
  }

  /** Fetches and verifies the first piece, so that a rotten one is an error document and not a cut connection. */
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
    return piece.done === true ? undefined : fetchPiece(piece.value);
  }
}

async function fetchPiece(piece: Piece): Promise<Fetched> {
  const buffer = new ChunkBuffer();
  try {
    return { view: await piece.read(buffer), buffer };
  } catch (error) {
    buffer.giveBack();
    throw error;
  }
}
