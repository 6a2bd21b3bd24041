import { expect, test } from "bun:test";
import { MessageType, StorageError } from "../../../src/raft/core/index.ts";
import { Group } from "../support/group.ts";

test("entries that storage must fetch first: nothing is sent, no snapshot; the answer or the application asks again", () => {
  const group = new Group({ voters: [1, 2, 3] });
  group.elect(1);
  group.partition([1, 2], [3]);
  for (let i = 0; i < 5; i++) group.propose(1, `p${i}`);
  group.settle();
  const { storage, raw } = group.node(1);
  const entries = storage.entries.bind(storage);
  let asked = 0;
  storage.entries = () => {
    asked++;
    throw new StorageError("PENDING");
  };
  raw.reportUnreachable(3);
  group.heal();
  group.takeSent();
  group.tick(1);
  group.settle();
  expect(asked).toBeGreaterThan(0);
  const sent = group.takeSent().filter(({ to }) => to === 3);
  expect(sent.some(({ type }) => type === MessageType.Heartbeat)).toBe(true);
  expect(sent.filter(({ type }) => type === MessageType.App || type === MessageType.Snap)).toEqual([]);
  expect(group.commit(3)).toBeLessThan(group.commit(1));
  storage.entries = entries;
  raw.resumeAppends();
  group.settle();
  expect(group.commit(3)).toBe(group.commit(1));
});
