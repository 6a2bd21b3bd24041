import { describe, expect, test } from "bun:test";
import { ENDED_PER_TURN, FetchQueue, type Offered } from "../../../src/blob/thread/fetch-queue.ts";
import { Sources } from "../../../src/blob/thread/sources.ts";
import type { FetchEnd } from "../../../src/blob/thread/types.ts";
import { FakePeers } from "../../support/blobs/fake-peers.ts";
import { ManualTime, settle } from "../../support/manual-time.ts";
import { blobOf, CountedMetrics, type TestBlob } from "./support/blob-node.ts";

function queueOver({ workers = 2, queueSize = 1_000 } = {}) {
  const time = new ManualTime();
  const peers = new FakePeers();
  const metrics = new CountedMetrics();
  const ends: FetchEnd[] = [];
  const state = { held: false };
  const sources = new Sources({
    peers,
    clock: time,
    timers: time,
    random: { nextInt: () => 0, bytes: (length) => new Uint8Array(length) },
    limit: { rate: 1e9, burst: 1e9 },
    metrics,
  });
  sources.setOthers([2]);
  peers.up.add(2);
  const queue = new FetchQueue({
    store: { has: () => state.held },
    counts: { isOpen: true, isReachable: () => true },
    damaged: { has: () => false },
    writes: { keep: async () => "stored", hasSpace: () => true },
    sources,
    clock: time,
    timers: time,
    workers,
    queueSize,
    readsMax: 2,
    metrics,
    onEnd: (end) => ends.push(end),
    fatal: (message) => {
      throw new Error(message);
    },
  });
  const offer = ({ sha256, bytes }: TestBlob, delayMs = 0) =>
    queue.offer({ sha256, size: bytes.byteLength, source: 2 }, "backfill", delayMs);
  return { time, peers, metrics, ends, state, queue, offer };
}

const numbered = (count: number): TestBlob[] => Array.from({ length: count }, (_, n) => blobOf(`n${n}`));

describe("the fetch queue", () => {
  test("has its size and its workers, and knows what it has", async () => {
    const { peers, queue, offer } = queueOver({ workers: 2, queueSize: 3 });
    peers.gate = new Promise<void>(() => {});
    const blobs = numbered(6);
    const offered = blobs.map((blob) => offer(blob));
    expect(offered).toEqual([...new Array<Offered>(5).fill("queued"), "full"]);
    await settle();
    expect(peers.fetched).toHaveLength(2);
    expect([queue.size, queue.waiting]).toEqual([5, 3]);
    // Known, whether it runs or waits.
    expect([offer(blobs[0] as TestBlob), offer(blobs[4] as TestBlob)]).toEqual(["known", "known"]);
  });

  test("a turn ends a bounded number of fetches that are not needed", async () => {
    const { time, ends, state, offer } = queueOver();
    for (const blob of numbered(4 * ENDED_PER_TURN)) offer(blob, 1_000);
    state.held = true;
    await time.advance(1_000);
    expect(ends).toHaveLength(ENDED_PER_TURN);
    await time.advance(10);
    expect(ends).toHaveLength(4 * ENDED_PER_TURN);
  });

  test("a blob that came by another way leaves the queue", async () => {
    const { time, peers, ends, queue, offer } = queueOver();
    const [a, b] = numbered(2) as [TestBlob, TestBlob];
    peers.hold(2, b.sha256, b.bytes);
    offer(a, 1_000);
    offer(b, 1_000);
    queue.written(a.sha256);
    expect(queue.size).toBe(1);
    await time.advance(2_000);
    expect(ends).toEqual(["held", "stored"]);
    expect(peers.fetched).toEqual([2]);
  });

  test("a blob that is fetched for a client is missing all the same, and so it is when that fetch fails", async () => {
    const { peers, ends, queue, offer } = queueOver();
    const gate = Promise.withResolvers<void>();
    peers.gate = gate.promise;
    const [alone, waiting, offered] = numbered(3) as [TestBlob, TestBlob, TestBlob];
    const read = ({ sha256, bytes }: TestBlob) => queue.read({ sha256, size: bytes.byteLength, source: 2 });
    offer(waiting, 1_000);
    const found = [read(alone), read(waiting), read(offered)];
    expect(offer(offered)).toBe("known");
    await settle();
    // Nobody has said that this node should hold the first.
    expect(queue.size).toBe(2);
    gate.resolve();
    expect(await Promise.all(found)).toEqual(["not-found", "not-found", "not-found"]);
    await settle();
    expect(ends).toEqual(["not-found", "not-found"]);
    expect(queue.size).toBe(0);
  });

  test("reads at the same time are bounded, and all are answered", async () => {
    const { time, peers, queue } = queueOver();
    const blobs = numbered(5);
    for (const { sha256, bytes } of blobs) peers.hold(2, sha256, bytes);
    const gate = Promise.withResolvers<void>();
    peers.gate = gate.promise;
    const reads = blobs.map(({ sha256 }) => queue.read({ sha256, size: 100, source: 2 }));
    await settle();
    expect(peers.fetched).toHaveLength(2);
    gate.resolve();
    await time.advance(1);
    expect(await Promise.all(reads)).toEqual(blobs.map(({ bytes }) => bytes));
  });

  test("a read takes over what waits in the queue, and does not count as one of its workers", async () => {
    const { time, peers, queue, offer, metrics } = queueOver({ workers: 1 });
    const [a, b] = numbered(2) as [TestBlob, TestBlob];
    for (const { sha256, bytes } of [a, b]) peers.hold(2, sha256, bytes);
    const gate = Promise.withResolvers<void>();
    peers.gate = gate.promise;
    offer(a);
    offer(b);
    await settle();
    expect(peers.fetched).toHaveLength(1);
    const read = queue.read({ sha256: b.sha256, size: 100, source: 2 });
    await settle();
    expect(peers.fetched).toHaveLength(2);
    gate.resolve();
    await time.advance(1);
    expect(await read).toEqual(b.bytes);
    expect([metrics.get("backfill stored"), metrics.get("read stored")]).toEqual([1, 1]);
    expect(queue.size).toBe(0);
  });
});
