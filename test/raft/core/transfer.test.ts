import { describe, expect, test } from "bun:test";
import {
  ConfChangeTransition,
  ConfChangeType,
  MessageType,
  NO_BYTES,
  StateType,
} from "../../../src/raft/core/index.ts";
import { Group, message } from "../support/group.ts";

function transferee(group: Group): number {
  return group.node(1).raw.basicStatus().leadTransferee;
}

describe("leadership transfer", () => {
  test("to a follower that has everything: at once, although voters protect the leader", () => {
    const group = new Group({ voters: [1, 2, 3], checkQuorum: true, preVote: true });
    group.elect(1);
    group.node(1).raw.transferLeader(2);
    group.settle();
    expect([group.state(1), group.state(2), group.term(2)]).toEqual([
      StateType.Follower,
      StateType.Leader,
      2,
    ]);
    // Without a pre-vote.
    expect(group.takeSent(MessageType.PreVote).filter(({ from }) => from === 2)).toEqual([]);
  });

  test("asked of a follower, it is passed to the leader", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.node(2).raw.transferLeader(3);
    group.settle();
    expect(group.state(3)).toBe(StateType.Leader);
  });

  test("to a slow follower: it is caught up first, and proposals are dropped meanwhile", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.lost = ({ to, from }) => to === 3 || from === 3;
    group.propose(1, "x");
    group.settle();
    group.node(1).raw.transferLeader(3);
    group.settle();
    expect([transferee(group), group.state(1)]).toEqual([3, StateType.Leader]);
    expect(group.propose(1, "y")?.code).toBe("PROPOSAL_DROPPED");
    group.heal();
    group.tick(1);
    group.settle();
    expect(group.state(3)).toBe(StateType.Leader);
    expect(group.commit(3)).toBe(5);
  });

  test("to a slow follower: not before it has acknowledged the very last entry", () => {
    // One entry in a message, one message at a time: it catches up in many steps.
    const group = new Group({ voters: [1, 2, 3], maxSizePerMsgBytes: 1, maxInflightMsgs: 1 });
    group.elect(1);
    group.partition([1, 2], [3]);
    for (let i = 0; i < 5; i++) group.propose(1, `p${i}`);
    group.settle();
    const { raw } = group.node(1);
    expect([group.commit(1), raw.status().progress.get(3)?.match]).toEqual([8, 3]);
    raw.transferLeader(3);
    const matchWhenTold: (number | undefined)[] = [];
    group.lost = ({ type }) => {
      if (type === MessageType.TimeoutNow) matchWhenTold.push(raw.status().progress.get(3)?.match);
      return false;
    };
    group.takeSent();
    group.tick(1);
    group.settle();
    expect(matchWhenTold).toEqual([8]);
    const caughtUp = group.takeSent(MessageType.App).filter(({ from, to }) => from === 1 && to === 3);
    expect(caughtUp.filter(({ entries }) => entries.length > 0).length).toBe(5);
    expect([group.state(3), group.commit(3)]).toEqual([StateType.Leader, 9]);
  });

  test("to a dead node: given up after an election timeout, and proposals are accepted again", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.partition([1, 2], [3]);
    group.node(1).raw.transferLeader(3);
    group.tick(1, 9);
    group.settle();
    expect(transferee(group)).toBe(3);
    group.tick(1);
    expect([transferee(group), group.state(1)]).toEqual([0, StateType.Leader]);
    expect(group.propose(1, "y")).toBeNull();
  });

  test("the timeout begins with the transfer", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.partition([1, 2], [3]);
    group.tick(1, 9);
    group.node(1).raw.transferLeader(3);
    group.tick(1, 9);
    expect(transferee(group)).toBe(3);
  });

  test("to a learner, to an unknown node and to itself: nothing", () => {
    const group = new Group({ voters: [1, 2, 3], learners: [4] });
    group.elect(1);
    group.takeSent();
    for (const target of [4, 9, 1]) {
      group.node(1).raw.transferLeader(target);
      expect(transferee(group)).toBe(0);
    }
    group.settle();
    expect(group.takeSent(MessageType.TimeoutNow)).toEqual([]);
  });

  test("a second one to the same target changes nothing, to another replaces it, to itself ends it", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.partition([1], [2, 3]);
    group.propose(1, "x");
    group.node(1).raw.transferLeader(3);
    group.tick(1, 5);
    group.node(1).raw.transferLeader(3);
    group.tick(1, 5);
    expect(transferee(group)).toBe(0);
    group.node(1).raw.transferLeader(3);
    group.node(1).raw.transferLeader(2);
    expect(transferee(group)).toBe(2);
    group.node(1).raw.transferLeader(1);
    expect(transferee(group)).toBe(0);
  });

  test("ended by the removal of its target", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.lost = ({ to }) => to === 3;
    group.node(1).raw.proposeConfChange({
      version: 2,
      transition: ConfChangeTransition.Auto,
      changes: [{ type: ConfChangeType.RemoveNode, nodeId: 3 }],
      context: NO_BYTES,
    });
    group.node(1).raw.transferLeader(3);
    expect(transferee(group)).toBe(3);
    group.settle();
    expect([transferee(group), group.node(1).raw.confState().voters]).toEqual([0, [1, 2]]);
  });

  test("told twice, the target campaigns in one term only once it follows again", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.step(message(MessageType.TimeoutNow, 1, 2, { term: 1 }));
    expect([group.state(2), group.term(2)]).toEqual([StateType.Candidate, 2]);
    group.step(message(MessageType.TimeoutNow, 1, 2, { term: 1 }));
    expect(group.term(2)).toBe(2);
  });
});
