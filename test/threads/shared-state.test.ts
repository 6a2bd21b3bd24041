import { expect, test } from "bun:test";
import { PublishedState } from "../../src/threads/shared-state.ts";

test("what one thread writes, another with the same buffer reads, 64 bits whole", () => {
  const writer = new PublishedState();
  const reader = new PublishedState(writer.buffer);
  writer.publishApplied(2 ** 40, 2n ** 62n + 1n);
  writer.publishCommit(2 ** 40 + 1);
  writer.publishLease(7, 123_456_789.9);
  expect(reader.appliedIndex).toBe(2 ** 40);
  expect(reader.appliedCommitTs).toBe(2n ** 62n + 1n);
  expect(reader.commitIndex).toBe(2 ** 40 + 1);
  expect(reader.term).toBe(7);
  expect(reader.leaseUntilUs).toBe(123_456_789);
});
