/** A small seeded generator (xorshift128+ would do as well): the same seed gives the same run, anywhere. */
export class SeededRandom {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = (seed * 0x9e37_79b1 + 0x85eb_ca6b) >>> 0;
  }

  /** Goes on as a generator of this seed would begin. */
  reseed(seed: number): void {
    this.#state = (seed * 0x9e37_79b1 + 0x85eb_ca6b) >>> 0;
  }

  /** Uniform integer in [0, bound). */
  readonly nextInt = (bound: number): number => {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * bound);
  };

  chance(percent: number): boolean {
    return this.nextInt(100) < percent;
  }

  /** One of `items`, which are not empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.nextInt(items.length)] as T;
  }

  /** A key of `weights`, with a probability in proportion to its weight. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let at = this.nextInt(entries.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [key, weight] of entries) {
      at -= weight;
      if (at < 0) return key;
    }
    throw new Error("weights are empty");
  }
}

/**
 * The seeds of a property test: `RAFT_SEED=n` runs that one, `RAFT_SEEDS=n` the first n, else the first `count`.
 */
export function seeds(count: number): readonly number[] {
  const one = process.env["RAFT_SEED"];
  if (one !== undefined) return [Number(one)];
  return Array.from({ length: Number(process.env["RAFT_SEEDS"] ?? count) }, (_, i) => i + 1);
}
