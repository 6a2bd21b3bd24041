/** Downloads share buffers: no client may ever see another chunk's bytes, however slowly it reads. */
import { expect, test } from "bun:test";
import { connect } from "node:net";
import { crc32 } from "node:zlib";
import { startEdge } from "../../../src/http/edge.ts";
import { LogSource } from "../../../src/s3/content/log/source.ts";
import { RangeReader } from "../../../src/s3/content/reader.ts";
import type { Extent } from "../../../src/s3/content/types.ts";
import { encodeChunk } from "../../../src/s3/records/chunk.ts";
import type { PayloadTarget } from "../../../src/store/types.ts";
import type { KvGroup } from "../../../src/txn/types.ts";

const CHUNK = 1024 * 1024;
const CHUNKS = 12;
const SIZE = CHUNK * CHUNKS - 1000;

/** Byte `i` of object `object`: no two chunks of any two objects are alike. */
function byteOf(object: number, chunk: number, i: number): number {
  return (object * 31 + chunk * 7 + (i >> 8) * 3 + i) & 0xff;
}

function chunkOf(object: number, chunk: number, target: Uint8Array): Uint8Array {
  for (let i = 0; i < target.byteLength; i++) target[i] = byteOf(object, chunk, i);
  return target;
}

const sizeOf = (chunk: number): number => Math.min(CHUNK, SIZE - chunk * CHUNK);

const extent: Extent = {
  ref: { bucket: "bucket", generation: 1n },
  key: "key",
  attempt: new Uint8Array(16),
  partNumber: 0,
  partAttempt: new Uint8Array(0),
  size: SIZE,
  chunkSize: CHUNK,
};

type Rows = Pick<KvGroup, "getImmutable">;

function readerOver(rows: Rows, of = extent): RangeReader {
  const source = new LogSource({ group: () => rows as KvGroup });
  return new RangeReader(source.pieces(of, 0, of.size));
}

/** Reads into the buffer it is given, as the store does. */
function readerOf(object: number): RangeReader {
  return readerOver({
    getImmutable: async (key: Uint8Array, target?: PayloadTarget) => {
      // A chunk's number is the last segment of its key.
      const chunk = key.at(-1) ?? 0;
      const size = sizeOf(chunk);
      const payload = chunkOf(object, chunk, target?.allocate(size) ?? new Uint8Array(size));
      return {
        commitTs: 1n,
        value: encodeChunk({ crc32: crc32(payload), size }),
        payload,
        garbage: undefined,
      };
    },
  });
}

async function download(port: number, object: number, pauseMs: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET /${object} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  let head = "";
  let at = 0;
  let bad = 0;
  for await (const piece of socket as AsyncIterable<Uint8Array>) {
    let from = 0;
    if (!head.includes("\r\n\r\n")) {
      const text = Buffer.from(piece).toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      head += end < 0 ? text : text.slice(0, end + 4);
      from = end < 0 ? piece.byteLength : end + 4;
    }
    for (let i = from; i < piece.byteLength; i++, at++) {
      if (piece[i] !== byteOf(object, Math.floor(at / CHUNK), at % CHUNK)) bad++;
    }
    if (pauseMs > 0 && at % 5 === 0) await Bun.sleep(pauseMs);
  }
  expect(head).toStartWith("HTTP/1.1 200");
  expect({ object, bad, at }).toEqual({ object, bad: 0, at: SIZE });
}

test("fast, slow and leaving clients at once: every byte is the right object's", async () => {
  const edge = await startEdge({
    host: "127.0.0.1",
    port: 0,
    application: async (request) => {
      const reader = readerOf(Number(request.rawTarget.slice(1)));
      await reader.prime();
      return { status: 200, headers: [], body: { kind: "stream", length: SIZE, chunks: reader } };
    },
  });
  try {
    const leaving = Array.from({ length: 3 }, async (_, i) => {
      const socket = connect(edge.port, "127.0.0.1");
      socket.write(`GET /${50 + i} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      await new Promise((resolve) => socket.once("data", resolve));
      socket.destroy();
    });
    const downloads = Array.from({ length: 6 }, (_, object) => download(edge.port, object, object % 3));
    await Promise.all([...leaving, ...downloads]);
  } finally {
    await edge.close(1_000);
  }
}, 60_000);

test("a reader that is asked on keeps to two buffers; one that is ended gives back only what it did not lend", async () => {
  const memory = new Set<ArrayBufferLike>();
  const reader = readerOf(1);
  for await (const view of reader) memory.add(view.buffer);
  expect(memory.size).toBeLessThanOrEqual(3);
  const first = readerOf(2);
  const lent = (await first.next()).value as Uint8Array;
  await first.return();
  const before = Uint8Array.from(lent);
  for await (const _ of readerOf(3));
  expect(lent).toEqual(before);
});

test("what the store verified is compared with the chunk's own record; bytes nobody verified are looked at", async () => {
  const payload = new Uint8Array(SIZE % CHUNK).fill(1);
  const store = (recorded: number, told: number | undefined) => ({
    getImmutable: async (_key: Uint8Array, target?: PayloadTarget) => {
      if (told !== undefined) target?.verified(told);
      const value = encodeChunk({ crc32: recorded, size: payload.byteLength });
      return { commitTs: 1n, value, payload, garbage: undefined };
    },
  });
  const right = crc32(payload);
  const read = (recorded: number, told: number | undefined) =>
    readerOver(store(recorded, told), { ...extent, size: payload.byteLength }).next();
  expect((await read(right, right)).value).toEqual(payload);
  expect((await read(right, undefined)).value).toEqual(payload);
  await expect(read(right ^ 1, right)).rejects.toThrow(/with CRC/);
  await expect(read(right ^ 1, undefined)).rejects.toThrow(/with CRC/);
  await expect(read(right, right ^ 1)).rejects.toThrow(/with CRC/);
});
