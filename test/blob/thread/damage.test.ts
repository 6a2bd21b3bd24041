/** Damaged own copies: how they are found, and what replaces them. */
import { describe, expect, test } from "bun:test";
import { BlobNode, blobOf, HOUR, MINUTE } from "./support/blob-node.ts";

const A = blobOf("a");

/** A node with a damaged copy of a referenced blob; the scrub is far away. */
async function damagedNode(settings: ConstructorParameters<typeof BlobNode>[0] = {}): Promise<BlobNode> {
  const node = new BlobNode({ scrubRate: 0, ...settings });
  await node.start();
  await node.storeBlob(A);
  await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [A]));
  node.store.damage(A.sha256);
  return node;
}

describe("damage", () => {
  test("is found and healed by the scrub", async () => {
    const node = await damagedNode({ scrubRate: 1_000, scrubIntervalMs: HOUR });
    node.peers.hold(3, A.sha256, A.bytes);
    await node.time.advance(HOUR + MINUTE);
    expect(node.store.read(A.sha256)).toEqual(A.bytes);
    expect([node.metrics.get("found"), node.metrics.get("healed")]).toEqual([1, 1]);
    expect(node.metrics.get("repair stored")).toBe(1);
    expect(node.metrics.get("scrubbed")).toBeGreaterThanOrEqual(A.bytes.byteLength);
    expect(node.thread.gauges.damaged).toBe(0);
  });

  test("met by a client is answered from a peer, and healed", async () => {
    const node = await damagedNode();
    node.peers.hold(2, A.sha256, A.bytes);
    expect(await node.fetchBlob(A, 2, true)).toMatchObject({ kind: "fetched", bytes: A.bytes });
    expect(node.store.read(A.sha256)).toEqual(A.bytes);
    expect(node.metrics.get("healed")).toBe(1);
    // The repair and the client share one search.
    expect(node.peers.fetched).toEqual([3, 2]);
  });

  test("that the checksum at rest does not show is found by the SHA-256, when a client has met it", async () => {
    const node = new BlobNode({ scrubRate: 0 });
    await node.start();
    node.store.write([{ sha256: A.sha256, bytes: blobOf("wrong").bytes }]);
    node.keyspace.reference(node.time.nowMs(), "o", [A]);
    node.peers.hold(2, A.sha256, A.bytes);
    expect(await node.fetchBlob(A, 2, true)).toMatchObject({ kind: "fetched", bytes: A.bytes });
    expect(node.store.read(A.sha256)).toEqual(A.bytes);
  });

  test("is never served to a peer, and a peer's question heals it", async () => {
    const node = await damagedNode();
    node.peers.hold(2, A.sha256, A.bytes);
    expect(node.server?.onFetch(A.sha256)).toBeUndefined();
    expect(node.server?.onAsk([A.sha256], false)).toEqual(["corrupt"]);
    await node.time.advance(10);
    expect(node.server?.onAsk([A.sha256], true)).toEqual(["present"]);
    expect(node.server?.onFetch(A.sha256)).toEqual(A.bytes);
  });

  test("is healed by a push of the content, which is not taken for held", async () => {
    const node = await damagedNode();
    node.peers.up.clear();
    expect(node.server?.onAsk([A.sha256], true)).toEqual(["corrupt"]);
    const pushed = node.push(A);
    await node.time.advance(1);
    expect(await pushed).toBe("stored");
    expect(node.store.read(A.sha256)).toEqual(A.bytes);
    expect([node.metrics.get("healed"), node.metrics.get("dedup")]).toEqual([1, 0]);
  });

  test("that no peer can heal stays listed, and is tried again", async () => {
    const node = await damagedNode();
    expect(await node.fetchBlob(A, 2, true)).toMatchObject({ kind: "failed", failure: "NOT_FOUND" });
    expect(node.metrics.get("unrecoverable")).toBe(1);
    expect(node.thread.gauges.damaged).toBe(1);
    node.peers.hold(3, A.sha256, A.bytes);
    await node.time.advance(11 * MINUTE);
    expect(node.thread.gauges.damaged).toBe(0);
    expect(node.store.read(A.sha256)).toEqual(A.bytes);
  });

  test("is not replaced by wrong bytes of a peer", async () => {
    const node = await damagedNode();
    node.peers.hold(2, A.sha256, blobOf("wrong").bytes);
    await node.fetchBlob(A, 2, true);
    expect(() => node.store.read(A.sha256)).toThrow();
    expect(node.thread.gauges.damaged).toBe(1);
  });

  test("of a blob that nothing refers to is deleted, not healed", async () => {
    const node = new BlobNode({ scrubRate: 0 });
    await node.start();
    await node.storeBlob(A);
    node.store.damage(A.sha256);
    node.peers.hold(2, A.sha256, A.bytes);
    expect(node.server?.onAsk([A.sha256], true)).toEqual(["corrupt"]);
    await node.pastStart();
    await node.time.advance(2 * HOUR);
    expect(node.peers.fetched).toEqual([]);
    expect(node.store.has(A.sha256)).toBe(false);
    expect(node.thread.gauges.damaged).toBe(0);
  });
});

describe("the scrub", () => {
  test("reads every blob in a round, at its rate", async () => {
    const node = new BlobNode({ scrubRate: 1_000, scrubIntervalMs: 3 * HOUR });
    for (let n = 0; n < 100; n++) node.store.write([blobOf(`s${n}`)]);
    await node.start();
    // 100 bytes at 1,000 bytes a second: ten blobs a second.
    await node.time.advance(5_000);
    expect(node.metrics.get("scrubbed")).toBeLessThanOrEqual(5_200);
    await node.time.advance(HOUR);
    // From a random place to the end, then one whole round.
    expect(node.metrics.get("scrubbed")).toBeGreaterThanOrEqual(10_000);
    expect(node.metrics.get("scrubbed")).toBeLessThan(20_000);
    const after = node.metrics.get("scrubbed");
    await node.time.advance(3 * HOUR);
    expect(node.metrics.get("scrubbed")).toBe(after + 10_000);
  });

  test("is off with a rate of zero", async () => {
    const node = await damagedNode();
    await node.time.advance(3 * HOUR);
    expect(node.metrics.get("scrubbed")).toBe(0);
  });
});
