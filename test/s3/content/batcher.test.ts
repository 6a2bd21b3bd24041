import { expect, test } from "bun:test";
import type { HashService } from "../../../src/hash/types.ts";
import { CHUNK_BYTES } from "../../../src/s3/content/chunk-buffers.ts";
import {
  type BatchPlan,
  ENTRY_HEADROOM_BYTES,
  planBatches,
  worstBatch,
} from "../../../src/s3/content/log/batcher.ts";
import type { PayloadBuffer } from "../../../src/txn/types.ts";
import { harness } from "../support/harness.ts";
import { TestKv } from "../support/test-kv.ts";

const GIB = 1024 ** 3;
const LIMIT = 4 * 1024 * 1024;

/** Raft entries of an object of `size` bytes. The last one also carries the manifest. */
function entriesOf(plan: BatchPlan, size: number): number {
  const chunks = Math.ceil(size / plan.chunkBytes);
  return Math.max(1, Math.ceil(chunks / plan.chunksPerBatch));
}

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
  // As it was when this was written: a row that grows takes from what is spare beyond the headroom.
  expect(size - 3 * CHUNK_BYTES).toBe(13_097);
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

/** Buffers are used again, as those of a real node are: 5 GiB of fresh memory would be the whole cost of the test. */
class PooledKv extends TestKv {
  readonly #free: PayloadBuffer[] = [];

  override allocate(length: number): PayloadBuffer {
    const at = this.#free.findIndex(({ bytes }) => bytes.byteLength === length);
    const buffer = at < 0 ? super.allocate(length) : (this.#free.splice(at, 1)[0] as PayloadBuffer);
    return { bytes: buffer.bytes, release: () => void this.#free.push(buffer) };
  }
}

/** Sees how much there was, and looks at none of it. */
function countingHashes(count: (bytes: number) => void): HashService {
  return {
    open: () => ({
      update: (view) => void count(view.byteLength),
      settled: () => Promise.resolve(),
      cut: () => Promise.resolve(new Uint8Array(32)),
      digest: () => Promise.resolve({ md5: new Uint8Array(16), sha256: new Uint8Array(32) }),
      abort: () => {},
    }),
  };
}

test("a PUT of 5 GiB under the longest key sends 1707 transactions, each within the limit", async () => {
  const kv = new PooledKv({ maxTxnBytes: LIMIT, discardChunks: true });
  let hashed = 0;
  const hashes = countingHashes((bytes) => {
    hashed += bytes;
  });
  const h = harness({ kv, deps: { hashes } });
  await h.call("PUT", "/bucket");
  kv.sizes.length = 0;
  const body = {
    length: 5 * GIB,
    pieces: async function* () {
      // Each anew: a piece is the reader's, who may take its memory away.
      for (let sent = 0; sent < 5 * GIB; sent += CHUNK_BYTES) yield new Uint8Array(CHUNK_BYTES);
    },
  };
  const answer = await h.call("PUT", `/bucket/${"%00".repeat(1024)}`, { body });
  expect(answer.status).toBe(200);
  expect(hashed).toBe(5 * GIB);
  expect(kv.sizes.length).toBe(1707);
  expect(Math.max(...kv.sizes)).toBeLessThanOrEqual(LIMIT - ENTRY_HEADROOM_BYTES);
  // The last one carries the two chunks that are left, and the manifest.
  expect(kv.sizes.at(-1)).toBeLessThan(3 * CHUNK_BYTES);
  expect(kv.sizes.at(-1)).toBeGreaterThan(2 * CHUNK_BYTES);
}, 120_000);
