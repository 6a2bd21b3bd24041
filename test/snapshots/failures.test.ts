import { expect, test } from "bun:test";
import { SnapshotFailures } from "../../src/snapshots/failures.ts";

const FULL = "its receiver says: DISK_FULL: no space left";

test("the last reason of each member stays until one arrives; each kind is news once, whatever numbers are in it", () => {
  const failures = new SnapshotFailures();
  expect(failures.reasonFor(7)).toBeUndefined();
  expect(failures.failed(7, FULL, 10)).toBe(true);
  for (let i = 0; i < 5; i++) expect(failures.failed(7, FULL, 10 + i)).toBe(false);
  expect(failures.failed(7, "announced 3/15, received 3/14", 15)).toBe(true);
  expect(failures.failed(7, "announced 4/77, received 3/9", 77)).toBe(false);
  expect(failures.failed(7, FULL, 80)).toBe(false);
  expect(failures.failed(8, FULL, 80)).toBe(true);
  expect(failures.reasonFor(7)).toBe(FULL);
  failures.forget(7);
  expect([failures.reasonFor(7), failures.reasonFor(8)]).toEqual([undefined, FULL]);
  expect(failures.failed(7, FULL, 90)).toBe(true);
});

test("a member that has caught up otherwise has no problem any more: the answer alone was lost", () => {
  const failures = new SnapshotFailures();
  failures.failed(7, "the connection broke", 10);
  failures.matched(7, 9);
  failures.matched(8, 10);
  expect(failures.reasonFor(7)).toBe("the connection broke");
  failures.matched(7, 10);
  expect(failures.reasonFor(7)).toBeUndefined();
});

test("what is no longer this node's business is forgotten", () => {
  const failures = new SnapshotFailures();
  for (const id of [7, 8]) failures.failed(id, FULL, 10);
  failures.forgetAll((id) => id === 7);
  expect([failures.reasonFor(7), failures.reasonFor(8)]).toEqual([undefined, FULL]);
});

test("a peer that makes up new reasons does not fill the log, nor the memory", () => {
  const failures = new SnapshotFailures();
  let news = 0;
  for (let i = 0; i < 1_000; i++) if (failures.failed(7, "x".repeat(i), 10)) news++;
  expect(news).toBe(16);
});
