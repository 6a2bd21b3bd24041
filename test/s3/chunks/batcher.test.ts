import { expect, test } from "bun:test";
import {
  CHUNK_BYTES,
  ENTRY_HEADROOM_BYTES,
  entriesOf,
  planBatches,
  worstBatch,
} from "../../../src/s3/chunks/batcher.ts";
import { TestKv } from "../support/test-kv.ts";

const GIB = 1024 ** 3;
const LIMIT = 4 * 1024 * 1024;

test("three chunks of 1 MiB to an entry at the default limit, 5 GiB are 1707 entries", () => {
  const plan = planBatches(new TestKv({ maxTxnBytes: LIMIT }));
  expect(plan).toEqual({ chunkBytes: CHUNK_BYTES, chunksPerBatch: 3 });
  expect(entriesOf(plan, 5 * GIB)).toBe(1707);
  expect(entriesOf(plan, 0)).toBe(1);
  expect(entriesOf(plan, 3 * CHUNK_BYTES)).toBe(1);
  expect(entriesOf(plan, 3 * CHUNK_BYTES + 1)).toBe(2);
});

test("the worst batch, with 1 KiB keys, keeps 64 KiB of headroom; one chunk more would not", () => {
  const kv = new TestKv({ maxTxnBytes: LIMIT });
  const chunk = new Uint8Array(CHUNK_BYTES);
  const size = kv.encodedSize(worstBatch(chunk, 3));
  expect(size).toBeGreaterThan(3 * CHUNK_BYTES);
  expect(LIMIT - size).toBeGreaterThanOrEqual(ENTRY_HEADROOM_BYTES);
  expect(kv.encodedSize(worstBatch(chunk, 4))).toBeGreaterThan(LIMIT - ENTRY_HEADROOM_BYTES);
});

test.each([64 << 20, 8 << 20, 4 << 20, 2 << 20, 1 << 20, 256 << 10, 64 << 10, 32 << 10])(
  "a limit of %d bytes is never passed and never wasted by half",
  (limit) => {
    const kv = new TestKv({ maxTxnBytes: limit });
    const { chunkBytes, chunksPerBatch } = planBatches(kv);
    const size = kv.encodedSize(worstBatch(new Uint8Array(chunkBytes), chunksPerBatch));
    expect(size).toBeLessThanOrEqual(limit);
    expect(size).toBeGreaterThan(limit / 4);
    expect(chunksPerBatch).toBeGreaterThan(0);
  },
);

test("a limit that no chunk fits is refused by name", () => {
  expect(() => planBatches(new TestKv({ maxTxnBytes: 4096 }))).toThrow("4096");
});
