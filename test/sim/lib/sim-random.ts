import type { Random } from "../../../src/platform/random.ts";

const TWO_32 = 2 ** 32;

/** FNV-1a over the UTF-16 units of a label. */
function labelHash(label: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x0100_0193);
  return hash >>> 0;
}

/** Spreads a seed over the state words (splitmix32). */
function splitmix(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e37_79b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0_aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a_2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

/**
 * All chance of a run (sfc32). Each part of the simulation forks a stream of its own, so that a part that asks more often
 * does not change what the others get.
 */
export class SimRandom implements Random {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, label = "") {
    this.#seed = (seed ^ labelHash(label)) >>> 0;
    const word = splitmix(this.#seed);
    this.#a = word();
    this.#b = word();
    this.#c = word() ^ Math.floor(seed / TWO_32);
    for (let i = 0; i < 12; i++) this.#next();
  }

  /** Another stream, a function of this one's seed and the label only. */
  fork(label: string): SimRandom {
    return new SimRandom(this.#seed, label);
  }

  nextInt(exclusiveMax: number): number {
    return Math.floor((this.#next() / TWO_32) * exclusiveMax);
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.#next() >>> 24;
    return bytes;
  }

  /** 32 random bits. */
  word(): number {
    return this.#next();
  }

  /** In [low, high). */
  range(low: number, high: number): number {
    return low + (this.#next() / TWO_32) * (high - low);
  }

  /** Integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.nextInt(high - low + 1);
  }

  /** @param probability 0 to 1 */
  chance(probability: number): boolean {
    return this.#next() < probability * TWO_32;
  }

  /** Exponential with this mean, at most ten times it. */
  exponential(mean: number): number {
    return Math.min(10 * mean, -Math.log(1 - this.#next() / TWO_32) * mean);
  }

  /** One of `items`, which are not empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.nextInt(items.length)] as T;
  }

  /** A key of `weights`, with a probability in proportion to its weight. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let at = this.range(
      0,
      entries.reduce((sum, [, weight]) => sum + weight, 0),
    );
    for (const [key, weight] of entries) {
      at -= weight;
      if (at < 0) return key;
    }
    return (entries.at(-1) as [K, number])[0];
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.nextInt(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }
}
