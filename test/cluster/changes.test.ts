import { expect, test } from "bun:test";
import { ClusterChanges } from "../../src/cluster/changes.ts";
import type { Membership } from "../../src/cluster/registry/membership.ts";
import type { ClusterReply } from "../../src/messages/cluster.ts";
import { EMPTY_CONF_STATE, type Status } from "../../src/raft/core/index.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";

const NAMES = ["n1", "n2", "n3"];
const [n1 = 0, n2 = 0, n3 = 0] = NAMES.map(raftIdOf);
const MEMBERSHIP: Membership = {
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

/** n1 leads; n2 has more of the log than n3. */
function leader(settled: readonly number[], membership = MEMBERSHIP) {
  const state = { lead: n1, leadTransferee: 0 };
  const asked: number[] = [];
  const replies: ClusterReply[] = [];
  const progress = new Map([
    [n1, { match: 20, recentActive: true }],
    [n2, { match: 20, recentActive: true }],
    [n3, { match: 19, recentActive: true }],
  ]);
  const changes = new ClusterChanges({
    clock: { monotonicMs: () => 0, nowMs: () => 0 },
    ownId: n1,
    status: () => ({ ...state, progress, applied: 20, term: 3, lastIndex: 20 }) as unknown as Status,
    membership: () => membership,
    propose: () => true,
    transferTo: (id) => {
      asked.push(id);
      state.leadTransferee = id;
    },
    settled: (id) => settled.includes(id),
  });
  const transfer = (to: string | null, configurationIndex: number | null = null): void => {
    changes.change({ kind: "transfer-leader", to }, configurationIndex, (reply) => replies.push(reply));
  };
  /** As the core does after an election timeout. */
  const abort = (): void => {
    state.leadTransferee = 0;
    changes.check();
  };
  return { state, asked, replies, changes, transfer, abort };
}

test("a transfer to anybody goes to the furthest, but not to one that was started just now", () => {
  for (const [settled, expected] of [
    [[n2, n3], n2],
    [[n3], n3],
    [[], n2],
  ] as const) {
    const { asked, transfer } = leader(settled);
    transfer(null);
    expect(asked).toEqual([expected]);
  }
});

test("a transfer that the core has given up is tried once more, with another one, and is then told as failed", () => {
  const { state, asked, replies, changes, transfer, abort } = leader([n2, n3]);
  transfer(null);
  changes.check();
  expect(asked).toEqual([n2]);
  abort();
  expect(asked).toEqual([n2, n3]);
  expect(replies).toEqual([]);
  abort();
  expect(asked).toEqual([n2, n3]);
  expect(replies).toMatchObject([{ kind: "refused", code: "TRANSFER_FAILED" }]);
  // Over and done: the next one begins anew.
  transfer(null);
  state.lead = n2;
  changes.check();
  expect(replies[1]).toEqual({ kind: "done", changed: true, configurationIndex: 9 });
});

test("a transfer by name is tried once more with the same one", () => {
  const { asked, replies, transfer, abort } = leader([n2]);
  transfer("n3");
  abort();
  expect(asked).toEqual([n3, n3]);
  abort();
  expect(replies).toMatchObject([{ kind: "refused", code: "TRANSFER_FAILED" }]);
});

test("a transfer that was decided on another configuration is refused, whoever it is to go to", () => {
  for (const to of ["n3", "n4", null]) {
    const { asked, replies, transfer } = leader([n2, n3]);
    transfer(to, 8);
    expect(replies).toMatchObject([{ kind: "refused", code: "STALE_CONFIGURATION" }]);
    expect(asked).toEqual([]);
  }
  const { asked, replies, transfer } = leader([n2, n3]);
  // Where it is already nothing has to be decided.
  transfer("n1", 8);
  expect(replies).toEqual([{ kind: "done", changed: false, configurationIndex: 9 }]);
  transfer("n3", 9);
  expect(asked).toEqual([n3]);
});

test("a transfer does not wait for a membership change that is under way", () => {
  const { asked, transfer } = leader([n2, n3], {
    ...MEMBERSHIP,
    confState: { ...MEMBERSHIP.confState, votersOutgoing: [n1, n2] },
  });
  transfer("n3", 9);
  expect(asked).toEqual([n3]);
});
