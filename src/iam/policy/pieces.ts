/**
 * What lies between two stars of a pattern, and how it is found in a text. What a search needs is made once for a
 * piece, in one pass over the piece, and takes memory in proportion to it.
 */

export const ANY = Symbol("?");

/** Steps of all matching and of its preparation, so that tests can bound the cost without a clock. @internal */
export const work = { steps: 0 };

export interface Piece {
  readonly length: number;
  /** The text before the first `?`. */
  readonly literalPrefix: string;
  /** The piece as text, when it has no `?`. */
  readonly literal: string | undefined;
  isAt(text: string, at: number): boolean;
  /** The first place of the piece that lies between `from` and `end`, or -1. */
  find(text: string, from: number, end: number): number;
}

/** `String.indexOf` compares a piece of this length in almost the same time as one character. */
const LITERAL_SEARCH_MAX = 32;
const WORD_BITS = 32;

export function pieceOf(parts: readonly (string | typeof ANY)[]): Piece {
  if (parts.length === 0) return EMPTY;
  return parts.includes(ANY) ? new OpenPiece(parts) : new LiteralPiece(parts.join(""));
}

class LiteralPiece implements Piece {
  readonly literal: string;
  #borders: Int32Array | undefined;

  constructor(literal: string) {
    this.literal = literal;
  }

  get length(): number {
    return this.literal.length;
  }

  get literalPrefix(): string {
    return this.literal;
  }

  isAt(text: string, at: number): boolean {
    work.steps += this.length;
    return text.startsWith(this.literal, at);
  }

  find(text: string, from: number, end: number): number {
    if (end - from < this.length) return -1;
    if (this.length > LITERAL_SEARCH_MAX) return this.#findLong(text, from, end);
    const found = text.indexOf(this.literal, from);
    work.steps += (found < 0 ? text.length : found + this.length) - from;
    return found >= 0 && found + this.length <= end ? found : -1;
  }

  /** Knuth, Morris and Pratt, "Fast pattern matching in strings" (1977): at most two steps for each character. */
  #findLong(text: string, from: number, end: number): number {
    const { literal, length } = this;
    this.#borders ??= bordersOf(literal);
    const borders = this.#borders;
    let matched = 0;
    let steps = 0;
    let at = from;
    while (at < end && matched < length) {
      steps++;
      if (text.charCodeAt(at) === literal.charCodeAt(matched)) {
        at++;
        matched++;
      } else if (matched === 0) at++;
      else matched = borders[matched] as number;
    }
    work.steps += steps;
    return matched === length ? at - length : -1;
  }
}

/** Most patterns begin or end with a star. */
const EMPTY = new LiteralPiece("");

/** At i: the length of the longest begin of the first i characters that is also their end. */
function bordersOf(literal: string): Int32Array {
  const borders = new Int32Array(literal.length);
  let border = 0;
  let steps = 0;
  for (let i = 1; i < literal.length - 1; i++) {
    const code = literal.charCodeAt(i);
    while (border > 0 && literal.charCodeAt(border) !== code) {
      steps++;
      border = borders[border] as number;
    }
    if (literal.charCodeAt(border) === code) border++;
    borders[i + 1] = border;
  }
  work.steps += steps + literal.length;
  return borders;
}

/** The words of a mask that are not 0, in order. */
interface SparseMask {
  readonly words: number[];
  readonly bits: number[];
}

interface Masks {
  /** Bit i is 1 when any character may stand at i. */
  readonly ofAny: Int32Array;
  /** Bit i is 1 when the piece has this character at i. Together the masks have a bit for each character. */
  readonly ofCode: ReadonlyMap<number, SparseMask>;
}

/** A piece with `?`. */
class OpenPiece implements Piece {
  readonly literal = undefined;
  /** Character codes, where -1 is any character. */
  readonly #codes: readonly number[];
  #masks: Masks | undefined;

  constructor(parts: readonly (string | typeof ANY)[]) {
    const codes: number[] = [];
    for (const part of parts) {
      if (part === ANY) codes.push(-1);
      else for (let i = 0; i < part.length; i++) codes.push(part.charCodeAt(i));
    }
    this.#codes = codes;
  }

  get length(): number {
    return this.#codes.length;
  }

  get literalPrefix(): string {
    const prefix = this.#codes.slice(0, this.#codes.indexOf(-1));
    return prefix.map((code) => String.fromCharCode(code)).join("");
  }

  isAt(text: string, at: number): boolean {
    const codes = this.#codes;
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] as number;
      if (code >= 0 && code !== text.charCodeAt(at + i)) return false;
    }
    work.steps += codes.length;
    return true;
  }

  /**
   * Baeza-Yates and Gonnet, "A new approach to text searching" (1992): bit i of the state is 1 when the last i + 1
   * characters are the begin of the piece. Words behind the last begin that is possible are 0, and are not visited.
   */
  find(text: string, from: number, end: number): number {
    const { length } = this;
    if (end - from < length) return -1;
    this.#masks ??= masksOf(this.#codes);
    const { ofAny, ofCode } = this.#masks;
    const words = ofAny.length;
    const state = new Int32Array(words);
    const lastBit = 1 << ((length - 1) % WORD_BITS);
    let used = 0;
    let steps = words;
    for (let at = from; at < end; at++) {
      const sparse = ofCode.get(text.charCodeAt(at));
      // A begin can grow by one bit, into the word behind the words in use.
      const visited = Math.min(used + 1, words);
      let carry = 1;
      let next = 0;
      used = 0;
      for (let word = 0; word < visited; word++) {
        let mask = ofAny[word] as number;
        if (sparse !== undefined && sparse.words[next] === word) mask |= sparse.bits[next++] as number;
        const before = state[word] as number;
        const after = ((before << 1) | carry) & mask;
        carry = before >>> (WORD_BITS - 1);
        state[word] = after;
        if (after !== 0) used = word + 1;
      }
      steps += visited;
      if (((state[words - 1] as number) & lastBit) !== 0) {
        work.steps += steps;
        return at - length + 1;
      }
    }
    work.steps += steps;
    return -1;
  }
}

function masksOf(codes: readonly number[]): Masks {
  const ofAny = new Int32Array(Math.ceil(codes.length / WORD_BITS));
  const ofCode = new Map<number, SparseMask>();
  for (const [i, code] of codes.entries()) {
    const word = Math.floor(i / WORD_BITS);
    const bit = 1 << (i % WORD_BITS);
    if (code < 0) {
      ofAny[word] = (ofAny[word] as number) | bit;
      continue;
    }
    let mask = ofCode.get(code);
    if (mask === undefined) {
      mask = { words: [], bits: [] };
      ofCode.set(code, mask);
    }
    const last = mask.words.length - 1;
    if (mask.words[last] === word) mask.bits[last] = (mask.bits[last] as number) | bit;
    else {
      mask.words.push(word);
      mask.bits.push(bit);
    }
  }
  work.steps += codes.length;
  return { ofAny, ofCode };
}
