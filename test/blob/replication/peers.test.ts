/** Pushes, fetches and questions between blob threads over a simulated network. */
import { describe, expect, test } from "bun:test";
import { FETCH_MS, PUSH_MS, RECEIVING_BYTES_PER_PEER } from "../../../src/blob/replication/limits.ts";
import type { PushResult } from "../../../src/blob/replication/types.ts";
import { BLOB_WINDOWS, MAX_BLOB_BYTES } from "../../../src/peer/limits.ts";
import { World } from "../../peer/support/world.ts";
import {
  type BlobNode,
  blob,
  blobGroup,
  CLUSTER,
  hex,
  member,
  pass,
  sha256,
  soon,
  startBlobNode,
} from "./support/nodes.ts";

const MIB = 1 << 20;
const WINDOW = BLOB_WINDOWS.push.bytes / MIB;

const push = (from: BlobNode, to: BlobNode, bytes: Uint8Array, pin = 7) =>
  from.peers.push(to.id, sha256(bytes), bytes, pin);

async function pair(world: World): Promise<[BlobNode, BlobNode]> {
  return (await blobGroup(world, 2)) as [BlobNode, BlobNode];
}

describe("requests", () => {
  test("a push arrives whole and with its pin; the answer says that the peer holds it", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    const bytes = blob(1);
    expect(await soon(world, push(a, b, bytes, 1234).result)).toBe("stored");
    expect(b.blobs.held.get(hex(sha256(bytes)))).toEqual(bytes);
    expect(b.blobs.pins).toEqual([{ from: 1, pinUntilMs: 1234 }]);
  });

  test("many pushes in both directions, fetches and questions at once: each gets its own answer", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    const blobs = Array.from({ length: 40 }, (_, i) => blob(i, 100_000 + i));
    const there = blobs.map((bytes) => push(a, b, bytes).result);
    const back = blobs.map((bytes) => push(b, a, bytes).result);
    const all = await soon(world, Promise.all([...there, ...back]));
    expect(new Set(all)).toEqual(new Set(["stored"]));
    const fetched = blobs.map((bytes) => a.peers.fetch(2, sha256(bytes), MIB));
    const asked = a.peers.ask(2, [...blobs.map(sha256), sha256(blob(99))], false);
    for (const [i, result] of (await soon(world, Promise.all(fetched))).entries()) {
      expect(result).toEqual({ kind: "blob", bytes: blobs[i] as Uint8Array });
    }
    expect(await soon(world, asked)).toEqual([...blobs.map(() => "present" as const), "missing"]);
  });

  test("answers of a peer that refuses come back as they are", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    for (const result of ["corrupt", "disk-full", "busy", "failed"] as const) {
      b.blobs.behave = async () => result;
      expect(await soon(world, push(a, b, blob(1)).result)).toBe(result);
    }
    b.blobs.behave = async () => {
      throw new Error("a bug");
    };
    expect(await soon(world, push(a, b, blob(1)).result)).toBe("failed");
    expect(a.peers.reachable()).toEqual([2]);
  });

  test("a fetch of what is not there, is damaged, is longer than it can be, or cannot be sent", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    const bytes = blob(1, 5_000);
    const name = sha256(bytes);
    expect(await soon(world, a.peers.fetch(2, name, MIB))).toEqual({ kind: "not-found" });
    await soon(world, push(a, b, bytes).result);
    expect(await soon(world, a.peers.fetch(2, name, 4_999))).toEqual({ kind: "not-found" });
    b.blobs.damaged.add(hex(name));
    expect(await soon(world, a.peers.fetch(2, name, MIB))).toEqual({ kind: "not-found" });
    expect(await soon(world, a.peers.ask(2, [name], false))).toEqual(["present"]);
    expect(await soon(world, a.peers.ask(2, [name], true))).toEqual(["corrupt"]);
    b.blobs.onFetch = () => new Uint8Array(MAX_BLOB_BYTES + 1);
    expect(await soon(world, a.peers.fetch(2, name, MIB))).toEqual({ kind: "lost" });
  });

  test("a server may use the memory of a fetched blob again for the next", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    const memory = new Uint8Array(1_000);
    b.blobs.onFetch = (sha) => memory.fill(sha[0] ?? 0);
    const names = [1, 2, 3].map((first) => new Uint8Array(32).fill(first));
    const all = await soon(world, Promise.all(names.map((name) => a.peers.fetch(2, name, MIB))));
    expect(all.map((each) => (each.kind === "blob" ? each.bytes[999] : each.kind))).toEqual([1, 2, 3]);
  });

  test("a long question is asked in parts, a deep one in short parts", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    const names = Array.from({ length: 2_050 }, (_, i) => sha256(Uint8Array.of(i & 255, i >> 8)));
    expect(await soon(world, a.peers.ask(2, names, false))).toEqual(names.map(() => "missing" as const));
    expect(b.blobs.asked).toBe(3);
    await soon(world, a.peers.ask(2, names.slice(0, 33), true));
    expect(b.blobs.asked).toBe(6);
  });

  test("what no peer could be sent is refused at once", async () => {
    const world = new World();
    const [a] = await pair(world);
    expect(() => a.peers.push(2, new Uint8Array(31), blob(1, 10), 0)).toThrow(RangeError);
    expect(() => a.peers.push(2, new Uint8Array(32), new Uint8Array(MAX_BLOB_BYTES + 1), 0)).toThrow(
      RangeError,
    );
    expect(await a.peers.push(3, new Uint8Array(32), blob(1, 10), 0).result).toBe("lost");
    expect(await a.peers.ask(3, [new Uint8Array(32), new Uint8Array(32)], false)).toEqual([
      "unknown",
      "unknown",
    ]);
    expect(await a.peers.fetch(3, new Uint8Array(32), 10)).toEqual({ kind: "lost" });
  });
});

describe("a peer in trouble", () => {
  test("never answers: every request fails within its time, and no more than one window is sent", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    b.blobs.behave = () => new Promise(() => {});
    const pushes = Array.from({ length: WINDOW + 4 }, (_, i) => push(a, b, blob(i)));
    expect(a.peers.hasRoom(2)).toBe(false);
    const results: PushResult[] = [];
    for (const { result } of pushes) result.then((each) => results.push(each));
    await pass(world, PUSH_MS - 10);
    expect(results).toEqual([]);
    await pass(world, 20);
    expect(results).toEqual(pushes.map(() => "lost" as const));
    expect(b.blobs.pushes).toBe(WINDOW);
    // Its window stays full, and other kinds of requests have windows of their own.
    expect(a.peers.hasRoom(2)).toBe(false);
    expect(await soon(world, a.peers.fetch(2, sha256(blob(1)), MIB))).toEqual({ kind: "not-found" });
  });

  test("stands still: requests are lost with the connection, and it serves again when it goes on", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    world.stopped.add("h2");
    const began = world.clock.monotonicMs();
    const lost = [push(a, b, blob(1)).result, a.peers.fetch(2, sha256(blob(1)), MIB)] as const;
    expect(await soon(world, Promise.all(lost))).toEqual(["lost", { kind: "lost" }]);
    expect(world.clock.monotonicMs() - began).toBeLessThanOrEqual(FETCH_MS);
    expect(a.peers.reachable()).toEqual([]);
    world.stopped.delete("h2");
    await pass(world, 10_000);
    expect(a.peers.reachable()).toEqual([2]);
    expect(await soon(world, push(a, b, blob(2)).result)).toBe("stored");
  });

  test("dies half-way through a push, in either direction: all its requests are lost at once", async () => {
    for (const [from, to] of [
      ["h1", "h2"],
      ["h2", "h1"],
    ] as const) {
      const world = new World();
      const [a, b] = await pair(world);
      b.blobs.behave = () => new Promise(() => {});
      const results = Array.from({ length: WINDOW + 2 }, (_, i) => push(a, b, blob(i)).result);
      await pass(world, 8);
      world.living(from, to)[0]?.reset();
      expect(new Set(await soon(world, Promise.all(results), 5))).toEqual(new Set(["lost"]));
      b.blobs.behave = undefined;
      await pass(world, 6_000);
      expect(await soon(world, push(a, b, blob(2)).result)).toBe("stored");
    }
  });

  test("restarts: an answer to the earlier start means nothing to the next", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    let answer: (result: "stored") => void = () => {};
    b.blobs.behave = () => new Promise((resolve) => (answer = resolve));
    push(a, b, blob(1));
    await pass(world, 50);
    a.peers.close();
    const again = await startBlobNode(world, 1);
    again.peers.setMembers(CLUSTER, [member(1), member(2)]);
    await pass(world, 6_000);
    expect(again.peers.reachable()).toEqual([2]);
    const earlier = answer;
    const next = push(again, b, blob(2)).result;
    await pass(world, 50);
    earlier("stored");
    await pass(world, 50);
    const raced = await Promise.race([next, Promise.resolve("not answered")]);
    expect(raced).toBe("not answered");
  });
});

describe("windows", () => {
  test("full: pushes wait in order, and each answer makes room for the next", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    const waiting: (() => void)[] = [];
    const arrived: string[] = [];
    b.blobs.behave = (sha) => {
      arrived.push(hex(sha));
      return new Promise((resolve) => waiting.push(() => resolve("stored")));
    };
    const blobs = Array.from({ length: WINDOW + 3 }, (_, i) => blob(i));
    const results = blobs.map((bytes) => push(a, b, bytes).result);
    await pass(world, 300);
    expect(arrived).toHaveLength(WINDOW);
    waiting.shift()?.();
    await pass(world, 50);
    expect(arrived).toHaveLength(WINDOW + 1);
    while (arrived.length < blobs.length || waiting.length > 0) {
      waiting.shift()?.();
      await pass(world, 5);
    }
    expect(new Set(await soon(world, Promise.all(results)))).toEqual(new Set(["stored"]));
    expect(arrived).toEqual(blobs.map((bytes) => hex(sha256(bytes))));
    expect([a.peers.hasRoom(2), a.dropped, b.dropped]).toEqual([true, [], []]);
  });

  test("small pushes are counted too", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    b.blobs.behave = () => new Promise(() => {});
    for (let i = 0; i < BLOB_WINDOWS.push.requests + 5; i++) push(a, b, blob(i, 10));
    await pass(world, 50);
    expect(b.blobs.pushes).toBe(BLOB_WINDOWS.push.requests);
  });

  test("a push that is given up while it waits never reaches the peer: its memory is free at once", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    const results: string[] = [];
    b.blobs.behave = async (sha, bytes) => {
      const result = b.blobs.keep(1, sha, bytes, 0);
      results.push(result);
      return result;
    };
    const memory = blob(100);
    for (let i = 0; i < WINDOW; i++) push(a, b, blob(i));
    const waits = push(a, b, memory);
    const behind = push(a, b, blob(101));
    waits.abandon();
    memory.fill(0xee);
    expect(await soon(world, waits.result)).toBe("lost");
    expect(await soon(world, behind.result)).toBe("stored");
    expect(results).toHaveLength(WINDOW + 1);
    expect(new Set(results)).toEqual(new Set(["stored"]));
    waits.abandon();
  });

  test("a push that was copied before it is given up arrives as it was, whatever becomes of its memory", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    const memory = blob(1);
    const before = new Uint8Array(memory);
    const pushed = push(a, b, memory);
    pushed.abandon();
    memory.fill(0xee);
    expect(await soon(world, pushed.result)).toBe("stored");
    expect(b.blobs.held.get(hex(sha256(before)))).toEqual(before);
  });

  test("bytes that were changed too early are refused by their SHA-256, and never kept under the name", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    for (let i = 0; i < WINDOW; i++) push(a, b, blob(i));
    const memory = blob(100);
    const name = sha256(memory);
    const wrong = a.peers.push(2, name, memory, 0);
    // A caller that breaks the contract: no `abandon` before it uses the memory again.
    memory.fill(0xee);
    expect(await soon(world, wrong.result)).toBe("corrupt");
    expect(b.blobs.held.has(hex(name))).toBe(false);
  });

  test("a receiver with too many bytes under way answers busy", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    b.blobs.behave = () => new Promise(() => {});
    // Each broken connection leaves the receiver with a window of pushes that it still works on.
    for (let round = 0; round < RECEIVING_BYTES_PER_PEER / BLOB_WINDOWS.push.bytes; round++) {
      for (let i = 0; i < WINDOW; i++) push(a, b, blob(i));
      await pass(world, 300);
      world.living("h1", "h2")[0]?.reset();
      await pass(world, 3_000);
    }
    expect(b.blobs.pushes * MIB).toBe(RECEIVING_BYTES_PER_PEER);
    expect(await soon(world, push(a, b, blob(1)).result)).toBe("busy");
    expect(b.blobs.pushes * MIB).toBe(RECEIVING_BYTES_PER_PEER);
  });
});

describe("who may connect", () => {
  const meet = async (world: World, change: Parameters<typeof startBlobNode>[2], clusterOf2 = CLUSTER) => {
    const a = await startBlobNode(world, 1);
    const b = await startBlobNode(world, 2, change);
    a.peers.setMembers(CLUSTER, [member(1), member(2, { instance: "instance-2" })]);
    b.peers.setMembers(clusterOf2, [member(1), member(2)]);
    await pass(world, 300);
    return [a, b] as const;
  };
  const identity = {
    id: 2,
    name: "n2",
    instance: "instance-2",
    boot: "00000000000000b2",
    version: "0.1.0",
    protocol: 2,
  };

  test("a node with another secret, of another cluster, or with another data directory does not", async () => {
    const cases: [string, Parameters<typeof startBlobNode>[2], string?][] = [
      ["secret", { authentication: { secrets: [new Uint8Array(32)], tls: false } }],
      ["refused", {}, "c2"],
      ["refused", {}, ""],
      ["refused", { identity: { ...identity, instance: "another" } }],
      ["refused", { identity: { ...identity, name: "another" } }],
      ["refused", { identity: { ...identity, id: 9 } }],
    ];
    for (const [failure, change, cluster] of cases) {
      const world = new World();
      const [a, b] = await meet(world, change, cluster);
      expect([a.peers.reachable(), b.peers.reachable()]).toEqual([[], []]);
      expect(new Set([...a.failures, ...b.failures])).toContain(failure as never);
      expect(await a.peers.push(2, sha256(blob(1)), blob(1), 0).result).toBe("lost");
      expect([a.blobs.pushes, b.blobs.pushes]).toEqual([0, 0]);
    }
    const world = new World();
    const [a] = await meet(world, {});
    expect(a.peers.reachable()).toEqual([2]);
  });

  test("a member that is removed loses its connection and its requests, and is refused from then on", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    b.blobs.behave = () => new Promise(() => {});
    const under = push(a, b, blob(1)).result;
    await pass(world, 20);
    a.peers.setMembers(CLUSTER, [member(1)]);
    expect(await soon(world, under, 5)).toBe("lost");
    await pass(world, 8_000);
    expect([a.peers.reachable(), b.peers.reachable()]).toEqual([[], []]);
    expect(await b.peers.push(1, sha256(blob(1)), blob(1), 0).result).toBe("lost");
    expect(a.blobs.pushes).toBe(0);
    a.peers.setMembers(CLUSTER, [member(1), member(2)]);
    await pass(world, 8_000);
    expect(a.peers.reachable()).toEqual([2]);
  });

  test("a member with another address is dialled there; one whose address is not known, or none, not at all", async () => {
    const world = new World();
    const [a, b] = await pair(world);
    b.blobs.behave = () => new Promise(() => {});
    const under = push(a, b, blob(1)).result;
    await pass(world, 20);
    a.peers.setMembers(CLUSTER, [member(1), member(2, { blobAddress: "h3:1" })]);
    expect(await soon(world, under, 5)).toBe("lost");
    expect(a.peers.reachable()).toEqual([]);
    for (const blobAddress of [undefined, "no address", ""]) {
      a.peers.setMembers(CLUSTER, [member(1), member(2, { blobAddress })]);
      await pass(world, 3_000);
      expect(a.peers.reachable()).toEqual([]);
    }
    b.blobs.behave = undefined;
    a.peers.setMembers(CLUSTER, [member(1), member(2)]);
    await pass(world, 3_000);
    expect(await soon(world, push(a, b, blob(1)).result)).toBe("stored");
  });

  test("nobody before the members are known", async () => {
    const world = new World();
    const a = await startBlobNode(world, 1);
    const b = await startBlobNode(world, 2);
    b.peers.setMembers(CLUSTER, [member(1), member(2)]);
    await pass(world, 500);
    expect(b.peers.reachable()).toEqual([]);
    a.peers.setMembers(CLUSTER, [member(1), member(2)]);
    await pass(world, 3_000);
    expect(b.peers.reachable()).toEqual([1]);
    a.peers.close();
    b.peers.close();
    await pass(world, 100);
    expect(await b.peers.push(1, sha256(blob(1)), blob(1), 0).result).toBe("lost");
  });
});
