import { expect, test } from "bun:test";
import { BlobSweeper } from "../../src/gc/blob-sweeper.ts";
import { GarbageCollector } from "../../src/gc/collector.ts";
import { deleteReferences } from "../../src/gc/references.ts";
import { encodeKey } from "../../src/store/key-encoding.ts";
import { encodeGarbage } from "../../src/txn/garbage.ts";
import { GARBAGE_PREFIX } from "../../src/txn/keys.ts";
import { BLOB_COUNTS_PREFIX, BLOB_QUEUE_PREFIX, decodeBlobCount } from "../../src/txn/references.ts";
import { KvError } from "../../src/txn/types.ts";
import { TestKv } from "../s3/support/test-kv.ts";

const MIB = 1024 * 1024;
const GIB_5 = 5 * 1024;
const prefixOf = (name: string): Uint8Array => encodeKey(["r", name]);
const blob = (n: number) => {
  const sha256 = new Uint8Array(32);
  new DataView(sha256.buffer).setUint32(0, n * 2654435761);
  return { sha256, size: MIB };
};
const clock = { nowMs: () => Number.MAX_SAFE_INTEGER, monotonicMs: () => 0 };
const grace = { clock, gracePeriodMs: 0, active: () => true };

async function refer(kv: TestKv, name: string, chunks: number, distinct = chunks): Promise<void> {
  for (let first = 0; first < chunks; first += 64) {
    const blobs = Array.from({ length: Math.min(64, chunks - first) }, (_, i) =>
      blob((first + i) % distinct),
    );
    const reference = { kind: "reference", prefix: prefixOf(name), first, source: 1, blobs } as const;
    await kv.transact({ conditions: [], mutations: [reference] });
  }
}

const rows = (kv: TestKv): number[] =>
  [prefixOf("a"), prefixOf("b"), BLOB_COUNTS_PREFIX, BLOB_QUEUE_PREFIX].map(
    (prefix) => kv.rows(prefix).length,
  );

test("the references of 5 GiB are deleted with 81 entries, the garbage record included, and swept with 80", async () => {
  const kv = new TestKv();
  await refer(kv, "a", GIB_5);
  const garbage = encodeGarbage([{ kind: "references", prefix: prefixOf("a") }]);
  await kv.transact({ conditions: [], mutations: [{ kind: "add-garbage", garbage }] });
  kv.sizes.length = 0;
  let told = 0;
  const collector = new GarbageCollector({
    group: kv,
    ...grace,
    deleteReferences: (prefix, stopped) =>
      deleteReferences({ group: kv, onDeleted: (deleted) => (told += deleted) }, prefix, stopped),
  });
  expect(await collector.run()).toBe(GIB_5 + 1);
  expect([kv.sizes.length, told]).toEqual([81, GIB_5]);
  expect(rows(kv)).toEqual([0, 0, GIB_5, GIB_5]);
  kv.sizes.length = 0;
  expect(await new BlobSweeper({ group: kv, ...grace }).run()).toBe(GIB_5);
  expect(kv.sizes.length).toBe(80);
  expect(rows(kv)).toEqual([0, 0, 0, 0]);
  expect(kv.rows(GARBAGE_PREFIX)).toEqual([]);
});

test("entries are full whatever the size of a page is, and neighbours stay", async () => {
  for (const pageKeys of [1, 7, 64, 100, 1000]) {
    const kv = new TestKv();
    await refer(kv, "a", 200);
    await refer(kv, "b", 3);
    kv.sizes.length = 0;
    expect(await deleteReferences({ group: kv, pageKeys }, prefixOf("a"), () => false)).toBe(200);
    expect(kv.sizes.length).toBe(4);
    expect(rows(kv)).toEqual([0, 3, 200, 197]);
  }
});

test("a stopped collector keeps the record, the next one goes on and counts nothing twice", async () => {
  const kv = new TestKv();
  await refer(kv, "a", 300, 100);
  await refer(kv, "b", 100);
  const garbage = encodeGarbage([{ kind: "references", prefix: prefixOf("a") }]);
  await kv.transact({ conditions: [], mutations: [{ kind: "add-garbage", garbage }] });
  const collector = (onDeleted?: () => void): GarbageCollector =>
    new GarbageCollector({
      group: kv,
      ...grace,
      deleteReferences: (prefix, stopped) => deleteReferences({ group: kv, onDeleted }, prefix, stopped),
    });
  const stopped: GarbageCollector = collector(() => stopped.stop());
  expect(await stopped.run()).toBe(64);
  expect([rows(kv), kv.rows(GARBAGE_PREFIX).length]).toEqual([[236, 100, 100, 0], 1]);
  // The answer to an entry that was applied is lost.
  kv.after = () => {
    kv.after = undefined;
    throw new KvError("TIMEOUT", "no answer");
  };
  expect(collector().run()).rejects.toThrow("no answer");
  await Promise.all([collector().run(), collector().run()]);
  expect([rows(kv), kv.rows(GARBAGE_PREFIX).length]).toEqual([[0, 100, 100, 0], 0]);
  for (const { value } of kv.rows(BLOB_COUNTS_PREFIX)) expect(decodeBlobCount(value).references).toBe(1);
});

test("the sweeper waits for the grace period, for its turn, and for the end of a failure", async () => {
  const kv = new TestKv();
  await refer(kv, "a", 130);
  await deleteReferences({ group: kv }, prefixOf("a"), () => false);
  let now = 0;
  let leading = false;
  let swept = 0;
  const sweeper = new BlobSweeper({
    group: kv,
    clock: { nowMs: () => now, monotonicMs: () => now },
    gracePeriodMs: 3_600_000,
    active: () => leading,
    onSwept: (entries) => (swept += entries),
  });
  now = 3_600_000;
  leading = true;
  expect(await sweeper.run()).toBe(0);
  // TestKv commits one millisecond after the other, from 1001 on: 3 entries made the references, 3 deleted them.
  now = 3_600_000 + 1_005;
  expect(await sweeper.run()).toBe(128);
  expect(rows(kv)).toEqual([0, 0, 2, 2]);
  now += 10_000;
  leading = false;
  expect(await sweeper.run()).toBe(0);
  leading = true;
  kv.before = () => {
    kv.before = undefined;
    throw new KvError("UNAVAILABLE", "no leader");
  };
  expect(sweeper.run()).rejects.toThrow("no leader");
  await Bun.sleep(1);
  kv.before = undefined;
  expect([await sweeper.run(), swept]).toEqual([2, 130]);
  expect(rows(kv)).toEqual([0, 0, 0, 0]);
  // Blobs that lose their references later are swept too.
  await refer(kv, "b", 5);
  await deleteReferences({ group: kv }, prefixOf("b"), () => false);
  expect(await sweeper.run()).toBe(5);
  await refer(kv, "b", 5);
  await deleteReferences({ group: kv }, prefixOf("b"), () => false);
  sweeper.stop();
  expect(await sweeper.run()).toBe(0);
});

test("a blob that is referred to again between the sweeper's read and its transaction stays", async () => {
  const kv = new TestKv();
  await refer(kv, "a", 10);
  await deleteReferences({ group: kv }, prefixOf("a"), () => false);
  kv.before = async () => {
    await refer(kv, "b", 4);
  };
  await new BlobSweeper({ group: kv, ...grace }).run();
  expect(rows(kv)).toEqual([0, 4, 4, 0]);
});
