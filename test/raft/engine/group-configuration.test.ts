import { expect, test } from "bun:test";
import { type ConfState, EMPTY_CONF_STATE } from "../../../src/raft/core/index.ts";
import { checkSame, isJoint, staleGuard, votersOf } from "../../../src/raft/engine/group-configuration.ts";

const JOINT: ConfState = {
  voters: [1, 2, 3],
  votersOutgoing: [1, 2, 4],
  learners: [5],
  learnersNext: [4],
  autoLeave: true,
};

test("the core's configuration and the log's are compared as sets", () => {
  const turned = { ...JOINT, voters: [3, 1, 2], votersOutgoing: [4, 2, 1] };
  expect(() => checkSame("entry 5", JOINT, turned)).not.toThrow();
  const others: Partial<ConfState>[] = [
    { voters: [1, 2] },
    { voters: [1, 2, 3, 4] },
    { voters: [1, 2, 4] },
    { votersOutgoing: [] },
    { learners: [6] },
    { learnersNext: [] },
    { autoLeave: false },
  ];
  for (const other of others) {
    expect(() => checkSame("entry 5", JOINT, { ...JOINT, ...other })).toThrow(
      "entry 5 brought the configuration",
    );
  }
  expect(() => checkSame("snapshot 7", JOINT, EMPTY_CONF_STATE)).toThrow(
    "snapshot 7 brought the configuration () () () (), the core has (1 2 3) (1 2 4) (5) (4) auto-leave",
  );
});

test("voters of both halves, each once; joint while there are two", () => {
  expect(votersOf({ index: 5, confState: JOINT })).toEqual([1, 2, 3, 4]);
  expect(isJoint({ index: 5, confState: JOINT })).toBe(true);
  expect(isJoint({ index: 5, confState: { ...JOINT, votersOutgoing: [] } })).toBe(false);
});

test("a guard of another configuration is stale; 0 guards nothing", () => {
  const configuration = { index: 5, confState: JOINT };
  expect([0, 5].map((guard) => staleGuard(configuration, guard))).toEqual([null, null]);
  expect(staleGuard(configuration, 4)).toBe("decided on configuration 4, in force is 5");
});
