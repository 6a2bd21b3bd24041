import { expect, test } from "bun:test";
import { ReceivedMemory } from "../../src/kv/received-memory.ts";

const LARGE = 100 << 10;

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
