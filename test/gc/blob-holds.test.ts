/** While a hold has not expired, no blob is swept. */
import { expect, test } from "bun:test";
import { BlobSweeper } from "../../src/gc/blob-sweeper.ts";
import { blobHoldKey, blobsAreHeld, encodeBlobHold, expiredHolds } from "../../src/txn/blob-holds.ts";
import { BLOB_QUEUE_PREFIX, referenceKey } from "../../src/txn/references.ts";
import { TestKv } from "../s3/support/test-kv.ts";

test("the sweeper waits for the last hold, and goes on after its end or expiry", async () => {
  const kv = new TestKv();
  let nowMs = 10_000_000;
  const prefix = Buffer.from("r\0\u0001x\0\u0001");
  const blobs = [{ sha256: new Uint8Array(32).fill(3), size: 5 }];
  await kv.transact({
    conditions: [],
    mutations: [{ kind: "reference", prefix, first: 0, source: 1, blobs }],
  });
  await kv.transact({ conditions: [], mutations: [{ kind: "unreference", key: referenceKey(prefix, 0) }] });
  const hold = (id: string, value: Uint8Array) =>
    kv.transact({ conditions: [], mutations: [{ kind: "put", key: blobHoldKey(id), value }] });
  const sweeper = new BlobSweeper({
    group: kv,
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    gracePeriodMs: 0,
    active: () => true,
  });
  await hold("a", encodeBlobHold(nowMs + 1_000));
  await hold("b", encodeBlobHold(nowMs + 2_000));
  await hold("c", Buffer.from("of a newer release"));
  expect(await sweeper.run()).toBe(0);
  nowMs += 1_000;
  expect(await expiredHolds(await kv.snapshot(), nowMs)).toEqual([blobHoldKey("a")]);
  await kv.transact({ conditions: [], mutations: [{ kind: "delete", key: blobHoldKey("c") }] });
  expect(await sweeper.run()).toBe(0);
  nowMs += 1_000;
  expect(await blobsAreHeld(await kv.snapshot(), nowMs)).toBe(false);
  expect([await sweeper.run(), kv.rows(BLOB_QUEUE_PREFIX)]).toEqual([1, []]);
});
