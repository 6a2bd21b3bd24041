import type { Random } from "../../../../src/platform/random.ts";

/** Mulberry32: small, fast, and the same on every machine. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    nextInt: (exclusiveMax) => Math.floor((next() / 2 ** 32) * exclusiveMax),
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
  };
}
