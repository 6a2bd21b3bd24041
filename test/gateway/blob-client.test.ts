import { expect, test } from "bun:test";
import { BlobError } from "../../src/blob/types.ts";
import { BlobClient } from "../../src/gateway/blob-client.ts";
import type { BlobToGateway, GatewayToBlob } from "../../src/messages/blobs.ts";
import type { BlobServiceError } from "../../src/s3/content/blobs/types.ts";
import type { DiskSpace } from "../../src/threads/shared-state.ts";
import { timestampFromMs } from "../../src/txn/hlc.ts";
import { localChannel } from "../support/local-channel.ts";

const KIB = 1024;
const sha256 = new Uint8Array(32).fill(3);
const reference = { sha256, size: 4, source: 9 };
const memory = { allocate: (length: number) => new Uint8Array(length) };

function client() {
  const [gateway, thread] = localChannel<BlobToGateway, GatewayToBlob>();
  const asked: GatewayToBlob[] = [];
  thread.onBatch((messages) => asked.push(...messages));
  const local: { read: () => Uint8Array | undefined } = { read: () => undefined };
  const space: { diskSpace: DiskSpace } = { diskSpace: "enough" };
  const time = { monotonic: 0, applied: 5_000, ticks: 0 };
  const blobs = new BlobClient({
    channel: gateway,
    reader: { read: () => local.read(), close: () => {} },
    clock: { nowMs: () => 0, monotonicMs: () => time.monotonic },
    pinMs: 900_000,
    timers: { every: () => () => {} },
    tick: async () => {
      time.ticks++;
      time.applied += 1_000;
    },
    applied: {
      get appliedCommitTs() {
        return timestampFromMs(time.applied);
      },
    },
    published: space,
    node: 7,
  });
  const answer = async (message: BlobToGateway): Promise<void> => {
    thread.send(message);
    await Bun.sleep(1);
  };
  return { blobs, asked, answer, local, time, space };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: BlobServiceError) => error.code,
  );

test("a store goes with its shared memory and pin, and ends with its own answer", async () => {
  const { blobs, asked, answer } = client();
  const first = blobs.allocate(4);
  const second = blobs.allocate(4);
  expect(first.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
  const outcomes: string[] = [];
  const one = blobs.store(sha256, first.bytes, 99).then(() => outcomes.push("one"));
  const two = codeOf(blobs.store(sha256, second.bytes, 98)).then((code) => outcomes.push(code));
  await Bun.sleep(1);
  expect(asked).toEqual([
    { kind: "store", id: 1, sha256, bytes: first.bytes, pinUntilMs: 99 },
    { kind: "store", id: 2, sha256, bytes: second.bytes, pinUntilMs: 98 },
  ]);
  await answer({ kind: "failed", id: 2, failure: "TOO_FEW_COPIES", message: "one of two" });
  await answer({ kind: "stored", id: 77, copies: 2 });
  expect(outcomes).toEqual(["TOO_FEW_COPIES"]);
  await answer({ kind: "stored", id: 1, copies: 2 });
  await Promise.all([one, two]);
  expect(outcomes).toEqual(["TOO_FEW_COPIES", "one"]);
});

test("nothing is stored below the reserve of the disk", async () => {
  const { blobs, asked, space } = client();
  for (const diskSpace of ["reserve", "none"] as const) {
    space.diskSpace = diskSpace;
    expect(await codeOf(blobs.store(sha256, blobs.allocate(4).bytes, 9))).toBe("DISK_FULL");
  }
  expect(asked).toEqual([]);
});

test("memory is reused after its release, in slabs of fitting sizes, and released once", () => {
  const { blobs } = client();
  const small = blobs.allocate(100);
  const large = blobs.allocate(1024 * KIB);
  expect([small.bytes.byteLength, large.bytes.byteLength]).toEqual([100, 1024 * KIB]);
  expect(blobs.bytes).toEqual({ live: 1088 * KIB, idle: 0 });
  large.release();
  expect(() => large.release()).toThrow("twice");
  expect(blobs.allocate(1000 * KIB).bytes.buffer).toBe(large.bytes.buffer);
  small.release();
  expect(blobs.bytes).toEqual({ live: 1024 * KIB, idle: 64 * KIB });
  // Larger than any slab.
  const huge = blobs.allocate(3 * 1024 * KIB);
  expect(huge.bytes.byteLength).toBe(3 * 1024 * KIB);
  huge.release();
});

test("a local blob is read without a question; a missing one is fetched; a damaged one is fetched and replaced", async () => {
  const { blobs, asked, answer, local } = client();
  const bytes = Uint8Array.from([1, 2, 3, 4]);
  local.read = () => bytes;
  expect(await blobs.read(reference, memory)).toBe(bytes);
  expect(asked).toEqual([]);
  const cases: [read: () => Uint8Array | undefined, damaged: boolean][] = [
    [() => undefined, false],
    [() => new Uint8Array(3), true],
    [
      () => {
        throw new BlobError("CORRUPT", "a bit");
      },
      true,
    ],
    [
      () => {
        throw new BlobError("IO", "a sector");
      },
      true,
    ],
  ];
  for (const [read, damaged] of cases) {
    local.read = read;
    const reading = blobs.read(reference, memory);
    await Bun.sleep(1);
    const id = asked.at(-1)?.kind === "fetch" ? (asked.at(-1)?.id ?? 0) : 0;
    expect(asked.at(-1)).toEqual({ kind: "fetch", id, ...reference, damaged });
    await answer({ kind: "fetched", id, bytes });
    expect(await reading).toBe(bytes);
  }
  for (const failure of ["NOT_FOUND", "UNREACHABLE"] as const) {
    const reading = codeOf(blobs.read(reference, memory));
    await Bun.sleep(1);
    await answer({ kind: "failed", id: asked.at(-1)?.id ?? 0, failure, message: "" });
    expect(await reading).toBe(failure);
  }
  const short = codeOf(blobs.read(reference, memory));
  await Bun.sleep(1);
  await answer({ kind: "fetched", id: asked.at(-1)?.id ?? 0, bytes: new Uint8Array(3) });
  expect(await short).toBe("IO");
});

test("before a write, the time of the log is renewed when it has stood still", async () => {
  const { blobs, time } = client();
  expect(blobs.refresh()).toBeUndefined();
  time.monotonic = 59_000;
  expect(blobs.refresh()).toBeUndefined();
  time.monotonic = 61_000;
  await Promise.all([blobs.refresh(), blobs.refresh()]);
  expect([time.ticks, blobs.nowMs]).toEqual([1, 6_000]);
  expect(blobs.refresh()).toBeUndefined();
});

test("the gate is what the blob thread said last; the time of pins is the log's", async () => {
  const { blobs, answer, time } = client();
  expect(blobs.open).toBe(false);
  await answer({ kind: "offload", open: true });
  expect(blobs.open).toBe(true);
  await answer({ kind: "offload", open: false });
  expect(blobs.open).toBe(false);
  expect(blobs.nowMs).toBe(5_000);
  time.applied = 6_000;
  expect(blobs.nowMs).toBe(6_000);
});

test("closing answers everything, and closes the gate", async () => {
  const { blobs, answer, local } = client();
  await answer({ kind: "offload", open: true });
  const waiting = [
    codeOf(blobs.store(sha256, blobs.allocate(4).bytes, 9)),
    codeOf(blobs.read(reference, memory)),
  ];
  blobs.close();
  expect(await Promise.all(waiting)).toEqual(["CLOSED", "CLOSED"]);
  expect(await codeOf(blobs.store(sha256, blobs.allocate(4).bytes, 9))).toBe("CLOSED");
  expect(blobs.open).toBe(false);
  local.read = () => {
    throw new BlobError("CLOSED", "closed");
  };
  expect(await codeOf(blobs.read(reference, memory))).toBe("CLOSED");
});
