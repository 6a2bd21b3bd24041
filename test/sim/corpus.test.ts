/** Seeds that once failed, a few fresh ones, and the promise that a seed is a run. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runSeed, verdictOf } from "./lib/run-seed.ts";

const SEED_TIMEOUT_MS = 60_000;
/** Short enough for every `make test`; `make sim` runs whole ones. */
const SHORT = { durationMs: 8_000 };

interface Case {
  readonly seed: number;
  readonly nodes: number | undefined;
  readonly why: string;
}

const corpus: Case[] = (await Bun.file(join(import.meta.dir, "corpus.txt")).text())
  .split("\n")
  .filter((line) => line.trim() !== "" && !line.startsWith("#"))
  .map((line) => {
    const match = /^(\d+)(?:\/(\d+))?\s+(\S.*)$/.exec(line);
    if (match === null) throw new Error(`corpus.txt: ${line}`);
    const [, seed, nodes, why] = match;
    return { seed: Number(seed), nodes: nodes === undefined ? undefined : Number(nodes), why: why as string };
  });

describe("seeds that once failed", () => {
  for (const { seed, nodes, why } of corpus) {
    test(
      `${seed}: ${why}`,
      () => {
        const { failure } = runSeed({ seed, profile: nodes === undefined ? {} : { nodes } });
        expect(failure).toBeUndefined();
      },
      SEED_TIMEOUT_MS,
    );
  }
});

describe("the real store", () => {
  for (const seed of [8, 20]) {
    test(
      `seed ${seed} is a run too`,
      () => {
        const profile = { ...SHORT, store: "sqlite", payloads: 0.5, payloadFileBytes: 8 << 10 } as const;
        const first = runSeed({ seed, profile });
        expect(`seed ${seed}: ${verdictOf(first)}`).toBe(`seed ${seed}: ok`);
        expect(runSeed({ seed, profile }).hash).toBe(first.hash);
        expect(first.ledger).toBeGreaterThan(0);
      },
      SEED_TIMEOUT_MS,
    );
  }
});

describe("seeds that once failed with the real store", () => {
  test.each([
    [665430360, "a store that is opened again keeps what was durable"],
    [665429916, "the next process reads no commit that a failed sync left in the page cache only"],
    [665430024, "a disk that is full when the store is closed"],
    [665429908, "a sync that fails when the store is closed"],
  ])(
    "%d: %s",
    (seed) => {
      expect(runSeed({ seed, profile: { store: "sqlite" } }).failure).toBeUndefined();
    },
    SEED_TIMEOUT_MS,
  );
});

describe("a seed", () => {
  test(
    "is a run: twice the same, whatever ran in between",
    () => {
      const first = runSeed({ seed: 11, profile: SHORT });
      const other = runSeed({ seed: 12, profile: SHORT });
      const again = runSeed({ seed: 11, profile: SHORT });
      expect(again.hash).toBe(first.hash);
      expect(again.events).toBe(first.events);
      expect(other.hash).not.toBe(first.hash);
    },
    SEED_TIMEOUT_MS,
  );

  test(
    "does work: requests are answered, entries applied, faults inflicted",
    () => {
      const first = Math.floor(Math.random() * 1e9);
      let faults = 0;
      for (let seed = first; seed < first + 5; seed++) {
        const result = runSeed({
          seed,
          profile: { ...SHORT, faults: { crash: 1, partition: 1 }, faultEveryMs: 1_000 },
        });
        expect(`seed ${seed}: ${verdictOf(result)}`).toBe(`seed ${seed}: ok`);
        expect(result.answered).toBeGreaterThan(0);
        expect(result.ledger).toBeGreaterThan(0);
        expect(result.history.undecided).toBe(0);
        expect(result.applied).toBeGreaterThan(0);
        faults += Object.keys(result.faults).length;
      }
      // A single short run may end before its first fault.
      expect(faults).toBeGreaterThan(0);
    },
    SEED_TIMEOUT_MS,
  );
});
