import { expect, test } from "bun:test";
import { type ReadinessFacts, readinessOf } from "../../src/node/readiness.ts";

const READY: ReadinessFacts = {
  phase: "serving",
  fenced: undefined,
  joins: false,
  waiting: undefined,
  leaderKnown: true,
  readable: true,
  diskFull: false,
  waitsForKey: false,
  draining: false,
  descriptorsExhausted: false,
  listening: true,
};
const codes = (facts: Partial<ReadinessFacts>): string[] => {
  const readiness = readinessOf({ ...READY, ...facts });
  return readiness.ready ? [] : readiness.reasons.map(({ code }) => code);
};

test("ready is: serving, a leader is known, a read has succeeded, the port is open, and there is space", () => {
  expect(readinessOf(READY)).toEqual({ ready: true });
  expect(codes({ leaderKnown: false })).toEqual(["no-leader"]);
  expect(codes({ readable: false })).toEqual(["catching-up"]);
  expect(codes({ listening: false })).toEqual(["starting"]);
  expect(codes({ listening: false, waitsForKey: true })).toEqual(["sealing-key"]);
  expect(codes({ diskFull: true, leaderKnown: false })).toEqual(["no-leader", "disk-full"]);
  expect(codes({ descriptorsExhausted: true })).toEqual(["out-of-descriptors"]);
});

test("before that: what the start waits for", () => {
  const waiting = { members: ["n2", "n3"], why: "n2: ECONNREFUSED" };
  expect(codes({ phase: "starting" })).toEqual(["starting"]);
  expect(codes({ phase: "replaying" })).toEqual(["replaying-log"]);
  expect(codes({ phase: "replaying", waiting, joins: true })).toEqual(["joining"]);
  expect(readinessOf({ ...READY, phase: "replaying", waiting })).toEqual({
    ready: false,
    reasons: [{ code: "forming", message: "waiting for n2, n3: n2: ECONNREFUSED" }],
  });
});

test("a node that is no member says only that", () =>
  expect(readinessOf({ ...READY, fenced: "n1 was removed", leaderKnown: false })).toEqual({
    ready: false,
    reasons: [{ code: "fenced", message: "n1 was removed" }],
  }));
