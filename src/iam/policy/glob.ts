/**
 * Matches texts against patterns with `*` (any number of characters) and `?` (one character, of UTF-16). The time does
 * not explode for any pattern: the pieces between stars are found from left to right, each at its first place, and a
 * search for a piece passes each character once for every 32 characters of the piece.
 */

/** What a pattern consists of. A string stands for itself. */
export type PatternPart = string | typeof STAR | typeof ANY;

export const STAR = Symbol("*");
export const ANY = Symbol("?");

/** One piece between two stars: character codes, where -1 is any character. */
interface Piece {
  readonly codes: readonly number[];
  /** The piece as text, when it has no `?`. */
  readonly literal: string | undefined;
}

/** `String.indexOf` compares a piece of this length in almost the same time as one character. */
const LITERAL_SEARCH_MAX = 32;
const WORD_BITS = 32;

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
    this.#middle = pieces.slice(1, -1).filter(({ codes }) => codes.length > 0);
    this.#minLength = pieces.reduce((sum, { codes }) => sum + codes.length, 0);
  }

  /** The text that every match begins with. */
  get literalPrefix(): string {
    const { codes, literal } = this.#first;
    if (literal !== undefined) return literal;
    return String.fromCharCode(...codes.slice(0, codes.indexOf(-1)));
  }

  /** The only text that matches; undefined: the pattern has wildcards. */
  get literal(): string | undefined {
    return this.#last === undefined ? this.#first.literal : undefined;
  }

  matches(text: string): boolean {
    const { length } = text;
    if (length < this.#minLength) return false;
    if (this.#last === undefined) return length === this.#minLength && isAt(this.#first, text, 0);
    if (!isAt(this.#first, text, 0)) return false;
    const end = length - this.#last.codes.length;
    if (!isAt(this.#last, text, end)) return false;
    let at = this.#first.codes.length;
    for (const piece of this.#middle) {
      const found = find(piece, text, at, end);
      if (found < 0) return false;
      at = found + piece.codes.length;
    }
    return at <= end;
  }
}

function piecesOf(parts: readonly PatternPart[]): Piece[] {
  const pieces: number[][] = [[]];
  for (const part of parts) {
    const last = pieces.at(-1) as number[];
    if (part === STAR) pieces.push([]);
    else if (part === ANY) last.push(-1);
    else for (let i = 0; i < part.length; i++) last.push(part.charCodeAt(i));
  }
  return pieces.map((codes) => ({
    codes,
    literal: codes.includes(-1) ? undefined : codes.map((code) => String.fromCharCode(code)).join(""),
  }));
}

function isAt({ codes, literal }: Piece, text: string, at: number): boolean {
  if (literal !== undefined) return text.startsWith(literal, at);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] as number;
    if (code >= 0 && code !== text.charCodeAt(at + i)) return false;
  }
  return true;
}

/** The first place of the piece that lies between `from` and `end`, or -1. */
function find(piece: Piece, text: string, from: number, end: number): number {
  const { codes, literal } = piece;
  if (literal === undefined || codes.length > LITERAL_SEARCH_MAX) return findByBits(codes, text, from, end);
  const found = text.indexOf(literal, from);
  return found >= 0 && found + codes.length <= end ? found : -1;
}

/**
 * Baeza-Yates and Gonnet, "A new approach to text searching" (1992): bit i of the state is 0 when the last i + 1
 * characters are the begin of the piece.
 */
function findByBits(codes: readonly number[], text: string, from: number, end: number): number {
  const words = Math.ceil(codes.length / WORD_BITS);
  const state = new Int32Array(words).fill(-1);
  const ofCode = new Map<number, Int32Array>();
  const ofOther = maskOf(codes, words, -1);
  for (const code of codes) if (code >= 0 && !ofCode.has(code)) ofCode.set(code, maskOf(codes, words, code));
  const [lastWord, lastBit] = [words - 1, 1 << ((codes.length - 1) % WORD_BITS)];
  for (let at = from; at < end; at++) {
    const mask = ofCode.get(text.charCodeAt(at)) ?? ofOther;
    let carry = 0;
    for (let word = 0; word < words; word++) {
      const before = state[word] as number;
      state[word] = (before << 1) | carry | (mask[word] as number);
      carry = before >>> (WORD_BITS - 1);
    }
    if (((state[lastWord] as number) & lastBit) === 0) return at - codes.length + 1;
  }
  return -1;
}

/** Bit i is 0 when the piece may have `code` at i. */
function maskOf(codes: readonly number[], words: number, code: number): Int32Array {
  const mask = new Int32Array(words).fill(-1);
  codes.forEach((wanted, i) => {
    if (wanted !== -1 && wanted !== code) return;
    const word = Math.floor(i / WORD_BITS);
    mask[word] = (mask[word] as number) & ~(1 << (i % WORD_BITS));
  });
  return mask;
}
