/** Random operations that any MvccStore takes: for tests that compare stores with each other. */
import { BLIND, type Mutation, type MvccStore, StoreError } from "../../src/store/types.ts";
import { type SeededRandom, shared } from "./helpers.ts";

const PAYLOAD_SIZES = [0, 1, 1024, 1025, 4096, 5000, 70_000];

/** Few, short and nasty keys, so that operations meet. */
export function randomKey(random: SeededRandom): Uint8Array {
  const alphabet = [0x00, 0x01, 0x61, 0xff];
  return Uint8Array.from({ length: random.below(4) }, () => random.pick(alphabet));
}

function randomMutation(random: SeededRandom): Mutation {
  const key = random.below(2) === 0 ? shared(randomKey(random)) : randomKey(random);
  if (random.below(3) === 0) return { kind: "delete", key };
  const payload = random.below(2) === 0 ? undefined : random.bytes(random.pick(PAYLOAD_SIZES));
  const garbage = random.below(3) === 0 ? random.bytes(random.below(5)) : undefined;
  return { kind: "put", key, value: random.bytes(random.below(8)), payload, garbage };
}

export type Operation = (store: MvccStore) => unknown;

export class Generator {
  readonly #random: SeededRandom;
  #ts = 1n << 56n;
  #index = 0;

  /** @param after the applied state of the stores that the operations are for */
  constructor(random: SeededRandom, after?: { readonly index: number; readonly commitTs: bigint }) {
    this.#random = random;
    if (after === undefined || after.index === 0) return;
    this.#ts = after.commitTs;
    this.#index = after.index;
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
export function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    return error instanceof Error ? error.message : error;
  }
}
