import { describe, expect, test } from "bun:test";
import { CopyBuffers } from "../../../src/blob/thread/copy-buffers.ts";
import { Damaged } from "../../../src/blob/thread/damaged.ts";
import { BATCH_BYTES, LocalWrites } from "../../../src/blob/thread/local-writes.ts";
import { BlobError, type BlobErrorCode } from "../../../src/blob/types.ts";
import { MemoryBlobStore } from "../../support/blobs/memory-blob-store.ts";
import { ManualTime, settle } from "../../support/manual-time.ts";
import { noLog } from "../../support/no-log.ts";
import { blobOf } from "./support/blob-node.ts";

const MIB = 1 << 20;

interface Over {
  readonly freeBytes?: number;
  readonly maxPushBytes?: number;
  readonly pinFails?: BlobErrorCode;
}

function writesOver(options: Over = {}) {
  const time = new ManualTime();
  const store = new MemoryBlobStore();
  const pinned: number[] = [];
  const written: Uint8Array[] = [];
  const deduplicated: number[] = [];
  const damaged = new Damaged({ damaged: () => {} }, noLog);
  const ends: string[] = [];
  const writes = new LocalWrites({
    store,
    pins: {
      accepts: () => true,
      pin: (_sha256, untilMs) => {
        if (options.pinFails !== undefined) throw new BlobError(options.pinFails, "injected");
        pinned.push(untilMs);
      },
    },
    damaged,
    buffers: new CopyBuffers(4 * MIB),
    timers: time,
    freeBytes: () => options.freeBytes ?? 1e12,
    reserveBytes: 10 * MIB,
    maxPushBytes: options.maxPushBytes ?? 64 * MIB,
    metrics: { deduplicated: (bytes) => deduplicated.push(bytes) },
    onWritten: (sha256) => written.push(sha256),
    fatal: (message) => {
      if (options.pinFails === undefined) throw new Error(message);
      ends.push(message);
    },
  });
  return { ends, time, store, damaged, pinned, written, deduplicated, writes };
}

describe("local writes", () => {
  test("one write takes a bounded number of bytes; the rest comes in the next turn", async () => {
    const { time, store, writes } = writesOver();
    const count = (2.5 * BATCH_BYTES) / MIB;
    const blobs = Array.from({ length: count }, (_, n) => blobOf(`w${n}`, MIB));
    const results = blobs.map(({ sha256, bytes }) => writes.store(sha256, bytes, 1));
    await time.advance(1);
    expect(new Set(await Promise.all(results))).toEqual(new Set(["stored"]));
    expect(store.writes.map((names) => names.length)).toEqual([16, 16, 8]);
  });

  test("nothing is pinned or acknowledged before the write", async () => {
    const { time, store, pinned, writes } = writesOver();
    const { sha256, bytes } = blobOf("a");
    let answered = false;
    const result = writes.store(sha256, bytes, 7).then(() => {
      answered = true;
    });
    await settle();
    expect([store.has(sha256), answered, pinned]).toEqual([false, false, []]);
    await time.advance(1);
    await result;
    expect([store.has(sha256), pinned]).toEqual([true, [7]]);
  });

  test("one content that arrives twice in a turn is written once, and pinned for both", async () => {
    const { time, store, pinned, deduplicated, written, writes } = writesOver();
    const { sha256, bytes } = blobOf("a");
    const both = [writes.store(sha256, bytes, 7), writes.push(sha256, bytes, 8)];
    await time.advance(1);
    expect(await Promise.all(both)).toEqual(["stored", "stored"]);
    expect(store.writes).toEqual([[sha256]]);
    expect(pinned).toEqual([7, 8]);
    expect(deduplicated).toEqual([bytes.byteLength]);
    expect(written).toEqual([sha256]);
  });

  test("a content that is here already is not written again, unless its copy cannot be read", async () => {
    const { time, store, damaged, pinned, deduplicated, writes } = writesOver();
    const { sha256, bytes } = blobOf("a");
    const first = writes.store(sha256, bytes, 7);
    await time.advance(1);
    expect([await first, await writes.store(sha256, bytes, 8)]).toEqual(["stored", "stored"]);
    expect([store.writes.length, pinned, deduplicated.length]).toEqual([1, [7, 8], 1]);
    for (const again of [() => writes.store(sha256, bytes, 9), () => writes.push(sha256, bytes, 9)]) {
      store.damage(sha256);
      const result = again();
      await time.advance(1);
      expect(await result).toBe("stored");
      expect(store.read(sha256)).toEqual(bytes);
      expect(damaged.size).toBe(0);
    }
    expect([store.writes.length, deduplicated.length]).toEqual([3, 1]);
  });

  test("a pin that cannot be written down ends the node, or on a full disk refuses the write", async () => {
    for (const [pinFails, result] of [
      ["IO", "failed"],
      ["DISK_FULL", "disk-full"],
    ] as const) {
      for (const held of [false, true]) {
        const { ends, time, store, writes } = writesOver({ pinFails });
        const { sha256, bytes } = blobOf("a");
        if (held) store.write([{ sha256, bytes }]);
        const answers = [writes.store(sha256, bytes, 7), writes.push(sha256, bytes, 8)];
        await time.advance(1);
        expect(await Promise.all(answers)).toEqual([result, result]);
        expect(ends.length > 0).toBe(pinFails === "IO");
        // The blob itself is here: a node that goes on takes further ones.
        const next = writes.keep(blobOf("b").sha256, blobOf("b").bytes);
        await time.advance(1);
        expect(await next).toBe(pinFails === "IO" ? "failed" : "stored");
      }
    }
  });

  test("a push with other bytes is refused, and not written", async () => {
    const { store, writes } = writesOver();
    expect(await writes.push(blobOf("a").sha256, blobOf("b").bytes, 1)).toBe("corrupt");
    expect(store.writes).toEqual([]);
  });

  test("the bytes of a push may be used again after the call", async () => {
    const { time, store, writes } = writesOver();
    const { sha256, bytes } = blobOf("a");
    const kept = bytes.slice();
    const pushed = writes.push(sha256, bytes, 1);
    bytes.fill(9);
    await time.advance(1);
    expect(await pushed).toBe("stored");
    expect(store.read(sha256)).toEqual(kept);
  });

  test("pushes that wait are bounded; one alone always fits", async () => {
    const { time, writes } = writesOver({ maxPushBytes: MIB });
    const [a, b] = [blobOf("a", 2 * MIB), blobOf("b", 100)];
    const first = writes.push(a.sha256, a.bytes, 1);
    expect(await writes.push(b.sha256, b.bytes, 1)).toBe("busy");
    await time.advance(1);
    expect(await first).toBe("stored");
    const second = writes.push(b.sha256, b.bytes, 1);
    await time.advance(1);
    expect(await second).toBe("stored");
  });

  test("below the reserve of the disk nothing is stored", async () => {
    const blob = blobOf("a", MIB);
    const below = writesOver({ freeBytes: 10 * MIB - 1 });
    expect(await below.writes.push(blob.sha256, blob.bytes, 1)).toBe("disk-full");
    const refused = below.writes.store(blob.sha256, blob.bytes, 1);
    await below.time.advance(1);
    expect(await refused).toBe("disk-full");
    const { time, store, writes } = writesOver({ freeBytes: 10 * MIB });
    const result = writes.store(blob.sha256, blob.bytes, 1);
    await time.advance(1);
    expect(await result).toBe("stored");
    expect([store.totals.blobs, below.store.totals.blobs]).toEqual([1, 0]);
  });
});

describe("copy buffers", () => {
  test("are used again, and a bounded number of bytes is kept", () => {
    const buffers = new CopyBuffers(3 * MIB);
    const copies = Array.from({ length: 4 }, (_, n) => buffers.copyOf(new Uint8Array(100).fill(n)));
    expect(copies.map((copy) => copy[99])).toEqual([0, 1, 2, 3]);
    for (const copy of copies) buffers.free(copy);
    expect(buffers.idleBytes).toBe(3 * MIB);
    const again = buffers.copyOf(new Uint8Array(MIB).fill(7));
    expect(copies.some((copy) => copy.buffer === again.buffer)).toBe(true);
    expect(buffers.idleBytes).toBe(2 * MIB);
    expect(buffers.copyOf(new Uint8Array(2 * MIB)).byteLength).toBe(2 * MIB);
  });
});
