/**
 * The bytes of a range, piece by piece. The source verifies each piece before the piece's first byte is returned, and
 * the next piece is fetched while the previous piece is sent. At most two pieces are in memory, in buffers that are
 * reused: a view belongs to the consumer until the consumer asks for the next view (EdgeBody). New memory for each
 * piece would cost as much in page faults as reading the piece, and would wait for a full garbage collection.
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
  /** The buffer whose view the consumer has. */
  #lent: ChunkBuffer | undefined;
  #inline: Uint8Array | undefined;
  /** Of the last view, what `readInto` had no room for. */
  #rest: Uint8Array = new Uint8Array(0);

  /** @param inline bytes that come before all pieces */
  constructor(pieces: Iterable<Piece>, inline?: Uint8Array) {
    this.#inline = inline?.byteLength === 0 ? undefined : inline;
    this.#pieces = pieces[Symbol.iterator]();
  }

  /**
   * Fetches and verifies the first piece, so that a corrupt piece gives an error document and not a broken
   * connection.
   */
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
    // The consumer may never ask for the next piece: its failure must not be an unhandled rejection.
    this.#next?.catch(() => {});
    return { done: false, value: view };
  }

  /**
   * Copies the next bytes: all of `target`, or fewer at the end. A consumer calls either this or `next`.
   * @returns the number of bytes
   */
  async readInto(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.byteLength) {
      if (this.#rest.byteLength === 0) {
        const next = await this.next();
        if (next.done === true) break;
        this.#rest = next.value;
      }
      const piece = this.#rest.subarray(0, target.byteLength - filled);
      target.set(piece, filled);
      filled += piece.byteLength;
      this.#rest = this.#rest.subarray(piece.byteLength);
    }
    return filled;
  }

  /**
   * The consumer stops. A socket may still send the consumer's last view, so the buffer of that view is not reused.
   */
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
