import { expect, test } from "bun:test";
import type { Membership } from "../../src/cluster/registry/membership.ts";
import { clusterView, type ViewSource } from "../../src/cluster/view.ts";
import { EMPTY_CONF_STATE, StateType, type Status } from "../../src/raft/core/index.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";

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
function source(more: Partial<ViewSource> = {}): ViewSource {
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
  return {
    status: status as unknown as Status,
    membership,
    firstIndex: 1,
    appliedIndex: 19,
    durableIndex: 20,
    version: "v",
    applied: new Map(),
    peers: [],
    sendingSnapshotTo: () => false,
    snapshotFailureOf: () => undefined,
    ...more,
  };
}

const view = (more: Partial<ViewSource> = {}) => clusterView(source(more));

test("what is on the disk of the answering node ends where its disk ends, whatever its log in memory has", () => {
  const { lastIndex, members } = view();
  expect(lastIndex).toBe(30);
  expect(members.map(({ name, match, lag }) => [name, match, lag])).toEqual([
    ["n1", 20, 5],
    ["n2", 28, 0],
    ["n3", 25, 0],
  ]);
});

test("a member that can be reached and did not get its snapshot has that as its problem", () => {
  const reason = "its receiver says: DISK_FULL: no space left";
  const snapshotFailureOf = (id: number) => (id === n3 ? reason : undefined);
  const problems = (more: Partial<ViewSource>) =>
    view({ snapshotFailureOf, ...more }).members.map(({ problem }) => problem);
  expect(problems({})).toEqual([null, null, `the last snapshot did not arrive: ${reason}`]);
  // Cut off, it has a greater one.
  const { status } = source();
  const progress = new Map(status.progress);
  progress.delete(n3);
  expect(problems({ status: { ...status, progress } })[2]).toBe("not heard of for an election timeout");
});

test("another node than the leader knows of itself, and of the others only that they can be reached", () => {
  const { status } = source();
  const own = view({
    status: { ...status, raftState: StateType.Follower, lead: n2, leadTransferee: n3, progress: new Map() },
    // Of an earlier day, when it led.
    applied: new Map([[n2, 12]]),
    sendingSnapshotTo: () => true,
  });
  expect([own.view, own.leader, own.transferTo]).toEqual(["own", "n2", null]);
  expect(
    own.members.map(({ name, match, applied, lag, snapshot }) => [name, match, applied, lag, snapshot]),
  ).toEqual([
    ["n1", 20, 19, null, null],
    ["n2", null, null, null, null],
    ["n3", null, null, null, null],
  ]);
});

test("the leader knows nothing of a member that has not answered it yet: no zeros", () => {
  const { status } = source();
  const progress = new Map<number, unknown>(status.progress).set(n3, { match: 0, recentActive: false });
  const asked = { ...status, progress } as unknown as Status;
  const third = view({ status: asked, applied: new Map([[n2, 18]]) }).members[2];
  expect([third?.match, third?.applied, third?.lag]).toEqual([null, null, null]);
});

test("what is under way: leadership that is handed over, votes that change hands", () => {
  const { status } = source();
  expect(view().transferTo).toBeNull();
  expect(view({ status: { ...status, leadTransferee: n2 } }).transferTo).toBe("n2");
  const n4 = raftIdOf("n4");
  const members = [...membership.members, { id: n4, name: "n4", address: "n4.test:7000", instance: "i" }];
  const confState = { ...EMPTY_CONF_STATE, voters: [n1, n2, n4], votersOutgoing: [n1, n2, n3] };
  const joint = view({ membership: { ...membership, members, confState } });
  expect(joint.joint).toBe(true);
  expect(joint.members.map(({ name, change }) => [name, change])).toEqual([
    ["n1", null],
    ["n2", null],
    ["n3", "leaving"],
    ["n4", "joining"],
  ]);
  expect(view().members.map(({ change }) => change)).toEqual([null, null, null]);
});
