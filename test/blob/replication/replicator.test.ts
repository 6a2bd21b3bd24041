/** Quorum and ladder of a store: over a simulated network, and over peers that a test drives by hand. */
import { describe, expect, test } from "bun:test";
import { DEGRADE_MS, HEDGE_MS, STORE_MS } from "../../../src/blob/replication/limits.ts";
import { copiesNeeded } from "../../../src/blob/replication/quorum.ts";
import type { Push, PushResult } from "../../../src/blob/replication/types.ts";
import { BLOB_WINDOWS } from "../../../src/peer/limits.ts";
import { World } from "../../peer/support/world.ts";
import {
  type BlobNode,
  blob,
  blobGroup,
  hex,
  MemoryBlobs,
  member,
  pass,
  replicatorOf,
  sha256,
  soon,
} from "./support/nodes.ts";

const members = (voters: number) => Array.from({ length: voters }, (_, i) => member(i + 1));

/** Peers whose pushes are settled by the test. */
class HandPeers {
  up: number[];
  full = new Set<number>();
  readonly pushed: number[] = [];
  readonly abandoned: number[] = [];
  readonly #settle = new Map<number, (result: PushResult) => void>();

  constructor(up: number[]) {
    this.up = up;
  }

  reachable(): readonly number[] {
    return this.up;
  }

  hasRoom(to: number): boolean {
    return !this.full.has(to);
  }

  push(to: number): Push {
    this.pushed.push(to);
    const result = new Promise<PushResult>((resolve) => this.#settle.set(to, resolve));
    return { result, abandon: () => void this.abandoned.push(to) };
  }

  answer(from: number, result: PushResult): void {
    this.#settle.get(from)?.(result);
  }
}

function byHand(voters: number, up: number[], minReplicas?: number, all = members(voters)) {
  const world = new World();
  const peers = new HandPeers(up);
  const node = replicatorOf(world, { id: 1, peers, blobs: new MemoryBlobs() }, all, minReplicas);
  const bytes = blob(1, 100);
  const store = () => node.replicator.store(sha256(bytes), bytes, 7);
  return { world, peers, node, store };
}

/** True when the store has not ended within `ms`. */
async function open(world: World, store: Promise<unknown>, ms = 20): Promise<boolean> {
  let ended = false;
  void store.then(() => {
    ended = true;
  });
  await pass(world, ms);
  return !ended;
}

test("copies needed: a majority, never one of several, and the operator's number is never undercut", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7].map((voters) => copiesNeeded(voters, undefined))).toEqual([
    { required: 1, floor: 1 },
    { required: 1, floor: 1 },
    { required: 2, floor: 2 },
    { required: 2, floor: 2 },
    { required: 3, floor: 2 },
    { required: 3, floor: 2 },
    { required: 4, floor: 2 },
    { required: 4, floor: 2 },
  ]);
  expect([1, 2, 3, 5, 9].map((setting) => copiesNeeded(5, setting).required)).toEqual([2, 2, 3, 5, 5]);
  expect([1, 2, 3].map((setting) => copiesNeeded(1, setting))).toEqual(
    [1, 2, 3].map(() => ({ required: 1, floor: 1 })),
  );
  for (const setting of [2, 3, 4, 5]) expect(copiesNeeded(5, setting).floor).toBe(setting);
});

describe("over a network", () => {
  const started = async (size: number, minReplicas?: number) => {
    const world = new World();
    const nodes = await blobGroup(world, size);
    const node = replicatorOf(world, nodes[0] as BlobNode, members(size), minReplicas);
    return { world, nodes, ...node, node };
  };
  const holders = (nodes: readonly BlobNode[], bytes: Uint8Array) =>
    nodes.filter(({ blobs }) => blobs.held.has(hex(sha256(bytes)))).map(({ id }) => id);

  for (const [size, required] of [
    [1, 1],
    [3, 2],
    [5, 3],
  ] as const) {
    test(`${size} nodes: a store ends with ${required} copies or more, and the others follow`, async () => {
      const { world, nodes, replicator, recorded } = await started(size);
      const bytes = blob(1);
      const outcome = await soon(world, replicator.store(sha256(bytes), bytes, 7));
      if (outcome.kind !== "stored") throw new Error(outcome.message);
      expect(outcome.copies).toBeGreaterThanOrEqual(required);
      expect(holders(nodes, bytes).length).toBeGreaterThanOrEqual(outcome.copies);
      await pass(world, 100);
      expect(holders(nodes, bytes)).toHaveLength(size);
      expect(recorded).toEqual({ pushed: Array(size - 1).fill("stored"), degraded: 0, stores: 1 });
    });
  }

  test("many stores at once fill the windows, and all end with their copies; freed memory harms none", async () => {
    const { world, nodes, replicator, recorded } = await started(3);
    const count = 3 * (BLOB_WINDOWS.push.bytes >> 20);
    const blobs = Array.from({ length: count }, (_, i) => blob(i));
    const names = blobs.map(sha256);
    const stores = blobs.map(async (bytes, i) => {
      const outcome = await replicator.store(names[i] as Uint8Array, bytes, 7);
      bytes.fill(0xee);
      return outcome.kind;
    });
    expect(new Set(await soon(world, Promise.all(stores)))).toEqual(new Set(["stored"]));
    await pass(world, 500);
    for (const name of names) {
      const held = nodes.filter(({ blobs: { held } }) => held.has(hex(name)));
      expect(held.length).toBeGreaterThanOrEqual(2);
      for (const { blobs: each } of held) {
        expect(hex(sha256(each.held.get(hex(name)) as Uint8Array))).toBe(hex(name));
      }
    }
    expect(recorded.pushed).not.toContain("corrupt");
    expect(recorded.degraded).toBe(0);
  });

  test("a peer that dies half-way through a push: another holds the copy", async () => {
    const { world, nodes, replicator, recorded } = await started(3);
    const bytes = blob(1);
    const store = replicator.store(sha256(bytes), bytes, 7);
    await pass(world, 2);
    world.living("h1", "h2")[0]?.reset();
    expect(await soon(world, store)).toEqual({ kind: "stored", copies: 2 });
    expect(holders(nodes, bytes)).toEqual([1, 3]);
    await pass(world, 10);
    expect(recorded).toMatchObject({ pushed: ["lost", "stored"], degraded: 0 });
  });

  test("both others are gone: the store fails at once, and again when there is nobody left", async () => {
    const { world, nodes, replicator } = await started(3);
    const bytes = blob(1);
    const store = replicator.store(sha256(bytes), bytes, 7);
    await pass(world, 2);
    nodes[1]?.peers.close();
    nodes[2]?.peers.close();
    expect(await soon(world, store, 50)).toMatchObject({ kind: "failed", failure: "TOO_FEW_COPIES" });
    expect(await soon(world, replicator.store(sha256(bytes), bytes, 7), 2)).toMatchObject({
      failure: "TOO_FEW_COPIES",
      message: "1 of 2 copies (2 at least): no other voter can be reached",
    });
  });
});

describe("quorum", () => {
  test("a store ends with the local write and enough voters, whichever is later; the rest is given up", async () => {
    const { world, peers, node, store } = byHand(5, [2, 3, 4, 5]);
    let written = (): void => {};
    node.writeLocal = () => new Promise((resolve) => (written = resolve));
    const first = store();
    expect(peers.pushed).toEqual([2, 3, 4, 5]);
    for (const id of [2, 3, 4]) peers.answer(id, "stored");
    // The local write still reads the memory.
    expect(await open(world, first, STORE_MS + 100)).toBe(true);
    written();
    expect(await soon(world, first)).toEqual({ kind: "stored", copies: 4 });
    expect(peers.abandoned).toEqual([5]);
    node.writeLocal = async () => {};
    const second = store();
    peers.answer(2, "stored");
    expect(await open(world, second)).toBe(true);
    peers.answer(5, "stored");
    expect(await soon(world, second)).toEqual({ kind: "stored", copies: 3 });
  });

  test("learners get the bytes after the voters, and their copies do not count", async () => {
    const all = [member(1), member(4, { voter: false }), member(2), member(3)];
    const { world, peers, store } = byHand(3, [4, 2, 3], undefined, all);
    const stored = store();
    expect(peers.pushed).toEqual([2, 3, 4]);
    peers.answer(4, "stored");
    expect(await open(world, stored)).toBe(true);
    peers.answer(2, "stored");
    expect(await soon(world, stored)).toEqual({ kind: "stored", copies: 2 });
  });

  test("a node that is no voter does not count itself", async () => {
    const all = [member(1, { voter: false }), member(2), member(3), member(4)];
    const { world, peers, store } = byHand(3, [2, 3, 4], undefined, all);
    const stored = store();
    peers.answer(2, "stored");
    expect(await open(world, stored)).toBe(true);
    peers.answer(3, "stored");
    expect(await soon(world, stored)).toEqual({ kind: "stored", copies: 2 });
  });

  test("no copy counts twice: this node among its peers, a peer that is listed twice, an answer that comes again", async () => {
    const all = [...members(5), member(2), member(1)];
    const { world, peers, store } = byHand(5, [1, 2, 2, 3], undefined, all);
    const stored = store();
    expect(peers.pushed).toEqual([2, 3]);
    peers.answer(2, "stored");
    peers.answer(2, "stored");
    expect(await open(world, stored)).toBe(true);
    peers.answer(3, "failed");
    // Two copies: this node's and that of node 2.
    expect(await soon(world, stored)).toEqual({ kind: "stored", copies: 2 });
  });

  test("before the members are known nothing is stored", async () => {
    const { world, store } = byHand(0, []);
    expect(await soon(world, store())).toMatchObject({ kind: "failed", failure: "TOO_FEW_COPIES" });
  });
});

describe("another voter", () => {
  test("is tried when a push fails, although its window is full; not before", async () => {
    const { world, peers, node, store } = byHand(5, [2, 3, 4, 5]);
    peers.full = new Set([4, 5]);
    const stored = store();
    expect(await open(world, stored)).toBe(true);
    expect(peers.pushed).toEqual([2, 3]);
    peers.answer(2, "busy");
    expect(await open(world, stored)).toBe(true);
    expect(peers.pushed).toEqual([2, 3, 4]);
    peers.answer(3, "stored");
    peers.answer(4, "stored");
    expect(await soon(world, stored)).toEqual({ kind: "stored", copies: 3 });
    expect(node.recorded).toEqual({ pushed: ["busy", "stored", "stored"], degraded: 0, stores: 1 });
  });

  test("is waited for from the start when all windows are full", async () => {
    const { world, peers, store } = byHand(3, [2, 3]);
    peers.full = new Set([2, 3]);
    const stored = store();
    expect(peers.pushed).toEqual([2]);
    peers.answer(2, "stored");
    expect(await soon(world, stored)).toEqual({ kind: "stored", copies: 2 });
  });

  test("is tried too when the first have not answered for a while", async () => {
    const { world, peers, store } = byHand(5, [2, 3, 4, 5]);
    peers.full = new Set([4, 5]);
    const stored = store();
    expect(await open(world, stored, HEDGE_MS + 10)).toBe(true);
    expect(peers.pushed).toEqual([2, 3, 4, 5]);
    for (const id of [4, 5]) peers.answer(id, "stored");
    expect(await soon(world, stored)).toEqual({ kind: "stored", copies: 3 });
  });

  test("that has come back meanwhile is tried", async () => {
    const { world, peers, store } = byHand(3, [2]);
    const stored = store();
    await pass(world, 10);
    peers.up = [3];
    peers.answer(2, "lost");
    await pass(world, 5);
    expect(peers.pushed).toEqual([2, 3]);
    peers.answer(3, "stored");
    expect(await soon(world, stored)).toEqual({ kind: "stored", copies: 2 });
  });
});

describe("ladder", () => {
  test("two of five within reach: stored at once with two copies, and counted", async () => {
    const { world, peers, node, store } = byHand(5, [2]);
    const stored = store();
    peers.answer(2, "stored");
    expect(await soon(world, stored, 5)).toEqual({ kind: "stored", copies: 2 });
    expect(node.recorded.degraded).toBe(1);
  });

  test("a voter that does not answer is waited for, but not for long", async () => {
    const { world, peers, node, store } = byHand(5, [2, 3, 4, 5]);
    const stored = store();
    peers.answer(2, "stored");
    expect(await open(world, stored, DEGRADE_MS - 10)).toBe(true);
    expect(await soon(world, stored, 20)).toEqual({ kind: "stored", copies: 2 });
    expect(node.recorded.degraded).toBe(1);
    expect(peers.abandoned).toEqual([3, 4, 5]);
  });

  test("one copy of three is never enough: it waits for the second, and fails in the end", async () => {
    const { world, peers, node, store } = byHand(3, [2, 3]);
    const late = store();
    expect(await open(world, late, STORE_MS - 100)).toBe(true);
    peers.answer(3, "stored");
    expect(await soon(world, late, 5)).toEqual({ kind: "stored", copies: 2 });
    expect(node.recorded.degraded).toBe(0);
    const never = store();
    expect(await open(world, never, STORE_MS - 10)).toBe(true);
    expect(await soon(world, never, 20)).toMatchObject({ kind: "failed", failure: "TOO_FEW_COPIES" });
    expect(node.recorded).toMatchObject({ degraded: 0, stores: 2 });
  });

  test("the operator's number is not undercut, however long that takes", async () => {
    for (const [minReplicas, up] of [
      [5, [2, 3, 4]],
      [3, [2]],
      [2, []],
    ] as const) {
      const { world, peers, node, store } = byHand(5, [...up], minReplicas);
      const stored = store();
      for (const id of up) peers.answer(id, "stored");
      expect(await soon(world, stored, 5)).toMatchObject({ kind: "failed", failure: "TOO_FEW_COPIES" });
      expect(node.recorded.degraded).toBe(0);
    }
    const { world, peers, store } = byHand(5, [2, 3, 4, 5], 4);
    const stored = store();
    for (const id of [2, 3]) peers.answer(id, "stored");
    expect(await open(world, stored, DEGRADE_MS + 100)).toBe(true);
    peers.answer(5, "stored");
    expect(await soon(world, stored)).toEqual({ kind: "stored", copies: 4 });
  });

  test("a full disk here: the copies of others are enough when there are enough, and it is named when not", async () => {
    const { world, peers, node, store } = byHand(3, [2, 3]);
    node.writeLocal = () => Promise.reject(new Error("full"));
    const enough = store();
    peers.answer(2, "stored");
    expect(await open(world, enough)).toBe(true);
    peers.answer(3, "stored");
    expect(await soon(world, enough)).toEqual({ kind: "stored", copies: 2 });
    const few = store();
    peers.answer(2, "stored");
    peers.answer(3, "disk-full");
    expect(await soon(world, few)).toEqual({
      kind: "failed",
      failure: "DISK_FULL",
      message:
        "1 of 2 copies (2 at least): no other voter can be reached (node 3: disk-full, this node: full)",
    });
    node.writeLocal = () => {
      throw new Error("a bug");
    };
    const broken = store();
    peers.answer(2, "failed");
    peers.answer(3, "corrupt");
    expect(await soon(world, broken)).toMatchObject({ kind: "failed", failure: "IO" });
  });

  test("a cluster of one needs one, whatever the operator's number", async () => {
    for (const minReplicas of [undefined, 1, 3]) {
      const { world, node, store } = byHand(1, [], minReplicas);
      expect(await soon(world, store(), 5)).toEqual({ kind: "stored", copies: 1 });
      expect(node.recorded.degraded).toBe(0);
    }
  });
});
