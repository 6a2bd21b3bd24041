import { afterEach, describe, expect, test } from "bun:test";
import { blobOf, HOUR, MINUTE, PIN_MAX_MS } from "./support/blob-node.ts";
import { Trio } from "./support/trio.ts";

const A = blobOf("a".repeat(3_000), 70_000);

let trio: Trio;

async function started(...settings: ConstructorParameters<typeof Trio>): Promise<Trio> {
  trio = new Trio(...settings);
  await trio.start();
  return trio;
}

afterEach(() => {
  for (const { fatal } of trio.nodes) expect(fatal).toEqual([]);
});

describe("three nodes", () => {
  test("a store is on all that can be reached, and answered by a majority", async () => {
    await started();
    expect(await trio.store(1, A)).toMatchObject({ kind: "stored" });
    expect(trio.holders(A)).toEqual([1, 2, 3]);
    trio.down.add(3);
    const b = blobOf("b", 5_000);
    expect(await trio.store(2, b)).toMatchObject({ kind: "stored", copies: 2 });
    expect(trio.holders(b)).toEqual([1, 2]);
    trio.down.add(1);
    const c = blobOf("c", 5_000);
    expect(await trio.store(2, c)).toMatchObject({ kind: "failed", failure: "TOO_FEW_COPIES" });
  });

  test("one that was away fetches when it is back", async () => {
    await started();
    trio.down.add(3);
    await trio.store(1, A);
    await trio.apply((keyspace) => keyspace.reference(trio.time.nowMs(), "o", [A], 1));
    await trio.time.advance(MINUTE);
    expect(trio.holders(A)).toEqual([1, 2]);
    trio.down.delete(3);
    await trio.time.advance(11 * MINUTE);
    expect(trio.holders(A)).toEqual([1, 2, 3]);
    expect(trio.node(3).metrics.get("backfill stored")).toBe(1);
  });

  test("a bit that flips is found by the scrub and healed from a peer", async () => {
    await started({ scrubRate: 1 << 20, scrubIntervalMs: HOUR });
    await trio.store(1, A);
    await trio.apply((keyspace) => keyspace.reference(trio.time.nowMs(), "o", [A], 1));
    trio.node(2).rot(A);
    expect(trio.node(2).server?.onFetch(A.sha256)).toBeUndefined();
    await trio.time.advance(2 * HOUR);
    expect(trio.holders(A)).toEqual([1, 2, 3]);
    expect(trio.node(2).metrics.get("found")).toBe(1);
    expect(trio.node(2).metrics.get("healed")).toBe(1);
  });

  test("with one good copy left, all are healed from it", async () => {
    await started({ scrubRate: 1 << 20, scrubIntervalMs: HOUR });
    await trio.store(1, A);
    await trio.apply((keyspace) => keyspace.reference(trio.time.nowMs(), "o", [A], 1));
    for (const id of [1, 2]) trio.node(id).rot(A);
    await trio.time.advance(3 * HOUR);
    expect(trio.holders(A)).toEqual([1, 2, 3]);
  });

  test("a sweep deletes on every node, and the space comes back", async () => {
    await started();
    await trio.time.advance(PIN_MAX_MS + MINUTE);
    trio.tick();
    await trio.store(1, A);
    await trio.apply((keyspace) => keyspace.reference(trio.time.nowMs(), "o", [A], 1));
    await trio.time.advance(PIN_MAX_MS);
    await trio.apply((keyspace) => keyspace.unreference(trio.time.nowMs(), "o"));
    await trio.apply((keyspace) => keyspace.sweep(trio.time.nowMs(), A.sha256));
    expect(trio.holders(A)).toEqual([]);
    expect(trio.nodes.map(({ store }) => store.totals)).toEqual(new Array(3).fill({ blobs: 0, bytes: 0 }));
    // The content comes again.
    expect(await trio.store(3, A)).toMatchObject({ kind: "stored" });
    expect(trio.holders(A)).toEqual([1, 2, 3]);
  });

  test("a full disk on one node: its peers take the store, and it goes on with reads and sweeps", async () => {
    await started();
    trio.node(2).disk.setCapacity(0);
    expect(await trio.store(1, A)).toMatchObject({ kind: "stored", copies: 2 });
    expect(trio.holders(A)).toEqual([1, 3]);
    await trio.apply((keyspace) => keyspace.reference(trio.time.nowMs(), "o", [A], 1));
    const node = trio.node(2);
    node.gateway.send({
      kind: "fetch",
      id: 900,
      sha256: A.sha256,
      size: A.bytes.byteLength,
      source: 1,
      damaged: false,
    });
    await trio.time.advance(10);
    expect(node.toGateway.at(-1)).toMatchObject({ kind: "fetched", id: 900 });
    node.disk.setCapacity(2 ** 40);
    await trio.time.advance(11 * MINUTE);
    expect(trio.holders(A)).toEqual([1, 2, 3]);
  });
});
