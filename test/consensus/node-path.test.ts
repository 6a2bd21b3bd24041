/** The whole path of a transaction in one thread: front -> consensus -> log -> commit -> store -> answer. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { RecoveryError } from "../../src/consensus/recovery.ts";
import { GarbageCollector } from "../../src/gc/collector.ts";
import { elastickv as gen } from "../../src/gen/kv.js";
import { systemClock } from "../../src/platform/clock.ts";
import { EntryType } from "../../src/raft/core/index.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import { prefixEnd } from "../../src/store/key-encoding.ts";
import { decodeCommand } from "../../src/txn/command.ts";
import { encodeGarbage } from "../../src/txn/garbage.ts";
import { GARBAGE_PREFIX } from "../../src/txn/keys.ts";
import type { KvGroup, Txn, TxnMutation } from "../../src/txn/types.ts";
import { type LocalNode, MemoryLog, startLocalNode } from "../support/local-cluster/local-node.ts";
import { MemoryGenerations } from "../support/memory-store/memory-generations.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const newGenerations = (): MemoryGenerations =>
  new MemoryGenerations({ fsmSyncMode: "sync", identity: { clusterId: "c", nodeId: "n1" } });
const put = (key: string, value: string, more: object = {}): TxnMutation => ({
  kind: "put",
  key: bytes(key),
  value: bytes(value),
  ...more,
});

let generations: MemoryGenerations;
let log: MemoryLog;
let node: LocalNode;

beforeEach(async () => {
  generations = newGenerations();
  log = new MemoryLog();
  node = await startLocalNode(generations, log);
});
afterEach(async () => {
  await node.stop();
  expect(node.fatal).toEqual([]);
});

const write = (...mutations: TxnMutation[]) => node.front.kv.system.transact({ conditions: [], mutations });
async function read(key: string): Promise<string | undefined> {
  const row = await (await node.front.kv.system.snapshot()).get(bytes(key));
  return row === undefined ? undefined : new TextDecoder().decode(row.value);
}

describe("the path", () => {
  test("an answered write is read at once, and carries the timestamp it was answered with", async () => {
    const outcome = await write(put("k", "v"));
    if (!outcome.ok) throw new Error("refused");
    const row = await (await node.front.kv.system.snapshot()).get(bytes("k"));
    expect(row?.commitTs).toBe(outcome.commitTs);
    expect(await read("k")).toBe("v");
  });

  test("nothing is answered, and nothing read, before its append is on disk", async () => {
    log.held = [];
    const writing = write(put("k", "v"));
    let done = false;
    void writing.then(() => {
      done = true;
    });
    await Bun.sleep(60);
    expect(done).toBe(false);
    expect(log.held.length).toBeGreaterThan(0);
    expect(await read("k")).toBeUndefined();
    log.releaseHeld();
    expect((await writing).ok).toBe(true);
    expect(await read("k")).toBe("v");
  });

  test("every stamp lies above the one before and at or below a ceiling that precedes it in the log", async () => {
    await Promise.all(Array.from({ length: 200 }, (_, i) => write(put(`k${i}`, "v"))));
    await node.stop();
    node = await startLocalNode(generations, log);
    await write(put("after restart", "v"));
    let last = 0n;
    let ceilingMs = 0;
    for (const entry of log.entries) {
      if (entry.type !== EntryType.Normal || entry.data.byteLength === 0) continue;
      const command = decodeCommand(entry.data);
      expect(command.commitTs > last).toBe(true);
      last = command.commitTs;
      if (command.kind === "hlc-ceiling") ceilingMs = Math.max(ceilingMs, command.ceilingMs);
      expect(Number(command.commitTs >> 16n)).toBeLessThanOrEqual(ceilingMs);
    }
    expect(ceilingMs).toBeGreaterThan(0);
  });

  test("a restart with nothing applied replays the log into the same state", async () => {
    for (let i = 0; i < 20; i++) await write(put(`k${i % 7}`, `v${i}`));
    const before = await read("k5");
    await node.stop();
    generations = newGenerations();
    node = await startLocalNode(generations, log);
    expect(await read("k5")).toBe(before as string);
    expect(await read("k6")).toBe("v13");
  });

  test("large payloads keep their bytes and give their memory back", async () => {
    const size = 3 << 20;
    for (let round = 0; round < 5; round++) {
      const buffer = node.front.kv.system.allocate(size);
      buffer.bytes.fill(round + 1);
      await write(put("big", `round ${round}`, { payload: buffer.bytes }));
      buffer.release();
      const row = await (await node.front.kv.system.snapshot()).get(bytes("big"));
      expect(row?.payload?.byteLength).toBe(size);
      expect(row?.payload?.every((byte) => byte === round + 1)).toBe(true);
    }
  });

  test("status tells where the node stands", async () => {
    await write(put("k", "v"));
    const id = raftIdOf("n1");
    expect(node.front.leadership).toMatchObject({ leaderId: id, leading: true });
    const reply = await node.front.cluster.ask({ kind: "status" }, 5_000);
    if (reply.kind !== "status") throw new Error(reply.kind);
    const { leader, commitIndex, lastIndex, members } = reply.view;
    expect([leader, commitIndex]).toEqual(["n1", lastIndex]);
    expect(members).toMatchObject([{ name: "n1", role: "leader", match: lastIndex, reachable: true }]);
  });
});

describe("a node whose halves contradict each other must not vote", () => {
  test("a log older than the keyspace, and a keyspace older than the log, are refused with the numbers", async () => {
    await write(put("k", "v"));
    await write(put("k", "w"));
    await node.stop();
    const complete = log.entries;
    log.entries = complete.slice(0, 1);
    await expect(startLocalNode(generations, log)).rejects.toThrow(RecoveryError);
    await expect(startLocalNode(generations, log)).rejects.toThrow(/the log ends at 2/);
    log.entries = complete.slice(3);
    await expect(startLocalNode(newGenerations(), log)).rejects.toThrow(/the log begins at 5/);
    log.entries = complete.map((entry) => ({ ...entry, term: entry.term + 1 }));
    await expect(startLocalNode(generations, log)).rejects.toThrow(/in the log that entry has term 3/);
    log.entries = complete;
    node = await startLocalNode(generations, log);
  });
});

describe("collector", () => {
  const garbage = (...prefixes: string[]): Uint8Array =>
    gen.kv.Garbage.encode({ prefixes: prefixes.map(bytes) }).finish();
  const keysUnder = async (prefix: string): Promise<number> => {
    const view = await node.front.kv.system.snapshot();
    return (await view.scan(bytes(prefix), prefixEnd(bytes(prefix)), { limit: 10_000, keysOnly: true }))
      .length;
  };
  const listed = async (): Promise<number> => {
    const view = await node.front.kv.system.snapshot();
    return (await view.scan(GARBAGE_PREFIX, prefixEnd(GARBAGE_PREFIX), { limit: 1_000 })).length;
  };

  test("deletes what a superseded row left, 64 operations an entry, and then the list row", async () => {
    await write(put("m", "1", { garbage: garbage("c/1/", "c/2/") }));
    for (let i = 0; i < 300; i++) await write(put(`c/${1 + (i % 2)}/${i}`, "chunk"));
    await write(put("c/3/other", "chunk"));
    await write(put("m", "2"));
    expect(await listed()).toBe(1);
    const entriesBefore = log.entries.length;
    const collector = new GarbageCollector({
      group: node.front.kv.system,
      clock: systemClock,
      gracePeriodMs: 0,
      active: () => true,
    });
    expect(await collector.run()).toBe(301);
    expect(await keysUnder("c/1/")).toBe(0);
    expect(await keysUnder("c/2/")).toBe(0);
    expect(await keysUnder("c/3/")).toBe(1);
    expect(await listed()).toBe(0);
    // Twice 150 rows in batches of 64, and one for the list.
    const batches = log.entries.slice(entriesBefore).filter((entry) => {
      return (
        entry.type === EntryType.Normal &&
        entry.data.byteLength > 0 &&
        decodeCommand(entry.data).kind === "txn"
      );
    });
    expect(batches.length).toBe(3 + 3 + 1);
    expect(await collector.run()).toBe(0);
  });

  test("never walks again over the rows it has deleted: they lie there until old versions are dropped", async () => {
    const starts: Uint8Array[] = [];
    const kv = node.front.kv.system;
    const watched: KvGroup = Object.assign(Object.create(kv) as KvGroup, {
      transact: (txn: Txn) => kv.transact(txn),
      snapshot: async () => {
        const view = await kv.snapshot();
        const scan: typeof view.scan = (start, end, options) => {
          starts.push(start);
          return view.scan(start, end, options);
        };
        return Object.assign(Object.create(view) as typeof view, { scan });
      },
    });
    const collector = new GarbageCollector({
      group: watched,
      clock: systemClock,
      gracePeriodMs: 0,
      active: () => true,
    });
    for (let round = 0; round < 3; round++) {
      await write(put("m", "1", { garbage: garbage("c/") }), put("c/1", "x"));
      await write({ kind: "delete", key: bytes("m") });
      expect(await collector.run()).toBe(2);
      expect(await listed()).toBe(0);
    }
    const onList = starts.filter((start) => {
      return Buffer.compare(start.subarray(0, GARBAGE_PREFIX.byteLength), GARBAGE_PREFIX) === 0;
    });
    // The first two looks of the first run begin at the list's head and behind its only row; later ones go on there.
    const heads = onList.filter((start) => start.byteLength === GARBAGE_PREFIX.byteLength);
    expect(heads.length).toBe(1);
    for (let i = 1; i < onList.length; i++) {
      expect(Buffer.compare(onList[i] as Uint8Array, onList[i - 1] as Uint8Array)).toBeGreaterThanOrEqual(0);
    }
  });

  test("stopped in the middle, it keeps the list row: the rest is for the next run", async () => {
    await write(put("m", "1", { garbage: garbage("c/1/", "c/2/") }), put("c/1/1", "x"), put("c/2/1", "x"));
    await write({ kind: "delete", key: bytes("m") });
    const options = { group: node.front.kv.system, clock: systemClock, gracePeriodMs: 0, active: () => true };
    const stopped: GarbageCollector = new GarbageCollector({ ...options, onDeleted: () => stopped.stop() });
    await stopped.run();
    expect(await listed()).toBe(1);
    await new GarbageCollector(options).run();
    expect(await keysUnder("c/")).toBe(0);
    expect(await listed()).toBe(0);
  });

  for (const [what, unreadable] of [
    ["no message at all", Uint8Array.of(0x0a, 0x7f, 0x01)],
    ["a kind of a newer release (field 15)", Uint8Array.of(0x7a, 0x01, 0x61)],
    ["an empty prefix: every key", garbage("")],
  ] as const) {
    test(`a list row of ${what} is kept and named; the rows behind it are cleaned`, async () => {
      await write(put("m/1", "1", { garbage: unreadable }), put("c/1", "x"), put("other", "x"));
      await write({ kind: "delete", key: bytes("m/1") });
      await write(put("m/2", "1", { garbage: garbage("c/") }));
      await write({ kind: "delete", key: bytes("m/2") });
      const kept: Uint8Array[] = [];
      const collector = new GarbageCollector({
        group: node.front.kv.system,
        clock: systemClock,
        gracePeriodMs: 0,
        active: () => true,
        onUnreadable: (key) => kept.push(key),
      });
      expect(await collector.run()).toBe(2);
      expect(await keysUnder("c/")).toBe(0);
      expect(await read("other")).toBe("x");
      expect(await listed()).toBe(1);
      // Said once, not with every run.
      expect(await collector.run()).toBe(0);
      expect(kept.length).toBe(1);
    });
  }

  test("references go to their function; without one the record stays whole, also its prefixes", async () => {
    const mixed = encodeGarbage([
      { kind: "prefix", prefix: bytes("c/") },
      { kind: "references", prefix: bytes("r/") },
    ]);
    await write(put("m", "1", { garbage: mixed }), put("c/1", "x"), put("r/1", "x"), put("r/2", "x"));
    await write({ kind: "delete", key: bytes("m") });
    const group = node.front.kv.system;
    const kept: Uint8Array[] = [];
    const options = {
      group,
      clock: systemClock,
      gracePeriodMs: 0,
      active: () => true,
      onUnreadable: (key: Uint8Array) => kept.push(key),
    };
    expect(await new GarbageCollector(options).run()).toBe(0);
    expect([kept.length, await keysUnder("c/"), await keysUnder("r/"), await listed()]).toEqual([1, 1, 2, 1]);
    const asked: string[] = [];
    let fails = true;
    const deleteReferences = async (prefix: Uint8Array): Promise<number> => {
      asked.push(new TextDecoder().decode(prefix));
      if (fails) throw new Error("no leader");
      await write({ kind: "delete-prefix", prefix });
      return 2;
    };
    const able = new GarbageCollector({ ...options, deleteReferences });
    // A function that fails ends the run, and the record stays for the next one.
    await expect(able.run()).rejects.toThrow("no leader");
    expect(await listed()).toBe(1);
    fails = false;
    // Two references and the record: the row under the prefix went in the first run.
    expect(await able.run()).toBe(3);
    expect([asked, kept.length]).toEqual([["r/", "r/"], 1]);
    expect([await keysUnder("c/"), await keysUnder("r/"), await listed()]).toEqual([0, 0, 0]);
  });

  test("waits for the grace period, and does nothing where it is not the leader's", async () => {
    await write(put("m", "1", { garbage: garbage("c/") }), put("c/1", "x"));
    await write({ kind: "delete", key: bytes("m") });
    const patient = new GarbageCollector({
      group: node.front.kv.system,
      clock: systemClock,
      gracePeriodMs: 60_000,
      active: () => true,
    });
    expect(await patient.run()).toBe(0);
    const idle = new GarbageCollector({
      group: node.front.kv.system,
      clock: systemClock,
      gracePeriodMs: 0,
      active: () => false,
    });
    expect(await idle.run()).toBe(0);
    expect(await keysUnder("c/")).toBe(1);
  });
});

describe("reads through the row cache", () => {
  test("every answered write is what the next read finds, over puts, deletes and prefix deletions", async () => {
    const key = "hot";
    for (let i = 0; i < 50; i++) {
      await write(put(key, `v${i}`));
      expect(await read(key)).toBe(`v${i}`);
      expect(await read(key)).toBe(`v${i}`);
      if (i % 5 === 4) {
        const gone: TxnMutation =
          i % 2 === 0 ? { kind: "delete", key: bytes(key) } : { kind: "delete-prefix", prefix: bytes("ho") };
        await write(gone);
        expect(await read(key)).toBeUndefined();
      }
    }
  });

  test("concurrent writers and readers: no read goes back behind an answered write", async () => {
    let answered = -1;
    const writer = async (): Promise<void> => {
      for (let i = 0; i < 300; i++) {
        await write(put("k", String(i)));
        answered = i;
      }
    };
    let running = true;
    const reader = async (): Promise<number> => {
      let reads = 0;
      while (running) {
        const floor = answered;
        const found = Number((await read("k")) ?? -1);
        expect(found).toBeGreaterThanOrEqual(floor);
        reads++;
        await Bun.sleep(0);
      }
      return reads;
    };
    const readers = [reader(), reader(), reader()];
    await writer();
    running = false;
    for (const reads of await Promise.all(readers)) expect(reads).toBeGreaterThan(10);
  });
});
