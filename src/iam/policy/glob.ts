/**
 * Matches texts against patterns with `*` (any number of characters) and `?` (one character, of UTF-16). The time does
 * not explode for any pattern: the pieces between stars are found from left to right, each at its first place, so the
 * text is passed once. A piece without `?` costs a step or two for each character; a piece with `?` costs a step for
 * every 32 characters of the piece, at most (pieces.ts).
 */
import { ANY, type Piece, pieceOf } from "./pieces.ts";

export { ANY };

/** What a pattern consists of. A string stands for itself. */
export type PatternPart = string | typeof STAR | typeof ANY;

export const STAR = Symbol("*");

/** A pattern, ready to match. */
export class Glob {
  /** Without a star: the whole text. Otherwise the begin of the text. */
  readonly #first: Piece;
  readonly #middle: readonly Piece[];
  /** The end of the text; undefined: the pattern has no star. */
  readonly #last: Piece | undefined;
  readonly #minLength: number;

  constructor(parts: readonly PatternPart[]) {
    const pieces = piecesOf(parts);
    this.#first = pieces[0] as Piece;
    this.#last = pieces.length === 1 ? undefined : pieces.at(-1);
    this.#middle = pieces.slice(1, -1).filter(({ length }) => length > 0);
    this.#minLength = pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** The text that every match begins with. */
  get literalPrefix(): string {
    return this.#first.literalPrefix;
  }

  /** The only text that matches; undefined: the pattern has wildcards. */
  get literal(): string | undefined {
    return this.#last === undefined ? this.#first.literal : undefined;
  }

  matches(text: string): boolean {
    const { length } = text;
    if (length < this.#minLength) return false;
    if (this.#last === undefined) return length === this.#minLength && this.#first.isAt(text, 0);
    if (!this.#first.isAt(text, 0)) return false;
    const end = length - this.#last.length;
    if (!this.#last.isAt(text, end)) return false;
    let at = this.#first.length;
    for (const piece of this.#middle) {
      const found = piece.find(text, at, end);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return at <= end;
  }
}

function piecesOf(parts: readonly PatternPart[]): Piece[] {
  const pieces: (string | typeof ANY)[][] = [[]];
  for (const part of parts) {
    if (part === STAR) pieces.push([]);
    else pieces.at(-1)?.push(part);
  }
  return pieces.map(pieceOf);
}
