/** A node with two gateways: one log, one keyspace, one collector; sessions, slabs, caches and reads of their own. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { GatewayKv } from "../../src/gateway/gateway-kv.ts";
import { PendingWriteSweeper } from "../../src/gc/pending-write-sweeper.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { putPendingWrite } from "../../src/s3/content/pending-writes.ts";
import { type LocalNode, MemoryLog, startLocalNode } from "../support/local-cluster/local-node.ts";
import { MemoryGenerations } from "../support/memory-store/memory-generations.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let node: LocalNode;
let first: GatewayKv;
let second: GatewayKv;

beforeEach(async () => {
  const generations = new MemoryGenerations({
    fsmSyncMode: "sync",
    identity: { clusterId: "c", nodeId: "n1" },
  });
  node = await startLocalNode(generations, new MemoryLog(), 2);
  const [one, other] = node.front.gateways;
  if (other === undefined) throw new Error("one gateway");
  [first, second] = [one, other];
});
afterEach(async () => {
  await node.stop();
  expect(node.fatal).toEqual([]);
});

const write = (gateway: GatewayKv, key: string, value: string) =>
  gateway.kv.system.transact({
    conditions: [],
    mutations: [{ kind: "put", key: bytes(key), value: bytes(value) }],
  });
async function read(gateway: GatewayKv, key: string): Promise<string | undefined> {
  const row = await (await gateway.kv.system.snapshot()).get(bytes(key));
  return row === undefined ? undefined : new TextDecoder().decode(row.value);
}

describe("two gateways", () => {
  test("what one has acknowledged the other reads, however often its cache has seen the row before", async () => {
    for (let round = 0; round < 20; round++) {
      const [writer, reader] = round % 2 === 0 ? [first, second] : [second, first];
      expect((await write(writer, "k", `v${round}`)).ok).toBe(true);
      expect(await read(reader, "k")).toBe(`v${round}`);
      expect(await read(writer, "k")).toBe(`v${round}`);
    }
  });

  test("the same sequence numbers at both are two transactions, each with its own answer", async () => {
    const key = bytes("once");
    const once = (gateway: GatewayKv) =>
      gateway.kv.system.transact({
        conditions: [{ kind: "must-not-exist", key }],
        mutations: [{ kind: "put", key, value: bytes("v") }],
      });
    const outcomes = await Promise.all([once(first), once(second)]);
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
  });

  test("slabs go back to the gateway that lent them", async () => {
    const large = async (gateway: GatewayKv, key: string) => {
      const payload = gateway.kv.system.allocate(300_000);
      payload.bytes.fill(7);
      const outcome = await gateway.kv.system.transact({
        conditions: [],
        mutations: [{ kind: "put", key: bytes(key), value: bytes("v"), payload: payload.bytes }],
      });
      payload.release();
      expect(outcome.ok).toBe(true);
    };
    for (let round = 0; round < 30; round++)
      await Promise.all([large(first, `a${round}`), large(second, `b${round}`)]);
    for (const [gateway, name] of [
      [first, "a29"],
      [second, "b29"],
    ] as const) {
      const row = await (await gateway.kv.system.snapshot()).get(bytes(name));
      expect(row?.payload?.every((byte) => byte === 7)).toBe(true);
    }
  });

  test("a pending write of one is no orphan to the other: both are of one start of the node", async () => {
    const id = bytes("0123456789abcdef");
    const startId = new Uint8Array(8).fill(1);
    const now = systemClock.nowMs();
    const record = { node: "n1", origin: startId, startedMs: now, seenMs: now, bucket: "b", key: "k" };
    const content = { kind: "prefix" as const, prefix: bytes("chunks") };
    const mutations = [putPendingWrite(id, record, content)];
    await first.kv.system.transact({ conditions: [], mutations });
    const sweeper = (origin: Uint8Array) =>
      new PendingWriteSweeper({
        group: second.kv.system,
        clock: systemClock,
        node: "n1",
        origin,
        ttlMs: 3_600_000,
      });
    expect(await sweeper(startId).sweepEarlierStarts()).toBe(0);
    expect(await sweeper(new Uint8Array(8).fill(2)).sweepEarlierStarts()).toBe(1);
  });

  test("a disk without space stops both", async () => {
    node.published.publishDiskSpace("none");
    for (const gateway of [first, second]) {
      await expect(write(gateway, "k", "v")).rejects.toMatchObject({ code: "DISK_FULL" });
    }
    node.published.publishDiskSpace("enough");
    for (const gateway of [first, second]) expect((await write(gateway, "k", "v")).ok).toBe(true);
  });
});
