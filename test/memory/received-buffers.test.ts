import { expect, test } from "bun:test";
import { IDLE_BYTES_MAX, ReceivedMemory } from "../../src/memory/received-buffers.ts";

const LARGE = 200 << 10;

test("a large block is used again once the message is done with and every entry in the log has left it", () => {
  const memory = new ReceivedMemory();
  const bytes = memory.allocate(LARGE);
  const entries = [bytes.subarray(0, 10), bytes.subarray(10, LARGE)];
  for (const entry of entries) memory.held(entry);
  memory.received(entries);
  expect(memory.allocate(LARGE).buffer).not.toBe(bytes.buffer);
  memory.evicted(entries[0] as Uint8Array);
  expect(memory.allocate(LARGE).buffer).not.toBe(bytes.buffer);
  memory.evicted(entries[1] as Uint8Array);
  expect(memory.allocate(LARGE).buffer).toBe(bytes.buffer);
});

test("what the log did not take is free at once", () => {
  const memory = new ReceivedMemory();
  const bytes = memory.allocate(LARGE);
  memory.received([{ data: bytes }]);
  expect(memory.allocate(LARGE).buffer).toBe(bytes.buffer);
});

test("small messages share a block without touching each other, and it comes back when all of them are gone", () => {
  const memory = new ReceivedMemory();
  const parts = Array.from({ length: 100 }, (_, i) => memory.allocate(1_001).fill(i));
  parts.forEach((part, i) => {
    expect(part.every((byte) => byte === i)).toBe(true);
    memory.held(part);
    memory.received([part]);
  });
  const { buffer } = parts[0] as Uint8Array;
  // Until the next one begins another block.
  for (let part = memory.allocate(1_001); part.buffer === buffer; part = memory.allocate(1_001)) {
    memory.received([part]);
  }
  for (const part of parts.slice(1)) memory.evicted(part);
  expect(memory.allocate(LARGE).buffer).not.toBe(buffer);
  memory.evicted(parts[0] as Uint8Array);
  expect(memory.allocate(LARGE).buffer).toBe(buffer);
});

test("a block is at most twice as large as what lies in it, from 32 KiB on", () => {
  const memory = new ReceivedMemory();
  for (const bytes of [33 << 10, 65 << 10, 130 << 10, 300 << 10, 600 << 10, (1 << 20) + 1, 3_500_000]) {
    expect(memory.allocate(bytes).buffer.byteLength).toBeLessThanOrEqual(2 * bytes);
  }
});

test("idle memory is bounded over all sizes; what was of use last is kept", () => {
  const memory = new ReceivedMemory();
  const sizes = [40 << 10, 100 << 10, 200 << 10, 400 << 10, 1 << 20, 2 << 20, 3 << 20, 4 << 20];
  for (const size of sizes) {
    const blocks = Array.from({ length: Math.ceil((24 << 20) / size) }, () => memory.allocate(size));
    for (const block of blocks) memory.received([block]);
    expect(memory.idleBytes).toBeLessThanOrEqual(IDLE_BYTES_MAX);
  }
  const before = memory.idleBytes;
  memory.allocate(4 << 20);
  expect(memory.idleBytes).toBe(before - (4 << 20));
});
