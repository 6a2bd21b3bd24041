import { beforeEach, describe, expect, test } from "bun:test";
import { LinearizableReader } from "../../src/kv/linearizable-reader.ts";
import { READ_INDEX_RETRY_MS } from "../../src/kv/read-index-rounds.ts";
import { packKeys } from "../../src/messages/changed-keys.ts";
import type { ConsensusToGateway, GatewayToConsensus } from "../../src/messages/messages.ts";
import { BLIND } from "../../src/store/types.ts";
import type { Channel } from "../../src/threads/channel.ts";
import { type PublishedGroup, PublishedState } from "../../src/threads/shared-state.ts";
import { localChannel } from "../support/local-channel.ts";
import { MemoryStore } from "../support/memory-store/memory-store.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let nowMs: number;
/** Runs when the fence looks at the clock: where a process may be paused. */
let onClock: () => void;
const clock = {
  nowMs: () => nowMs,
  monotonicMs: () => {
    onClock();
    return nowMs;
  },
};
let store: MemoryStore;
let published: PublishedGroup;
let consensus: Channel<GatewayToConsensus, ConsensusToGateway>;
let shard: LinearizableReader;
let asked: number[];
let fences: string[];

beforeEach(() => {
  nowMs = 10_000;
  onClock = () => {};
  asked = [];
  fences = [];
  store = new MemoryStore();
  published = new PublishedState().group(0);
  const [front, back] = localChannel<ConsensusToGateway, GatewayToConsensus>();
  consensus = back;
  consensus.onBatch((messages) => {
    for (const message of messages) if (message.kind === "read-index") asked.push(message.id);
  });
  shard = new LinearizableReader({
    group: 0,
    reader: store,
    published,
    consensus: front,
    clock,
    deadlineMs: 5_000,
    onFence: (outcome) => fences.push(outcome),
  });
});

/** Entry `index` writes k = value at timestamp `index`. */
function apply(index: number, value: string): void {
  store.applyMutations([{ kind: "put", key: bytes("k"), value: bytes(value) }], BLIND, BigInt(index));
  published.publishApplied(index, BigInt(index));
  shard.onApplied({ index, term: 1, commitTs: BigInt(index) }, packKeys([bytes("k")]));
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const read = async (): Promise<string | undefined> => {
  const row = await (await shard.snapshot()).get(bytes("k"));
  return row === undefined ? undefined : new TextDecoder().decode(row.value);
};

describe("the read fence", () => {
  test("under the lease a read costs no message", async () => {
    apply(1, "one");
    published.publishCommit(1);
    published.publishLease(1, (nowMs + 800) * 1000);
    expect(await read()).toBe("one");
    expect(fences).toEqual(["hit"]);
    expect(asked).toEqual([]);
  });

  test("what is committed but not applied yet is waited for", async () => {
    apply(1, "one");
    published.publishCommit(2);
    published.publishLease(1, (nowMs + 800) * 1000);
    const reading = read();
    let done = false;
    void reading.then(() => {
      done = true;
    });
    await settle();
    expect(done).toBe(false);
    apply(2, "two");
    expect(await reading).toBe("two");
  });

  test("an expired lease asks for a round, and waits for the index it gives", async () => {
    apply(1, "one");
    published.publishCommit(1);
    published.publishLease(1, nowMs * 1000);
    const reading = read();
    await settle();
    expect(fences).toEqual(["miss"]);
    expect(asked).toEqual([1]);
    shard.onReadState(1, 2);
    await settle();
    apply(2, "two");
    expect(await reading).toBe("two");
  });

  test("a process paused between the sample and the clock finds its lease gone", async () => {
    apply(1, "old");
    published.publishCommit(1);
    published.publishLease(1, (nowMs + 800) * 1000);
    onClock = () => {
      // SIGSTOP here, two seconds: another leader has committed entry 2 in the meantime.
      nowMs += 2_000;
      onClock = () => {};
    };
    const reading = read();
    await settle();
    expect(fences).toEqual(["miss"]);
    shard.onReadState(1, 2);
    apply(2, "new");
    expect(await reading).toBe("new");
  });

  test("a lease of another term than the position was read in does not count", async () => {
    apply(1, "one");
    published.publishCommit(1);
    published.publishLease(1, (nowMs + 800) * 1000);
    // Deposed and elected again between the sample and the clock: others may have committed in between.
    onClock = () => {
      onClock = () => {};
      published.publishLease(3, (nowMs + 800) * 1000);
    };
    const reading = read();
    await settle();
    expect(fences).toEqual(["miss"]);
    expect(asked).toEqual([1]);
    shard.onReadState(1, 1);
    expect(await reading).toBe("one");
  });

  test("under a valid lease the number of rounds stays flat, however many read", async () => {
    apply(1, "one");
    published.publishCommit(1);
    for (let i = 0; i < 500; i++) {
      published.publishLease(1, (++nowMs + 800) * 1000);
      expect(await read()).toBe("one");
    }
    await settle();
    expect(shard.roundsAsked).toBe(0);
    expect(asked).toEqual([]);
  });

  test("after a snapshot took the keyspace's place nothing of the old one is read", async () => {
    apply(1, "old");
    published.publishCommit(1);
    published.publishLease(1, (nowMs + 8_000) * 1000);
    expect(await read()).toBe("old");
    expect(await read()).toBe("old");
    store = new MemoryStore();
    shard.reopen(store);
    store.applyMutations([{ kind: "put", key: bytes("k"), value: bytes("new") }], BLIND, 1n);
    expect(await read()).toBe("new");
  });

  test("reads share a round, but none joins one that began before it came", async () => {
    const first = read();
    await settle();
    const second = read();
    const third = read();
    await settle();
    expect(asked).toEqual([1]);
    shard.onReadState(1, 0);
    await settle();
    expect(asked).toEqual([1, 2]);
    apply(1, "one");
    shard.onReadState(2, 1);
    await Promise.all([first, second, third]);
    expect(asked).toEqual([1, 2]);
  });

  test("a round without an answer is tried again with a fresh id, and the answer to either will do", async () => {
    const reading = read();
    await settle();
    nowMs += READ_INDEX_RETRY_MS;
    shard.expire();
    await settle();
    expect(asked).toEqual([1, 2]);
    shard.onReadState(2, 0);
    expect(await reading).toBeUndefined();
    // Not again.
    shard.onReadState(1, 0);
    shard.onReadState(2, 0);
  });

  test("a late answer serves those who asked before it was asked for, and nobody else", async () => {
    const early = read();
    await settle();
    const late = read();
    let lateDone = false;
    void late.then(() => {
      lateDone = true;
    });
    nowMs += READ_INDEX_RETRY_MS;
    shard.expire();
    await settle();
    expect(asked).toEqual([1, 2]);
    shard.onReadState(1, 0);
    expect(await early).toBeUndefined();
    await settle();
    expect(lateDone).toBe(false);
    apply(1, "one");
    shard.onReadState(2, 1);
    expect(await late).toBe("one");
  });

  test("answers that take longer than the patience of a round are enough for reads to go on", async () => {
    const reading = read();
    for (let i = 0; i < 4; i++) {
      await settle();
      nowMs += READ_INDEX_RETRY_MS;
      shard.expire();
      // Always the answer to the number before the present one.
      await settle();
      if (i > 0) shard.onReadState(i, 0);
    }
    expect(await reading).toBeUndefined();
  });

  test("no leader within the deadline: UNAVAILABLE; closing ends what waits", async () => {
    const reading = read();
    await settle();
    nowMs += 5_000;
    shard.expire();
    expect(reading).rejects.toMatchObject({ code: "UNAVAILABLE" });
    const another = read();
    shard.close();
    expect(another).rejects.toMatchObject({ code: "CLOSED" });
    await settle();
  });
});
