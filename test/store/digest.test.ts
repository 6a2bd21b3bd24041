/** The number that the simulator compares between replicas: the same for the same rows and states, however they came. */
import { expect, test } from "bun:test";
import { BLIND, type Mutation, type RaftBatch } from "../../src/store/types.ts";
import { MemoryGenerations } from "../support/memory-store/memory-generations.ts";
import type { KeyspaceWatch } from "../support/memory-store/memory-store.ts";
import { SeededRandom } from "./helpers.ts";

const identity = { clusterId: "c", nodeId: "n1" };
const text = new TextEncoder();

type Write = (batch: RaftBatch) => void;

function someWrites(random: SeededRandom, count: number): Write[] {
  return Array.from({ length: count }, (_, i): Write => {
    const commitTs = BigInt(i + 1);
    const key = text.encode(`k${random.below(6)}`);
    const value = text.encode(`v${random.below(1_000)}`);
    const payload = random.below(3) === 0 ? text.encode("p".repeat(random.below(50))) : undefined;
    const state = random.below(4) === 0 ? undefined : value;
    const put: Mutation = { kind: "put", key, value, payload };
    switch (random.below(5)) {
      case 0:
        return (batch) => batch.applyMutationsRaft([{ kind: "delete", key }], BLIND, commitTs);
      case 1:
        return (batch) => void batch.deletePrefixAtRaft(text.encode("k"), commitTs);
      case 2:
        return (batch) => batch.putState(`s${i % 3}`, state);
      default:
        return (batch) => batch.applyMutationsRaft([put], BLIND, commitTs);
    }
  });
}

interface Replica {
  readonly generations: MemoryGenerations;
  readonly reached: Map<number, number>;
  readonly wrote: Map<bigint, number>;
}

function replica(mode: "sync" | "nosync" = "sync"): Replica {
  const reached = new Map<number, number>();
  const wrote = new Map<bigint, number>();
  const watch: KeyspaceWatch = {
    reached: ({ index }, digest) => reached.set(index, digest),
    wrote: (commitTs, rows) => wrote.set(commitTs, rows),
  };
  return { generations: new MemoryGenerations({ fsmSyncMode: mode, identity, watch }), reached, wrote };
}

function apply({ generations }: Replica, writes: readonly Write[], from: number, batchSize: number): void {
  const store = generations.open();
  for (let at = from; at < writes.length; at += batchSize) {
    const part = writes.slice(at, at + batchSize);
    const last = at + part.length;
    store.raftBatch({ index: last, term: 1, commitTs: BigInt(last) }, (batch) => {
      for (const write of part) write(batch);
    });
  }
  store.close();
}

test("one by one and all at once, the rows behind each timestamp are the same, and the end is", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [one, all] = [replica(), replica()];
    const writes = someWrites(new SeededRandom(seed), 40);
    apply(one, writes, 0, 1);
    apply(all, writes, 0, 40);
    expect(all.wrote).toEqual(one.wrote);
    expect(all.reached.get(40)).toBe(one.reached.get(40) as number);
    expect(one.wrote.size).toBeGreaterThan(20);
  }
});

test("what is rolled back, or lost with the power, leaves nothing behind", () => {
  const [straight, winding] = [replica("nosync"), replica("nosync")];
  const put = (value: string): Write => {
    const mutation: Mutation = { kind: "put", key: text.encode("k"), value: text.encode(value) };
    return (batch) => {
      batch.applyMutationsRaft([mutation], BLIND, BigInt(value.length));
      batch.putState("s", mutation.value);
    };
  };
  const writes = ["1", "22", "333"].map(put);
  apply(straight, writes, 0, 1);
  apply(winding, writes.slice(0, 2), 0, 1);
  winding.generations.crash(() => 1);
  const store = winding.generations.open();
  expect(() =>
    store.raftBatch({ index: 2, term: 1, commitTs: 9n }, (batch) => {
      put("999999999")(batch);
      throw new Error("not this one");
    }),
  ).toThrow("not this one");
  store.close();
  apply(winding, writes, 1, 1);
  expect(winding.reached).toEqual(straight.reached);
});

test("a snapshot brings what it was taken of, and what changes shows", () => {
  const [from, to] = [replica(), replica()];
  apply(from, someWrites(new SeededRandom(7), 60), 0, 1);
  const source = from.generations.openExport();
  const sink = to.generations.createImport();
  for (let piece = source.next(1_000); piece !== undefined; piece = source.next(1_000)) sink.write(piece);
  sink.finish();
  to.generations.installImport();
  expect(to.reached.get(60)).toBe(from.reached.get(60) as number);
  expect(new Set(from.reached.values()).size).toBeGreaterThan(30);
});
