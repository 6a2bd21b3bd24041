import { expect, test } from "bun:test";
import { clusterView, type ViewSource } from "../../src/kv/cluster-view.ts";
import { EMPTY_CONF_STATE, StateType, type Status } from "../../src/raft/core/index.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import type { Membership } from "../../src/raft/engine/types.ts";

const NAMES = ["n1", "n2", "n3"];
const [n1 = 0, n2 = 0, n3 = 0] = NAMES.map(raftIdOf);
const membership: Membership = {
  index: 9,
  confState: { ...EMPTY_CONF_STATE, voters: [n1, n2, n3] },
  members: NAMES.map((name) => ({
    id: raftIdOf(name),
    name,
    address: `${name}.test:7000`,
    instance: `i-${name}`,
  })),
  removed: [],
};

/** n1 answers, and leads. Its log ends at 30, of which 20 are on its disk; the others have let it commit 25. */
function view(more: Partial<ViewSource> = {}) {
  const progress = new Map([
    [n1, { match: 30, recentActive: true }],
    [n2, { match: 28, recentActive: true }],
    [n3, { match: 25, recentActive: true }],
  ]);
  const status = {
    id: n1,
    lead: n1,
    raftState: StateType.Leader,
    term: 3,
    commit: 25,
    lastIndex: 30,
    progress,
  };
  return clusterView({
    status: status as unknown as Status,
    membership,
    firstIndex: 1,
    appliedIndex: 19,
    durableIndex: 20,
    version: "v",
    applied: new Map(),
    peers: [],
    sendingSnapshotTo: () => false,
    ...more,
  });
}

test("what is on the disk of the answering node ends where its disk ends, whatever its log in memory has", () => {
  const { lastIndex, members } = view();
  expect(lastIndex).toBe(30);
  expect(members.map(({ name, match, lag }) => [name, match, lag])).toEqual([
    ["n1", 20, 5],
    ["n2", 28, 0],
    ["n3", 25, 0],
  ]);
});
