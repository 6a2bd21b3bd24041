/** Fetches of missing blobs, for the backfill and for clients that wait. */
import { describe, expect, test } from "bun:test";
import { BlobKeyspace } from "../../support/blobs/blob-keyspace.ts";
import { settle } from "../../support/manual-time.ts";
import { BlobNode, blobOf, MINUTE, memberOf, type TestBlob } from "./support/blob-node.ts";

const A = blobOf("a");
const WRONG = blobOf("wrong").bytes;

async function started(...args: ConstructorParameters<typeof BlobNode>): Promise<BlobNode> {
  const node = new BlobNode(...args);
  await node.start();
  return node;
}

const numbered = (count: number): TestBlob[] => Array.from({ length: count }, (_, n) => blobOf(`n${n}`));

/** References to all blobs, 50 in an entry. */
function referAll(node: BlobNode, blobs: readonly TestBlob[]): void {
  for (let at = 0; at < blobs.length; at += 50) {
    node.keyspace.reference(node.time.nowMs(), `o${at}`, blobs.slice(at, at + 50));
  }
}

describe("an applied reference", () => {
  test("whose blob is not here is fetched from its source", async () => {
    const node = await started();
    node.peers.hold(2, A.sha256, A.bytes);
    node.peers.hold(3, A.sha256, A.bytes);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [A], 3));
    expect((await node.status())?.missing).toBe(1);
    await node.time.advance(2_000);
    expect(node.peers.fetched).toEqual([3]);
    expect(node.store.read(A.sha256)).toEqual(A.bytes);
    expect((await node.status())?.missing).toBe(0);
    expect(node.published.at(-1)).toBe(0);
    expect(node.published).toContain(1);
    expect(node.metrics.get("backfill stored")).toBe(1);
  });

  test("whose push is on its way is not fetched", async () => {
    const node = await started();
    node.peers.hold(2, A.sha256, A.bytes);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [A]));
    const pushed = node.push(A);
    await node.time.advance(1);
    expect(await pushed).toBe("stored");
    expect((await node.status())?.missing).toBe(0);
    await node.time.advance(2_000);
    expect(node.peers.fetched).toEqual([]);
  });

  test("that is gone at its turn is not fetched", async () => {
    const node = await started();
    node.peers.hold(2, A.sha256, A.bytes);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [A]));
    node.keyspace.unreference(node.time.nowMs(), "o");
    await node.time.advance(2_000);
    expect(node.peers.fetched).toEqual([]);
    expect(node.metrics.get("backfill gone")).toBe(1);
  });

  test("that goes during the fetch leaves no blob behind", async () => {
    const node = await started();
    node.peers.hold(2, A.sha256, A.bytes);
    const gate = Promise.withResolvers<void>();
    node.peers.gate = gate.promise;
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [A]));
    await node.time.advance(2_000);
    node.keyspace.unreference(node.time.nowMs(), "o");
    gate.resolve();
    await node.time.advance(10);
    expect(node.peers.fetched).toEqual([2]);
    expect(node.store.has(A.sha256)).toBe(false);
  });
});

describe("sources", () => {
  test("one that lies or has nothing is passed over, and its bytes are never stored", async () => {
    const node = new BlobNode();
    await node.start([1, 2, 3, 4].map((id) => memberOf(id)));
    node.peers.hold(2, A.sha256, WRONG);
    node.peers.hold(4, A.sha256, A.bytes);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [A], 2));
    await node.time.advance(2_000);
    expect(node.peers.fetched[0]).toBe(2);
    expect(node.store.read(A.sha256)).toEqual(A.bytes);
    expect(node.metrics.get("lied")).toBe(1);
  });

  test("of the backfill keep their rate", async () => {
    const node = await started({ fetchRatePerPeer: 100, fetchBurstPerPeer: 100, fetchWorkers: 1 });
    const blobs = numbered(5);
    for (const { sha256, bytes } of blobs) node.peers.hold(2, sha256, bytes);
    node.peers.up.delete(3);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", blobs));
    // The burst, and one that goes into debt.
    await node.time.advance(1_010);
    expect(node.peers.fetched).toHaveLength(2);
    await node.time.advance(1_900);
    expect(node.peers.fetched).toHaveLength(3);
    await node.time.advance(5_000);
    expect(node.store.totals.blobs).toBe(5);
  });

  test("a client does not wait for the rate, nor for the queue", async () => {
    const node = await started({ fetchRatePerPeer: 1, fetchBurstPerPeer: 1, fetchWorkers: 1 });
    const [first, second, third] = numbered(3) as [TestBlob, TestBlob, TestBlob];
    for (const { sha256, bytes } of [first, second, third]) node.peers.hold(2, sha256, bytes);
    node.peers.up.delete(3);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [first, second, third]));
    await node.time.advance(1_500);
    // The first has taken all tokens, the second waits for them, and the third waits for the worker.
    expect(node.store.totals.blobs).toBe(1);
    expect(await node.fetchBlob(second)).toMatchObject({ kind: "fetched", bytes: second.bytes });
    expect(await node.fetchBlob(third)).toMatchObject({ kind: "fetched", bytes: third.bytes });
    expect(node.store.totals.blobs).toBe(3);
  });
});

describe("a client's fetch", () => {
  test("is answered from this node's own store when the blob is here", async () => {
    const node = await started();
    await node.storeBlob(A);
    expect(await node.fetchBlob(A)).toMatchObject({ kind: "fetched", bytes: A.bytes });
    expect(node.peers.fetched).toEqual([]);
  });

  test("keeps what it got, when something refers to it", async () => {
    const node = await started();
    node.peers.hold(2, A.sha256, A.bytes);
    expect(await node.fetchBlob(A)).toMatchObject({ kind: "fetched" });
    expect(node.store.has(A.sha256)).toBe(false);
    node.keyspace.reference(node.time.nowMs(), "o", [A]);
    expect(await node.fetchBlob(A)).toMatchObject({ kind: "fetched" });
    expect(node.store.has(A.sha256)).toBe(true);
  });

  test("several of one blob share one fetch", async () => {
    const node = await started();
    node.peers.hold(2, A.sha256, A.bytes);
    const gate = Promise.withResolvers<void>();
    node.peers.gate = gate.promise;
    const ids = [node.fetchLater(A), node.fetchLater(A), node.fetchLater(A)];
    await settle();
    gate.resolve();
    await node.time.advance(1);
    for (const id of ids) expect(node.answers(id)).toMatchObject([{ kind: "fetched" }]);
    expect(node.peers.fetched).toEqual([2]);
  });

  test("is answered on a full disk, which keeps nothing", async () => {
    const node = await started();
    node.freeBytes = 0;
    node.peers.hold(2, A.sha256, A.bytes);
    node.keyspace.reference(node.time.nowMs(), "o", [A]);
    expect(await node.fetchBlob(A)).toMatchObject({ kind: "fetched", bytes: A.bytes });
    expect(node.store.has(A.sha256)).toBe(false);
    expect(await node.push(A)).toBe("disk-full");
    expect(await node.storeBlob(blobOf("b"))).toMatchObject({ kind: "failed", failure: "DISK_FULL" });
  });

  test("every member was asked and none has it: NOT_FOUND, counted when an object needs it", async () => {
    const node = await started();
    expect(await node.fetchBlob(A)).toMatchObject({ kind: "failed", failure: "NOT_FOUND" });
    expect(node.metrics.get("unrecoverable")).toBe(0);
    node.keyspace.reference(node.time.nowMs(), "o", [A]);
    node.peers.hold(2, A.sha256, WRONG);
    expect(await node.fetchBlob(A)).toMatchObject({ kind: "failed", failure: "NOT_FOUND" });
    expect(node.metrics.get("unrecoverable")).toBe(1);
  });

  test("waits two seconds for a member that is not connected, asks nobody else twice, and then: UNREACHABLE", async () => {
    const node = await started();
    node.keyspace.reference(node.time.nowMs(), "o", [A]);
    node.peers.up.delete(3);
    const first = node.fetchLater(A);
    await node.time.advance(1_900);
    expect(node.answers(first)).toEqual([]);
    await node.time.advance(200);
    expect(node.answers(first)).toMatchObject([{ kind: "failed", failure: "UNREACHABLE" }]);
    expect(node.peers.fetched).toHaveLength(1);
    expect(node.metrics.get("unrecoverable")).toBe(0);
  });

  test("finds a member that connects while the client waits", async () => {
    const node = await started();
    node.keyspace.reference(node.time.nowMs(), "o", [A]);
    node.peers.hold(3, A.sha256, A.bytes);
    node.peers.up.delete(3);
    const id = node.fetchLater(A);
    await node.time.advance(500);
    node.peers.up.add(3);
    await node.time.advance(100);
    expect(node.answers(id)).toMatchObject([{ kind: "fetched" }]);
  });

  test("asks again whose connection ended before the answer", async () => {
    const node = await started();
    node.keyspace.reference(node.time.nowMs(), "o", [A]);
    const gate = Promise.withResolvers<void>();
    node.peers.gate = gate.promise;
    const id = node.fetchLater(A);
    await settle();
    node.peers.up.delete(2);
    gate.resolve();
    await node.time.advance(1);
    expect(node.answers(id)).toEqual([]);
    await node.time.advance(2_100);
    expect(node.answers(id)).toMatchObject([{ kind: "failed", failure: "UNREACHABLE" }]);
  });

  test("before the members are known: UNREACHABLE", async () => {
    const node = new BlobNode();
    node.thread.start();
    const id = node.fetchLater(A);
    await node.time.advance(2_100);
    expect(node.answers(id)).toMatchObject([{ kind: "failed", failure: "UNREACHABLE" }]);
  });

  test("that waits when the node stops gets an answer", async () => {
    const node = await started();
    node.peers.gate = new Promise<void>(() => {});
    const ids = numbered(100).map((blob) => node.fetchLater(blob));
    await settle();
    // Those beyond the bound have not begun.
    expect(node.peers.fetched).toHaveLength(64);
    node.control.send({ kind: "stop" });
    await node.time.advance(1);
    expect(node.answers(ids[99] as number)).toMatchObject([{ kind: "failed", failure: "CLOSED" }]);
  });
});

describe("the backfill", () => {
  test("finds at the start what this node lacks", async () => {
    const node = new BlobNode();
    const blobs = numbered(600);
    referAll(node, blobs);
    for (const [n, { sha256, bytes }] of blobs.entries()) {
      if (n % 2 === 0) node.store.write([{ sha256, bytes }]);
      node.peers.hold(2, sha256, bytes);
    }
    await node.start([memberOf(1), memberOf(2)]);
    await node.time.advance(MINUTE);
    expect(node.store.totals.blobs).toBe(600);
    expect(node.peers.fetched.length).toBe(300);
    expect((await node.status())?.missing).toBe(0);
  });

  test("goes on where the queue was full, and counts what waits meanwhile", async () => {
    const node = new BlobNode({ fetchQueueSize: 20 });
    const blobs = numbered(700);
    referAll(node, blobs);
    for (const { sha256, bytes } of blobs) node.peers.hold(2, sha256, bytes);
    const gate = Promise.withResolvers<void>();
    node.peers.gate = gate.promise;
    await node.start([memberOf(1), memberOf(2)]);
    expect((await node.status())?.missing).toBeUndefined();
    await node.time.advance(1_000);
    expect((await node.status())?.missing).toBe(700);
    gate.resolve();
    // Far below the interval of the scan.
    await node.time.advance(5 * MINUTE);
    expect(node.store.totals.blobs).toBe(700);
    expect((await node.status())?.missing).toBe(0);
    expect(node.peers.fetched.length).toBe(700);
  });

  test("references that the queue did not take are found again", async () => {
    const node = await started({ fetchQueueSize: 20 });
    const blobs = numbered(50);
    for (const { sha256, bytes } of blobs) node.peers.hold(2, sha256, bytes);
    await node.time.advance(1_000);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", blobs));
    expect((await node.status())?.missing).toBe(50);
    await node.time.advance(MINUTE);
    expect(node.store.totals.blobs).toBe(50);
    expect((await node.status())?.missing).toBe(0);
  });

  test("tries again what could not be fetched", async () => {
    const node = await started();
    await node.time.advance(1_000);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [A]));
    await node.time.advance(2_000);
    expect(node.metrics.get("backfill not-found")).toBe(1);
    expect((await node.status())?.missing).toBe(1);
    node.peers.hold(3, A.sha256, A.bytes);
    await node.time.advance(11 * MINUTE);
    expect(node.store.has(A.sha256)).toBe(true);
    await node.time.advance(11 * MINUTE);
    expect((await node.status())?.missing).toBe(0);
  });

  test("asks nobody while the disk has no space", async () => {
    const node = await started();
    node.freeBytes = 0;
    node.peers.hold(2, A.sha256, A.bytes);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [A]));
    await node.time.advance(2_000);
    expect(node.peers.fetched).toEqual([]);
    expect((await node.status())?.missing).toBe(1);
    node.freeBytes = 1 << 30;
    await node.time.advance(11 * MINUTE);
    expect(node.store.has(A.sha256)).toBe(true);
  });
});

describe("a fetch and a snapshot", () => {
  test("what the new keyspace does not need is not kept", async () => {
    const node = await started();
    node.peers.hold(2, A.sha256, A.bytes);
    const gate = Promise.withResolvers<void>();
    node.peers.gate = gate.promise;
    await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [A]));
    await node.time.advance(2_000);
    node.keyspace = new BlobKeyspace();
    node.state.send({ kind: "keyspace-replaced" });
    await settle();
    gate.resolve();
    await node.time.advance(100);
    expect(node.store.has(A.sha256)).toBe(false);
  });
});
