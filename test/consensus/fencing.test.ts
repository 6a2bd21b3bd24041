import { expect, test } from "bun:test";
import { Fencing } from "../../src/consensus/fencing.ts";
import { noLog } from "../support/no-log.ts";

function setUp() {
  const told: unknown[] = [];
  const fencing = new Fencing({
    logger: noLog,
    tell: (message) => told.push(message),
    silence: () => told.push("silence"),
  });
  return { fencing, told };
}

test("the node is told to end once, with the first reason", () => {
  const { fencing, told } = setUp();
  fencing.fence(true, "n1 was removed from the cluster");
  fencing.fence(false, "n2 says: another data directory");
  expect(told).toEqual([{ kind: "fenced", removed: true, message: "n1 was removed from the cluster" }]);
  expect(fencing.rolledBack).toBe(false);
});

test("an old copy of a data directory falls silent before it says anything, and the directory is marked", () => {
  const { fencing, told } = setUp();
  fencing.rollBack("older than its promises");
  expect(told).toEqual([
    "silence",
    { kind: "rolled-back", message: "older than its promises" },
    { kind: "fenced", removed: false, message: "older than its promises" },
  ]);
  expect(fencing.rolledBack).toBe(true);
});
