import type { BodyReader } from "../../../src/http/types.ts";

/** A body that arrives in the pieces that `next` gives. As with a socket's, a piece is gone with the next call. */
export class PiecesBody implements BodyReader {
  readonly declaredLength: number | undefined;
  received = 0;
  readonly #next: () => Promise<Uint8Array | undefined>;
  /** What a target had no space for. */
  #rest: Uint8Array | undefined;
  #lent: Uint8Array | undefined;

  constructor(declaredLength: number | undefined, next: () => Promise<Uint8Array | undefined>) {
    this.declaredLength = declaredLength;
    this.#next = next;
  }

  async read(): Promise<Uint8Array | undefined> {
    this.#lent?.fill(0xdd);
    const piece = this.#rest ?? (await this.#next());
    this.#rest = undefined;
    // A copy: whoever gave the piece may still need it.
    this.#lent = piece === undefined ? undefined : Uint8Array.from(piece);
    this.received += piece?.byteLength ?? 0;
    return this.#lent;
  }

  async readInto(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.byteLength) {
      const piece = this.#rest ?? (await this.#next());
      if (piece === undefined) break;
      const taken = piece.subarray(0, target.byteLength - filled);
      target.set(taken, filled);
      filled += taken.byteLength;
      this.received += taken.byteLength;
      this.#rest = taken.byteLength < piece.byteLength ? piece.subarray(taken.byteLength) : undefined;
    }
    return filled;
  }
}
