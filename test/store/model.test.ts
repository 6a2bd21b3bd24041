/** Random operation sequences on both stores at once: after every step they must answer alike. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  BLIND,
  MemoryStore,
  type Mutation,
  type MvccStore,
  SqliteReader,
  SqliteStore,
  StoreError,
} from "../../src/store/index.ts";
import { hex, SeededRandom, shared, temporaryDirectory } from "./helpers.ts";

const STEPS = 250;
const SEEDS = 6;
const firstSeed = Number(process.env["STORE_MODEL_SEED"] ?? Date.now() % 1_000_000);

const PAYLOAD_SIZES = [0, 1, 1024, 1025, 4096, 5000, 70_000];

/** Few, short and nasty keys, so that operations meet. */
function randomKey(random: SeededRandom): Uint8Array {
  const alphabet = [0x00, 0x01, 0x61, 0xff];
  return Uint8Array.from({ length: random.below(4) }, () => random.pick(alphabet));
}

function randomMutation(random: SeededRandom): Mutation {
  const key = random.below(2) === 0 ? shared(randomKey(random)) : randomKey(random);
  if (random.below(3) === 0) return { kind: "delete", key };
  const payload = random.below(2) === 0 ? undefined : random.bytes(random.pick(PAYLOAD_SIZES));
  const disposal = random.below(3) === 0 ? random.bytes(random.below(5)) : undefined;
  return { kind: "put", key, value: random.bytes(random.below(8)), payload, disposal };
}

type Operation = (store: MvccStore) => unknown;

class Generator {
  readonly #random: SeededRandom;
  #ts = 1n << 56n;
  #index = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Around now, sometimes far back. */
  timestamp(): bigint {
    return this.#ts - BigInt(this.#random.below(this.#random.below(4) === 0 ? 60 : 6));
  }

  #mutations(): Mutation[] {
    return Array.from({ length: 1 + this.#random.below(4) }, () => randomMutation(this.#random));
  }

  next(): Operation {
    const random = this.#random;
    this.#ts += BigInt(random.below(3));
    const commitTs = random.below(6) === 0 ? this.timestamp() : this.#ts;
    const prefix = randomKey(random).subarray(0, 2);
    switch (random.below(8)) {
      case 0: {
        const mutations = this.#mutations();
        return (store) => store.applyMutations(mutations, BLIND, commitTs);
      }
      case 1: {
        const mutations = this.#mutations();
        const startTs = this.timestamp();
        return (store) => store.applyMutations(mutations, startTs, commitTs);
      }
      case 2:
        return (store) => store.deletePrefixAt(prefix, commitTs);
      case 3: {
        const horizon = this.timestamp();
        const rows = 1 + random.below(20);
        return (store) => {
          store.compactVersions(horizon, rows);
          let removed = 0;
          for (let n = 1; n > 0; removed += n) n = store.compactVersions(horizon, rows);
          return removed >= 0;
        };
      }
      default:
        return this.#raftBatch(prefix, commitTs);
    }
  }

  #raftBatch(prefix: Uint8Array, commitTs: bigint): Operation {
    const random = this.#random;
    const calls = Array.from({ length: 1 + random.below(3) }, () => this.#mutations());
    const since = this.timestamp();
    const fails = random.below(6) === 0;
    const deletes = random.below(4) === 0;
    const state = random.below(3) === 0 ? undefined : random.bytes(random.below(9));
    this.#index += random.below(8) === 0 ? 0 : 1;
    const index = this.#index;
    return (store) =>
      store.raftBatch({ index, term: 1, commitTs }, (batch) => {
        const seen: unknown[] = [];
        for (const mutations of calls) {
          batch.applyMutationsRaft(mutations, BLIND, commitTs);
          for (const { key } of mutations) seen.push(batch.latest(key));
          seen.push(batch.prefixHasLive(prefix), batch.prefixChangedSince(prefix, since));
        }
        if (deletes) seen.push(batch.deletePrefixAtRaft(prefix, commitTs), batch.prefixHasLive(prefix));
        batch.putState("s", state);
        if (fails) throw new Error("planned failure");
        return seen;
      });
  }
}

/** The answer, or the kind of error: texts may differ. */
function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    return error instanceof Error ? error.message : error;
  }
}

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

describe("SqliteStore behaves as MemoryStore does", () => {
  test.each(Array.from({ length: SEEDS }, (_, i) => firstSeed + i))(
    "seed %d",
    (seed) => {
      console.log(`store model seed ${seed} (STORE_MODEL_SEED=${seed} repeats it)`);
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
        for (let step = 0; step < STEPS; step++) {
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
    },
    60_000,
  );
});
