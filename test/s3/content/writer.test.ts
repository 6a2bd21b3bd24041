import { expect, test } from "bun:test";
import { PutAdmission } from "../../../src/s3/content/admission.ts";
import { KvError, type Txn } from "../../../src/txn/types.ts";
import { harness, pattern, TestClock } from "../support/harness.ts";
import { noS3Metrics } from "../support/no-metrics.ts";
import { TestKv } from "../support/test-kv.ts";

const MIB = 1024 * 1024;
const ATTEMPTS = Buffer.from("a\0\u0001");
const CHUNKS = Buffer.from("c\0\u0001");

const chunkPuts = (txn: Txn): number =>
  txn.mutations.filter((mutation) => mutation.kind === "put" && mutation.payload !== undefined).length;

/** A body that is made as it is read. */
function endless(length: number) {
  const piece = pattern(256 * 1024);
  return {
    length,
    pieces: async function* () {
      for (let sent = 0; sent < length; sent += piece.byteLength) {
        yield new Uint8Array(piece.subarray(0, Math.min(piece.byteLength, length - sent)));
      }
    },
  };
}

test("flushes: full batches ahead, the pending write with the first, the rest with the manifest", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  const seen: { puts: number; pending: boolean; conditions: number }[] = [];
  h.kv.before = (txn) => {
    seen.push({
      puts: chunkPuts(txn),
      pending: txn.mutations.some((m) => m.kind === "put" && m.key[0] === 0x61),
      conditions: txn.conditions.length,
    });
  };
  await h.call("PUT", "/bucket/key", { body: pattern(11 * MIB) });
  expect(seen).toEqual([
    { puts: 3, pending: true, conditions: 1 },
    { puts: 3, pending: false, conditions: 2 },
    { puts: 3, pending: false, conditions: 2 },
    { puts: 2, pending: false, conditions: 2 },
  ]);
});

test("half a GiB goes through with as many entries as calculated and a bounded number of buffers", async () => {
  const kv = new TestKv({ discardChunks: true });
  const h = harness({ kv });
  await h.call("PUT", "/bucket");
  kv.sizes.length = 0;
  const size = 512 * MIB;
  const answer = await h.call("PUT", "/bucket/key", { body: endless(size) });
  expect(answer.status).toBe(200);
  expect(kv.sizes.length).toBe(Math.ceil(size / MIB / 3));
  expect(Math.max(...kv.sizes)).toBeLessThanOrEqual(kv.maxTxnBytes - 64 * 1024);
  expect(kv.buffersMax).toBeLessThanOrEqual(4);
  expect([kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
}, 30_000);

test("uploads that together fill the budget do not wait for each other", async () => {
  const h = harness({ admissionBytes: 4 * MIB });
  await h.call("PUT", "/bucket");
  const answers = await Promise.all(
    Array.from({ length: 4 }, (_, i) => h.call("PUT", `/bucket/key${i}`, { body: pattern(7 * MIB, i + 1) })),
  );
  const done = answers.filter((answer) => answer.status === 200);
  // Some may be refused at the door, none may hang or be refused half way.
  expect(done.length).toBeGreaterThan(0);
  for (const answer of answers)
    if (answer.status !== 200) expect([answer.status, answer.bodyRead]).toEqual([503, 0]);
  expect([h.kv.buffers, h.admission.inUseBytes, h.admission.waiting]).toEqual([0, 0, 0]);
});

test("an upload that gets no memory gives its space back", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  const { allocate } = h.kv;
  h.kv.allocate = () => {
    throw new RangeError("Out of memory");
  };
  expect((await h.call("PUT", "/bucket/key", { body: pattern(5 * MIB) })).status).toBe(500);
  expect([h.kv.buffers, h.admission.inUseBytes, h.admission.fairShare]).toEqual([0, 0, 64]);
  h.kv.allocate = allocate;
  expect((await h.call("PUT", "/bucket/key", { body: pattern(5 * MIB) })).status).toBe(200);
});

test("a body that ends early stores nothing and leaves nothing", async () => {
  for (const size of [10, 100_000, 5 * MIB]) {
    const h = harness();
    await h.call("PUT", "/bucket");
    const answer = await h.call("PUT", "/bucket/key", {
      body: pattern(size),
      declaredLength: size + 4 * MIB,
    });
    expect([answer.status, answer.tag("Code"), answer.close]).toEqual([400, "IncompleteBody", true]);
    expect((await h.call("GET", "/bucket/key")).status).toBe(404);
    expect(h.kv.rows(ATTEMPTS).length).toBe(0);
    expect(h.kv.rows(CHUNKS).every((row) => h.kv.isGarbage(row.key))).toBe(true);
    expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
  }
});

test("any batch that fails fails the upload, releases everything once and leaves the rest as garbage", async () => {
  for (let failing = 0; failing < 4; failing++) {
    for (const lost of [false, true]) {
      const h = harness();
      await h.call("PUT", "/bucket");
      let seen = 0;
      const fail = (): void => {
        if (seen++ === failing) throw new KvError("TIMEOUT", "no answer");
      };
      if (lost) h.kv.after = fail;
      else h.kv.before = fail;
      const answer = await h.call("PUT", "/bucket/key", { body: pattern(11 * MIB) });
      expect(answer.status).toBe(503);
      h.kv.before = undefined;
      h.kv.after = undefined;
      const applied = (await h.call("GET", "/bucket/key")).status === 200;
      // The outcome is unknown only when the closing transaction was applied and its answer lost.
      expect(applied).toBe(lost && failing === 3);
      const chunks = h.kv.rows(CHUNKS);
      expect(chunks.some((row) => h.kv.isGarbage(row.key))).toBe(applied ? false : chunks.length > 0);
      expect(h.kv.rows(ATTEMPTS).length).toBe(0);
      expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
    }
  }
});

test("a bucket that goes while an upload runs: NoSuchBucket, nothing visible", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  let seen = 0;
  h.kv.before = async () => {
    if (seen++ === 1) expect((await h.call("DELETE", "/bucket")).status).toBe(204);
  };
  const answer = await h.call("PUT", "/bucket/key", { body: pattern(8 * MIB) });
  expect([answer.status, answer.tag("Code")]).toEqual([404, "NoSuchBucket"]);
  expect(h.kv.rows(CHUNKS).every((row) => h.kv.isGarbage(row.key))).toBe(true);
  expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
});

test("a bucket deleted and made again under a remembered entry: the small PUT is told to repeat", async () => {
  const h = harness();
  await h.call("PUT", "/bucket");
  await h.call("PUT", "/bucket/warm", { body: "" });
  await h.call("DELETE", "/bucket/warm");
  let once = true;
  h.kv.before = async () => {
    if (!once) return;
    once = false;
    await h.call("DELETE", "/bucket");
    await h.call("PUT", "/bucket");
  };
  expect((await h.call("PUT", "/bucket/key", { body: "x" })).status).toBe(503);
  expect((await h.call("PUT", "/bucket/key", { body: "x" })).status).toBe(200);
});

test("small limits: everything still fits", async () => {
  const kv = new TestKv({ maxTxnBytes: 64 * 1024 });
  const h = harness({ kv });
  await h.call("PUT", "/bucket");
  for (const size of [10, 20_000, 70_000, 300_000]) {
    const body = pattern(size);
    expect(
      (await h.call("PUT", "/bucket/key", { body, headers: { "x-amz-meta-a": "b".repeat(1500) } })).status,
    ).toBe(200);
    expect(Buffer.compare((await h.call("GET", "/bucket/key")).bytes, body)).toBe(0);
  }
  expect(Math.max(...kv.sizes)).toBeLessThanOrEqual(kv.maxTxnBytes);
});

test("no space at the door: 503 with Retry-After before the body is read; no space for a chunk: 503 and close", async () => {
  const clock = new TestClock();
  const timers: (() => void)[] = [];
  const admission = new PutAdmission({
    capacityBytes: 2 * MIB,
    timeoutMs: 1000,
    chunkedIncremental: true,
    entryBytes: MIB,
    clock,
    random: { nextInt: (max) => max - 1, bytes: (n) => new Uint8Array(n) },
    metrics: noS3Metrics,
    timers: {
      later: (callback) => {
        timers.push(callback);
        return () => {};
      },
    },
  });
  const h = harness({ deps: { admission } });
  await h.call("PUT", "/bucket");
  const all = await admission.acquire(2 * MIB, "fixed-length");
  const refused = await h.call("PUT", "/bucket/key", { body: pattern(100) });
  expect([refused.status, refused.tag("Code"), refused.headers.get("retry-after"), refused.bodyRead]).toEqual(
    [503, "SlowDown", "3", 0],
  );
  // Reads, lists, deletes and empty objects need no space.
  expect((await h.call("GET", "/bucket")).status).toBe(200);
  expect((await h.call("PUT", "/bucket/empty", { body: "" })).status).toBe(200);
  expect((await h.call("DELETE", "/bucket/empty")).status).toBe(204);
  all.release();

  const half = await admission.acquire(MIB, "fixed-length");
  let other: Promise<{ release(): void }> | undefined;
  h.kv.before = () => {
    // The first chunk is on its way and holds the last unit. Somebody else is next in the line.
    other ??= admission.acquire(MIB, "fixed-length");
  };
  const slow = h.call("PUT", "/bucket/slow", { body: pattern(3 * MIB) });
  // The other one has got the unit, and the second chunk waits.
  const slowWaits = (): boolean => (other === undefined ? admission.waiting === 1 : timers.length === 2);
  while (!slowWaits()) await new Promise((resolve) => setImmediate(resolve));
  timers.at(-1)?.();
  const answer = await slow;
  expect([answer.status, answer.tag("Code"), answer.close]).toEqual([503, "SlowDown", true]);
  half.release();
  (await other)?.release();
  expect(admission.inUseBytes).toBe(0);
});

test("hashing that fails while a batch is being committed is told by the digests, and is no rejection that nobody handles", async () => {
  const h = harness();
  h.kv.before = () => Bun.sleep(10);
  const unhandled: unknown[] = [];
  const seen = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", seen);
  try {
    const source = {
      readInto: async (target: Uint8Array) => target.fill(1).byteLength,
      settled: () => Promise.reject(new Error("the hash thread is gone")),
    };
    const target = { ref: { bucket: "bucket", generation: 1n }, key: "key", guards: [] };
    const write = h.deps.content.sinkFor(8 * MIB).open(target, "fixed-length", () => undefined);
    await write.write(source, 8 * MIB);
    await write.abandon();
    await Bun.sleep(1);
    expect(unhandled).toEqual([]);
    expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
  } finally {
    process.off("unhandledRejection", seen);
  }
});
