import { expect, test } from "bun:test";
import { PendingWriteSweeper, type PendingWriteSweeperOptions } from "../../src/gc/pending-write-sweeper.ts";
import { KvError } from "../../src/txn/types.ts";
import { type Harness, harness, pattern } from "../s3/support/harness.ts";

const MIB = 1024 * 1024;
const HOUR = 3_600_000;
const PENDING = Buffer.from("a\0\u0001");
const CHUNKS = Buffer.from("c\0\u0001");

/** An upload that crashes after its first batches: the pending write and the chunks stay. */
async function crashed(): Promise<Harness> {
  const h = harness();
  await h.call("PUT", "/bucket");
  let seen = 0;
  h.kv.before = () => {
    if (seen++ >= 2) throw new KvError("CLOSED", "the process is gone");
  };
  await h.call("PUT", "/bucket/key", { body: pattern(8 * MIB) });
  h.kv.before = undefined;
  expect([h.kv.rows(PENDING).length, h.kv.rows(CHUNKS).length]).toEqual([1, 6]);
  return h;
}

function sweeper(h: Harness, options: Partial<PendingWriteSweeperOptions> = {}): PendingWriteSweeper {
  return new PendingWriteSweeper({
    group: h.kv,
    clock: h.clock,
    node: "node-1",
    origin: new Uint8Array(8).fill(2),
    ttlMs: 24 * HOUR,
    ...options,
  });
}

test("pending writes of this node's earlier starts go at start", async () => {
  const h = await crashed();
  expect(await sweeper(h, { origin: h.log.origin }).sweepEarlierStarts()).toBe(0);
  expect(await sweeper(h, { node: "node-2" }).sweepEarlierStarts()).toBe(0);
  expect(await sweeper(h).sweepEarlierStarts()).toBe(1);
  expect(h.kv.rows(PENDING).length).toBe(0);
  expect(h.kv.rows(CHUNKS).every((row) => h.kv.isGarbage(row.key))).toBe(true);
});

test("others go when they have been inactive for the TTL", async () => {
  const h = await crashed();
  const other = sweeper(h, { node: "node-2" });
  h.clock.now += 24 * HOUR - 1;
  expect(await other.sweepInactive()).toBe(0);
  h.clock.now += 1;
  expect(await other.sweepInactive()).toBe(1);
});

test("a write that is renewed while it is being judged stays; a swept one cannot finish", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  let seen = 0;
  h.kv.before = async () => {
    if (seen++ !== 2) return;
    h.clock.now += 25 * HOUR;
    expect(await sweeper(h).sweepInactive()).toBe(1);
  };
  const answer = await h.call("PUT", "/bucket/key", { body: pattern(11 * MIB) });
  expect([answer.status, answer.close]).toEqual([503, true]);
  h.kv.before = undefined;
  expect((await h.call("GET", "/bucket/key")).status).toBe(404);
  expect(h.kv.rows(CHUNKS).every((row) => h.kv.isGarbage(row.key))).toBe(true);
});

test("a slow upload renews its row and keeps its chunks", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  let renewals = 0;
  h.kv.before = async (txn) => {
    if (txn.mutations.some((m) => m.kind === "put" && m.key[0] === 0x61)) renewals++;
    h.clock.now += 7 * HOUR;
    await sweeper(h).sweepInactive();
  };
  const body = pattern(11 * MIB);
  expect((await h.call("PUT", "/bucket/key", { body })).status).toBe(200);
  expect(renewals).toBe(3);
  h.kv.before = undefined;
  expect(h.kv.rows(CHUNKS).some((row) => h.kv.isGarbage(row.key))).toBe(false);
  expect(Buffer.compare((await h.call("GET", "/bucket/key")).bytes, body)).toBe(0);
});

test("many pending writes are swept page by page", async () => {
  const h = await crashed();
  const template = h.kv.rows(PENDING)[0];
  if (template === undefined) throw new Error("no pending write");
  for (let i = 0; i < 600; i++) {
    const key = new Uint8Array([...PENDING, 1, 1 + (i >> 7), 1 + (i & 127), 0, 1]);
    await h.kv.transact({ conditions: [], mutations: [{ kind: "put", key, value: template.value }] });
  }
  expect(await sweeper(h).sweepEarlierStarts()).toBe(601);
});
