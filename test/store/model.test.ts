/** Random operation sequences on both stores at once: after every step they must answer alike. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { SqliteReader } from "../../src/store/sqlite/reader.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { BLIND, type MvccStore } from "../../src/store/types.ts";
import { MemoryStore } from "../support/memory-store/memory-store.ts";
import { checkSteps } from "../support/steps.ts";
import { hex, SeededRandom, temporaryDirectory } from "./helpers.ts";
import { Generator, outcome, randomKey } from "./random-operations.ts";

const STEPS = 250;
const SEEDS = 6;
const firstSeed = Number(process.env["STORE_MODEL_SEED"] ?? Date.now() % 1_000_000);

function observe(
  reader: Pick<MvccStore, "scanAt" | "getAt" | "getMetaAt" | "latestCommitTs">,
  readTs: bigint,
  keys: readonly Uint8Array[],
  limit: number,
): unknown {
  const empty = new Uint8Array(0);
  const low = keys[0] ?? empty;
  const high = keys[1];
  return {
    all: outcome(() => reader.scanAt(empty, undefined, { limit: 1000, readTs })),
    reverse: outcome(() => reader.scanAt(low, high, { limit, readTs, reverse: true })),
    keysOnly: outcome(() => reader.scanAt(low, high, { limit, readTs, keysOnly: true })),
    rows: keys.map((key) => [
      hex(key),
      outcome(() => reader.getAt(key, readTs)),
      outcome(() => reader.getMetaAt(key, readTs)),
      outcome(() => reader.latestCommitTs(key)),
    ]),
  };
}

/** Every store answers each step alike. */
function compare(seed: number, steps: readonly number[]): void {
  const directory = temporaryDirectory();
  const file = join(directory.path, "kv.db");
  const options = {
    file,
    fsmSyncMode: seed % 2 === 0 ? "sync" : "nosync",
    payloadFileBytes: 100_000,
  } as const;
  let sqlite = new SqliteStore(options);
  let reader = new SqliteReader(file);
  const memory = new MemoryStore();
  const random = new SeededRandom(seed);
  const generator = new Generator(random);
  try {
    for (const [step, seedOfStep] of steps.entries()) {
      random.reseed(seedOfStep);
      const operation = generator.next();
      expect([step, outcome(() => operation(sqlite))]).toEqual([step, outcome(() => operation(memory))]);
      if (random.below(40) === 0) {
        reader.close();
        sqlite.close();
        sqlite = new SqliteStore(options);
        reader = new SqliteReader(file);
      }
      const readTs = random.below(3) === 0 ? BLIND : generator.timestamp();
      const keys = [randomKey(random), randomKey(random), randomKey(random)];
      const limit = 1 + random.below(6);
      const expected = [
        step,
        observe(memory, readTs, keys, limit),
        memory.appliedState(),
        memory.getState("s"),
      ];
      expect([
        step,
        observe(sqlite, readTs, keys, limit),
        sqlite.appliedState(),
        sqlite.getState("s"),
      ]).toEqual(expected);
      expect([
        step,
        observe(reader, readTs, keys, limit),
        reader.appliedState(),
        sqlite.getState("s"),
      ]).toEqual(expected);
      expect(sqlite.retentionHorizon()).toBe(memory.retentionHorizon());
    }
  } finally {
    reader.close();
    sqlite.close();
    directory.remove();
  }
}

describe("SqliteStore behaves as MemoryStore does", () => {
  test.each(Array.from({ length: SEEDS }, (_, i) => firstSeed + i))(
    "seed %d",
    (seed) =>
      checkSteps({ seed, count: STEPS, again: `STORE_MODEL_SEED=${seed}` }, (steps) => compare(seed, steps)),
    60_000,
  );
});
