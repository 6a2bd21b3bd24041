import { expect, test } from "bun:test";
import { PublishedState } from "../../src/threads/shared-state.ts";

test("what one thread writes, another with the same buffer reads, 64 bits whole", () => {
  const made = new PublishedState();
  const writer = made.group(0);
  const reader = new PublishedState(made.buffer).group(0);
  writer.publishApplied(2 ** 40, 2n ** 62n + 1n);
  writer.publishCommit(2 ** 40 + 1);
  writer.publishLease(7, 123_456_789.9);
  expect(reader.appliedIndex).toBe(2 ** 40);
  expect(reader.appliedCommitTs).toBe(2n ** 62n + 1n);
  expect(reader.commitIndex).toBe(2 ** 40 + 1);
  expect(reader.term).toBe(7);
  expect(reader.leaseUntilUs).toBe(123_456_789);
});

test("groups and the node have words of their own; how many groups there are comes with the buffer", () => {
  const made = new PublishedState(3);
  made.publishDiskSpace("none");
  for (const id of [0, 1, 2]) {
    made.group(id).publishCommit(10 + id);
    made.group(id).publishLease(20 + id, 30 + id);
    made.group(id).publishApplied(40 + id, BigInt(50 + id));
  }
  const seen = new PublishedState(made.buffer);
  expect(seen.diskSpace).toBe("none");
  for (const id of [0, 1, 2]) {
    const { commitIndex, term, leaseUntilUs, appliedIndex, appliedCommitTs } = seen.group(id);
    expect([commitIndex, term, leaseUntilUs, appliedIndex]).toEqual([10 + id, 20 + id, 30 + id, 40 + id]);
    expect(appliedCommitTs).toBe(BigInt(50 + id));
  }
  expect(() => seen.group(3)).toThrow("no Raft group 3 in a shared state made for 3");
});

test("the layout: 8 words of the node, then 8 of each group", () => {
  const state = new PublishedState(2);
  const words = new BigInt64Array(state.buffer);
  expect(words).toHaveLength(24);
  state.publishDiskSpace("reserve");
  state.group(1).publishLease(4, 6);
  state.group(1).publishCommit(5);
  state.group(1).publishApplied(7, 8n);
  expect([...words.entries()].filter(([, word]) => word !== 0n)).toEqual([
    [0, 1n],
    [16, 4n],
    [17, 5n],
    [18, 6n],
    [19, 7n],
    [20, 8n],
  ]);
});

test("a group is resolved once: the same object at every call", () => {
  const state = new PublishedState();
  expect(state.group(0)).toBe(state.group(0));
});
