import { describe, expect, test } from "bun:test";
import { GATE_REPEAT_MS } from "../../../src/blob/thread/offload-gate.ts";
import { BlobError } from "../../../src/blob/types.ts";
import { BlobKeyspace } from "../../support/blobs/blob-keyspace.ts";
import { settle } from "../../support/manual-time.ts";
import { BlobNode, blobOf, memberOf, PIN_MAX_MS, PIN_MS } from "./support/blob-node.ts";

const A = blobOf("a");
const B = blobOf("b");

async function started(...args: ConstructorParameters<typeof BlobNode>): Promise<BlobNode> {
  const node = new BlobNode(...args);
  await node.start();
  return node;
}

describe("a gateway's store", () => {
  test("is on this disk before the answer", async () => {
    const node = await started();
    expect(await node.storeBlob(A)).toEqual({ kind: "stored", id: 1, copies: 1 });
    expect(node.store.read(A.sha256)).toEqual(A.bytes);
  });

  test("what arrives in one turn is written with one sync", async () => {
    const node = await started();
    for (const [i, blob] of [A, B].entries()) {
      node.gateway.send({ kind: "store", id: 50 + i, ...blob, pinUntilMs: node.time.nowMs() + PIN_MS });
    }
    const pushed = node.push(blobOf("c"));
    await node.time.advance(1);
    expect(await pushed).toBe("stored");
    expect(node.store.writes.map((names) => names.length)).toEqual([3]);
  });

  test("a full disk fails that store and no other", async () => {
    const node = await started();
    node.store.failWrite = new BlobError("DISK_FULL", "no space");
    expect(await node.storeBlob(A)).toMatchObject({ kind: "failed", failure: "DISK_FULL" });
    expect(await node.storeBlob(A)).toMatchObject({ kind: "stored" });
    expect(node.fatal).toEqual([]);
  });

  test("a failing disk ends the node, and nothing is acknowledged", async () => {
    const node = await started();
    node.store.failWrite = new BlobError("IO", "EIO");
    expect(await node.storeBlob(A)).toBeUndefined();
    expect(node.fatal).toHaveLength(1);
    expect(await node.storeBlob(B)).toMatchObject({ kind: "failed", failure: "CLOSED" });
  });

  test("after the stop it is refused", async () => {
    const node = await started();
    node.control.send({ kind: "stop" });
    await settle();
    expect(node.toControl.at(-1)).toEqual({ kind: "stopped" });
    expect(node.store.closed && node.peers.closed).toBe(true);
    expect(await node.storeBlob(A)).toMatchObject({ kind: "failed", failure: "CLOSED" });
    await node.time.advance(PIN_MAX_MS);
    expect(node.fatal).toEqual([]);
  });

  test("a store that waits for the disk is written by the stop", async () => {
    const node = await started();
    node.gateway.send({ kind: "store", id: 9, ...A, pinUntilMs: node.time.nowMs() + PIN_MS });
    await settle();
    node.control.send({ kind: "stop" });
    await node.time.advance(1);
    expect(node.answers(9)).toEqual([{ kind: "stored", id: 9, copies: 1 }]);
    expect(node.store.has(A.sha256)).toBe(true);
  });
});

describe("the gate", () => {
  const offloads = (node: BlobNode) =>
    node.toGateway.flatMap((message) => (message.kind === "offload" ? [message.open] : []));

  test("opens with the last member, closes with the first, and is told again", async () => {
    const node = new BlobNode();
    await node.start([memberOf(1), memberOf(2, false)]);
    expect(offloads(node)).toEqual([false]);
    node.consensus.send({ kind: "members", clusterId: "c", members: [memberOf(1), memberOf(2)] });
    await settle();
    expect(offloads(node)).toEqual([false, true]);
    await node.time.advance(GATE_REPEAT_MS);
    expect(offloads(node)).toEqual([false, true, true]);
    const three = [memberOf(1), memberOf(2), memberOf(3, false)];
    node.consensus.send({ kind: "members", clusterId: "c", members: three });
    await settle();
    expect(offloads(node).at(-1)).toBe(false);
    expect((await node.status())?.offload).toBe(false);
  });

  test("stays closed on a node that has the path turned off", async () => {
    const node = await started({ offload: false });
    expect(offloads(node)).toEqual([false]);
  });
});

describe("control", () => {
  test("check asks every member, this node included", async () => {
    const node = await started();
    await node.storeBlob(A);
    await node.storeBlob(B);
    node.store.damage(B.sha256);
    node.peers.hold(2, A.sha256, A.bytes);
    node.peers.up.delete(3);
    node.control.send({ kind: "check", id: 4, blobs: [A.sha256, B.sha256], deep: true });
    await node.time.advance(1);
    expect(node.toControl.find(({ kind }) => kind === "checked")).toEqual({
      kind: "checked",
      id: 4,
      copies: [
        { node: 1, states: ["present", "corrupt"] },
        { node: 2, states: ["present", "missing"] },
        { node: 3, states: ["unknown", "unknown"] },
      ],
    });
  });

  test("status knows nothing of missing blobs before a whole walk", async () => {
    const node = new BlobNode();
    node.thread.start();
    await node.time.advance(100);
    expect(await node.status()).toEqual({ blobs: 0, bytes: 0, missing: undefined, offload: false });
    node.control.send({ kind: "serving" });
    await node.time.advance(100);
    expect((await node.status())?.missing).toBe(0);
  });
});

describe("another keyspace in force", () => {
  test("is opened, answered, and walked from its beginning", async () => {
    const node = await started();
    const old = node.keyspace;
    const next = new BlobKeyspace();
    next.reference(node.time.nowMs(), "o", [A]);
    node.keyspace = next;
    old.generations.crash();
    node.peers.hold(3, A.sha256, A.bytes);
    node.state.send({ kind: "keyspace-replaced" });
    await settle();
    expect(node.toStore).toEqual([{ kind: "reader-reopened" }]);
    expect((await node.status())?.missing).toBeUndefined();
    expect(node.published.at(-1)).toBeUndefined();
    await node.time.advance(1_000);
    expect(node.store.has(A.sha256)).toBe(true);
    expect((await node.status())?.missing).toBe(0);
    expect(node.fatal).toEqual([]);
  });

  test("in the middle of a walk, before the thread is told", async () => {
    const node = new BlobNode();
    const many = Array.from({ length: 600 }, (_, n) => blobOf(`m${n}`));
    for (let at = 0; at < many.length; at += 60) {
      node.keyspace.reference(node.time.nowMs() + at, `o${at}`, many.slice(at, at + 60));
    }
    for (const { sha256, bytes } of many) node.store.write([{ sha256, bytes }]);
    await node.start();
    const old = node.keyspace;
    node.keyspace = new BlobKeyspace();
    node.keyspace.reference(node.time.nowMs(), "o", [A]);
    old.generations.crash();
    node.peers.hold(2, A.sha256, A.bytes);
    await node.time.advance(20);
    expect(node.fatal).toEqual([]);
    node.state.send({ kind: "keyspace-replaced" });
    await node.time.advance(1_000);
    expect(node.store.has(A.sha256)).toBe(true);
  });
});
