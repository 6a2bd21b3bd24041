/** A small seeded generator (mulberry32) for model tests; print the seed. */
export function seeded(seed: number): { int(max: number): number; pick<T>(items: readonly T[]): T } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (max: number): number => Math.floor(next() * max);
  return {
    int,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new Error("pick from nothing");
      return items[int(items.length)] as T;
    },
  };
}

/** `S3_TEST_SEED` repeats a run. */
export function testSeed(): number {
  const fixed = process.env["S3_TEST_SEED"];
  return fixed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(fixed);
}
