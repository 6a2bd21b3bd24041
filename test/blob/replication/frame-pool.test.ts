import { expect, test } from "bun:test";
import { FramePool } from "../../../src/blob/replication/frame-pool.ts";
import { LEAST_POOLED_BYTES } from "../../../src/blob/replication/limits.ts";
import { World } from "../../peer/support/world.ts";
import { type BlobNode, blob, blobGroup, hex, pass, sha256, soon } from "./support/nodes.ts";

test("a frame is used again when it was given back, and only so many are kept", () => {
  const pool = new FramePool(1_000, 2);
  const frames = [pool.take(1_000), pool.take(10), pool.take(500)] as const;
  expect(frames.map(({ byteLength }) => byteLength)).toEqual([1_000, 10, 500]);
  expect(new Set(frames.map(({ buffer }) => buffer)).size).toBe(3);
  for (const frame of frames) pool.give(frame);
  const again = [pool.take(700), pool.take(1_000), pool.take(5)];
  expect(again.map(({ buffer }) => frames.findIndex((frame) => frame.buffer === buffer))).toEqual([1, 0, -1]);
});

test("a longer frame has memory of its own, which the pool does not keep", () => {
  const pool = new FramePool(1_000, 2);
  const long = pool.take(1_001);
  expect(long.byteLength).toBe(1_001);
  pool.give(long);
  expect(pool.take(1_000).buffer.byteLength).toBe(1_000);
});

/** The memory of each push on the connections of a node. */
const memoryOf = (world: World) =>
  world.pairs.flatMap(([near]) =>
    near.writes.filter(({ byteLength }) => byteLength > LEAST_POOLED_BYTES).map(({ buffer }) => buffer),
  );

test("the memory of a push is used again after its answer, and never before", async () => {
  const world = new World();
  const [a, b] = (await blobGroup(world, 2)) as [BlobNode, BlobNode];
  const push = (seed: number) => a.peers.push(2, sha256(blob(seed)), blob(seed), 0).result;
  let answer = (): void => {};
  b.blobs.behave = (sha, bytes) =>
    new Promise((resolve) => {
      answer = () => resolve(b.blobs.keep(1, sha, bytes, 0));
    });
  void push(1);
  await pass(world, 50);
  void push(2);
  await pass(world, 50);
  expect(new Set(memoryOf(world)).size).toBe(2);
  b.blobs.behave = undefined;
  expect(await soon(world, push(3))).toBe("stored");
  expect(await soon(world, push(4))).toBe("stored");
  const [first, second, third, fourth] = memoryOf(world);
  expect(new Set([first, second, third]).size).toBe(3);
  expect(fourth).toBe(third as ArrayBuffer);
  for (const seed of [3, 4]) expect(b.blobs.held.get(hex(sha256(blob(seed))))).toEqual(blob(seed));
  answer();
});

test("the memory of a push that was lost is not used again: its connection may still read it", async () => {
  const world = new World();
  const [a] = (await blobGroup(world, 2)) as [BlobNode, BlobNode];
  const push = (seed: number) => a.peers.push(2, sha256(blob(seed)), blob(seed), 0).result;
  const lost = push(1);
  await pass(world, 3);
  world.living("h1", "h2")[0]?.reset();
  expect(await soon(world, lost)).toBe("lost");
  await pass(world, 3_000);
  expect(await soon(world, push(2))).toBe("stored");
  const memory = memoryOf(world);
  expect([memory.length, new Set(memory).size]).toEqual([2, 2]);
});
