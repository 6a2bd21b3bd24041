/** What deletes own copies, and what keeps them: pins, references, the time after a start. */
import { describe, expect, test } from "bun:test";
import { BlobNode, blobOf, HOUR, MINUTE, PIN_MAX_MS, PIN_MS } from "./support/blob-node.ts";

const A = blobOf("a");

/** Past the time after the start in which nothing is deleted. */
async function settledNode(...args: ConstructorParameters<typeof BlobNode>): Promise<BlobNode> {
  const node = new BlobNode(...args);
  await node.start();
  await node.pastStart();
  return node;
}

/** The blob is stored, referenced and has lost its reference; its pin has ended. */
async function unreferenced(node: BlobNode): Promise<void> {
  await node.storeBlob(A);
  await node.apply(node.keyspace.reference(node.time.nowMs(), "o", [A]));
  await node.time.advance(PIN_MS + MINUTE);
  await node.apply(node.keyspace.unreference(node.time.nowMs(), "o"));
}

describe("a sweep", () => {
  test("deletes this node's copy", async () => {
    const node = await settledNode();
    await unreferenced(node);
    await node.apply(node.keyspace.sweep(node.time.nowMs(), A.sha256));
    expect(node.store.has(A.sha256)).toBe(false);
    expect(node.metrics.get("swept")).toBe(1);
  });

  test("spares a copy that was stored again meanwhile, until the pin has ended", async () => {
    const node = await settledNode();
    await unreferenced(node);
    const swept = node.keyspace.sweep(node.time.nowMs(), A.sha256);
    // The store comes before this node hears of the sweep: the content is here already.
    expect(await node.storeBlob(A)).toMatchObject({ kind: "stored" });
    expect(node.metrics.get("dedup")).toBe(1);
    expect(node.metrics.get("dedup bytes")).toBe(A.bytes.byteLength);
    await node.apply(swept);
    expect(node.store.has(A.sha256)).toBe(true);
    // Nobody refers to it: the pin ends by the time of the log, not of the clock.
    await node.time.advance(PIN_MS + MINUTE);
    expect(node.store.has(A.sha256)).toBe(true);
    node.keyspace.tick(node.time.nowMs());
    await node.time.advance(2_000);
    expect(node.store.has(A.sha256)).toBe(false);
  });

  test("spares a copy that a peer pushed again, and the reference of that push keeps it", async () => {
    const node = await settledNode();
    await unreferenced(node);
    const swept = node.keyspace.sweep(node.time.nowMs(), A.sha256);
    expect(await node.push(A)).toBe("stored");
    await node.apply(swept);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "again", [A]));
    await node.time.advance(2 * HOUR);
    node.keyspace.tick(node.time.nowMs());
    await node.time.advance(2 * HOUR);
    expect(node.store.has(A.sha256)).toBe(true);
  });

  test("a push after the deletion is written again", async () => {
    const node = await settledNode();
    await unreferenced(node);
    await node.apply(node.keyspace.sweep(node.time.nowMs(), A.sha256));
    const pushed = node.push(A);
    await node.time.advance(1);
    expect(await pushed).toBe("stored");
    expect(node.store.read(A.sha256)).toEqual(A.bytes);
  });

  test("spares a copy whose new reference is applied before this node handles the sweep", async () => {
    const node = await settledNode();
    await unreferenced(node);
    const swept = node.keyspace.sweep(node.time.nowMs(), A.sha256);
    const referenced = node.keyspace.reference(node.time.nowMs() + 1, "again", [A]);
    await node.apply(swept);
    await node.apply(referenced);
    expect(node.store.has(A.sha256)).toBe(true);
    expect(node.store.deleted).toEqual([]);
  });

  test("spares a copy that is queued again: a later sweep decides", async () => {
    const node = await settledNode();
    await unreferenced(node);
    const swept = node.keyspace.sweep(node.time.nowMs(), A.sha256);
    node.keyspace.reference(node.time.nowMs() + 1, "again", [A]);
    node.keyspace.unreference(node.time.nowMs() + 2, "again");
    await node.apply(swept);
    expect(node.store.has(A.sha256)).toBe(true);
    await node.apply(node.keyspace.sweep(node.time.nowMs() + 3, A.sha256));
    expect(node.store.has(A.sha256)).toBe(false);
  });

  test("of another upload's content does not take the copy of one in progress", async () => {
    const node = await settledNode();
    await node.storeBlob(A);
    // The second upload's pin is as long as the first one's, and its reference comes last.
    await node.push(A);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "first", [A]));
    await node.apply(node.keyspace.unreference(node.time.nowMs() + 1, "first"));
    await node.apply(node.keyspace.sweep(node.time.nowMs() + 2, A.sha256));
    expect(node.store.has(A.sha256)).toBe(true);
    await node.apply(node.keyspace.reference(node.time.nowMs() + 3, "second", [A]));
    expect(node.store.read(A.sha256)).toEqual(A.bytes);
  });

  test("deletes on a full disk too", async () => {
    const node = await settledNode();
    await unreferenced(node);
    node.freeBytes = 0;
    await node.apply(node.keyspace.sweep(node.time.nowMs(), A.sha256));
    expect(node.store.has(A.sha256)).toBe(false);
  });
});

describe("after a start", () => {
  test("nothing is deleted until the applied time has passed the longest pin", async () => {
    const first = await settledNode();
    await first.storeBlob(A);
    const node = first.restarted();
    await node.start();
    // The restarted node has forgotten the pin; the sweep is of an earlier upload of the content.
    node.keyspace.reference(node.time.nowMs(), "o", [A]);
    node.keyspace.unreference(node.time.nowMs() + 1, "o");
    await node.apply(node.keyspace.sweep(node.time.nowMs() + 2, A.sha256));
    expect(node.store.has(A.sha256)).toBe(true);
    // The clock alone does not end it.
    await node.time.advance(PIN_MAX_MS + HOUR);
    expect(node.store.has(A.sha256)).toBe(true);
    node.keyspace.tick(node.time.nowMs());
    await node.time.advance(2_000);
    expect(node.store.has(A.sha256)).toBe(false);
  });

  test("nothing is deleted before the node serves", async () => {
    const node = new BlobNode();
    node.store.write([A]);
    node.thread.start();
    node.keyspace.reference(node.time.nowMs(), "o", [A]);
    node.keyspace.unreference(node.time.nowMs(), "o");
    await node.apply(node.keyspace.sweep(node.time.nowMs(), A.sha256));
    await node.time.advance(3 * HOUR);
    node.keyspace.tick(node.time.nowMs());
    await node.time.advance(3 * HOUR);
    expect(node.store.has(A.sha256)).toBe(true);
  });
});

describe("pins", () => {
  test("a pin that would outlast a restart's wait is refused", async () => {
    const node = await settledNode();
    expect(await node.push(A, node.time.nowMs() + PIN_MAX_MS + MINUTE)).toBe("failed");
    const answer = await node.storeBlob(A, node.time.nowMs() + PIN_MAX_MS + MINUTE);
    expect(answer).toMatchObject({ kind: "failed" });
    expect(node.store.has(A.sha256)).toBe(false);
  });

  test("an idle cluster, whose applied time stands still, takes pushes", async () => {
    const node = await settledNode();
    await node.time.advance(2 * HOUR);
    const pushed = node.push(A);
    await node.time.advance(1);
    expect(await pushed).toBe("stored");
  });
});

describe("the orphan scan", () => {
  const scanned = async (node: BlobNode, hours = 2): Promise<void> => {
    await node.time.advance(hours * HOUR);
    node.keyspace.tick(node.time.nowMs());
    await node.time.advance(HOUR + MINUTE);
  };

  test("deletes what a failed upload left, when it is old and its pin has ended", async () => {
    const node = await settledNode();
    await node.storeBlob(A);
    await node.time.advance(HOUR / 2);
    expect(node.store.has(A.sha256)).toBe(true);
    await scanned(node);
    expect(node.store.has(A.sha256)).toBe(false);
    expect(node.metrics.get("orphan")).toBe(1);
  });

  test("deletes a swept copy that a crash left", async () => {
    const node = await settledNode();
    await unreferenced(node);
    // The node dies between the apply of the sweep and its own deletion.
    node.keyspace.sweep(node.time.nowMs(), A.sha256);
    const again = node.restarted();
    await again.start();
    await scanned(again);
    expect(again.store.has(A.sha256)).toBe(false);
  });

  test("keeps what is referenced, and what waits for a sweep", async () => {
    const node = await settledNode();
    const kept = blobOf("kept");
    await unreferenced(node);
    await node.storeBlob(kept);
    await node.apply(node.keyspace.reference(node.time.nowMs(), "p", [kept]));
    await scanned(node, 3);
    expect(node.store.has(A.sha256) && node.store.has(kept.sha256)).toBe(true);
  });

  test("keeps young ones and pinned ones", async () => {
    const node = await settledNode({ graceMs: 20 * HOUR });
    await node.storeBlob(A);
    await scanned(node, 5);
    expect(node.store.has(A.sha256)).toBe(true);
    const pinned = await settledNode({ graceMs: 0, orphanScanIntervalMs: MINUTE });
    await pinned.storeBlob(A);
    pinned.keyspace.tick(pinned.time.nowMs());
    await pinned.time.advance(10 * MINUTE);
    expect(pinned.store.has(A.sha256)).toBe(true);
  });

  test("goes on over pages", async () => {
    const node = await settledNode();
    for (let n = 0; n < 400; n++) node.store.write([blobOf(`orphan ${n}`)]);
    await scanned(node);
    expect(node.store.totals.blobs).toBe(0);
  });
});
