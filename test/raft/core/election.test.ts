import { describe, expect, test } from "bun:test";
import {
  ConfChangeTransition,
  ConfChangeType,
  MessageType,
  NO_BYTES,
  StateType,
} from "../../../src/raft/core/index.ts";
import { bytes, Group, message } from "../support/group.ts";

const { Follower, Candidate, Leader, PreCandidate } = StateType;

function states(group: Group): readonly StateType[] {
  return group.nodes.map((node) => group.state(node.id));
}

describe("elections", () => {
  test("a follower that hears nothing campaigns after its timeout, and the group commits its first entry", () => {
    const group = new Group({ voters: [1, 2, 3], nextInt: () => 4 });
    group.tick(1, 13);
    expect(group.state(1)).toBe(Follower);
    group.tick(1);
    expect(group.state(1)).toBe(Candidate);
    group.settle();
    expect(states(group)).toEqual([Leader, Follower, Follower]);
    expect([group.commit(1), group.commit(2), group.commit(3)]).toEqual([3, 3, 3]);
  });

  test("a source of numbers that leaves its bound stops the node", () => {
    expect(() => new Group({ voters: [1], nextInt: () => 10 })).toThrow(/extra=10, bound=10/);
  });

  test("one vote per term, and the vote survives a restart", () => {
    const group = new Group({ voters: [1, 2, 3] });
    const ask = (from: number, term: number) =>
      group.step(message(MessageType.Vote, from, 3, { term, index: 2, logTerm: 1 }));
    ask(1, 5);
    group.work(group.node(3));
    ask(2, 5);
    group.work(group.node(3));
    group.node(3).restart();
    ask(2, 5);
    ask(1, 5);
    group.work(group.node(3));
    const answers = group.takeSent(MessageType.VoteResp).map(({ to, reject }) => [to, reject]);
    expect(answers).toEqual([
      [1, false],
      [2, true],
      [2, true],
      [1, false],
    ]);
  });

  test("no vote in a term whose leader is known, although none was given in it", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.step(message(MessageType.Heartbeat, 1, 3, { term: 5 }));
    expect(group.node(3).raw.basicStatus()).toMatchObject({ term: 5, vote: 0, lead: 1 });
    group.work(group.node(3));
    group.step(message(MessageType.Vote, 2, 3, { term: 5, index: 9, logTerm: 9 }));
    group.work(group.node(3));
    expect(group.takeSent(MessageType.VoteResp)).toMatchObject([{ to: 2, term: 5, reject: true }]);
    expect(group.node(3).raw.basicStatus()).toMatchObject({ term: 5, vote: 0, lead: 1 });
  });

  test("no pre-vote for the own term after a vote for another in it", () => {
    const group = new Group({ voters: [1, 2, 3], preVote: true });
    group.step(message(MessageType.Vote, 1, 3, { term: 5, index: 2, logTerm: 1 }));
    for (const term of [5, 6]) {
      group.step(message(MessageType.PreVote, 2, 3, { term, index: 9, logTerm: 9 }));
      group.work(group.node(3));
    }
    const answers = group.takeSent(MessageType.PreVoteResp).map(({ term, reject }) => [term, reject]);
    expect(answers).toEqual([
      [5, true],
      [6, false],
    ]);
  });

  test("no vote for a log that lacks what may be committed", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    for (const [index, logTerm, reject] of [
      [9, 0, true],
      [2, 1, true],
      [3, 1, false],
      [1, 9, false],
    ] as const) {
      const term = group.term(2) + 1;
      group.step(message(MessageType.Vote, 3, 2, { term, index, logTerm }));
      group.work(group.node(2));
      expect(group.takeSent(MessageType.VoteResp).at(-1)?.reject).toBe(reject);
    }
  });

  test("entries of an earlier term commit only under one of the new (paper, figure 8)", () => {
    // One entry per message.
    const group = new Group({ voters: [1, 2, 3, 4, 5], maxSizePerMsgBytes: 1 });
    group.elect(1);
    group.partition([1, 2], [3, 4, 5]);
    group.propose(1, "x");
    group.settle();
    expect([group.commit(1), group.node(2).storage.lastIndex()]).toEqual([3, 4]);
    // 5 leads a term in which nothing gets through.
    group.lost = ({ type, from, to }) => type === MessageType.App || from < 3 || to < 3;
    group.elect(5);
    // 1 leads again: its entry 4 of term 1 reaches a majority, the first entry of its new term does not.
    group.partition([1, 2, 3], [4, 5]);
    const cut = group.lost;
    group.step(message(MessageType.VoteResp, 3, 1, { term: 2, reject: true }));
    group.lost = (each) => {
      const hasNew = each.type === MessageType.App && each.entries.some(({ term }) => term > 2);
      return cut(each) || (hasNew && group.node(each.to).storage.lastIndex() >= 4);
    };
    group.elect(1);
    group.step(message(MessageType.AppResp, 2, 1, { term: 3, index: 4 }));
    group.settle();
    const stored = [1, 2, 3].map((id) => group.node(id).storage.term(4));
    expect([stored, group.term(1), group.commit(1)]).toEqual([[1, 1, 1], 3, 3]);
    const { progress } = group.node(1).raw.status();
    expect([progress.get(2)?.match, progress.get(3)?.match]).toEqual([4, 4]);
    // Only together with an entry of term 3 are they committed.
    group.lost = cut;
    group.tick(1, 2);
    group.settle();
    expect(group.commit(1)).toBe(5);
  });

  test("a granted pre-vote changes neither term nor vote", () => {
    const group = new Group({ voters: [1, 2, 3], preVote: true });
    group.node(1).raw.campaign();
    expect([group.state(1), group.term(1)]).toEqual([PreCandidate, 0]);
    group.step(message(MessageType.PreVote, 1, 2, { term: 7, index: 2, logTerm: 1 }));
    group.work(group.node(2));
    expect([group.term(2), group.node(2).raw.basicStatus().vote]).toEqual([0, 0]);
    expect(group.takeSent(MessageType.PreVoteResp)).toMatchObject([{ term: 7, reject: false }]);
    group.settle();
    group.elect(1);
  });

  test("a node that comes back from a partition does not disturb (thesis, 9.6)", () => {
    const group = new Group({ voters: [1, 2, 3], preVote: true, checkQuorum: true });
    group.elect(1);
    group.partition([1, 2], [3]);
    for (let i = 0; i < 50; i++) {
      group.tick(1);
      group.tick(3);
      group.settle();
    }
    expect([group.state(3), group.term(3)]).toEqual([PreCandidate, 1]);
    group.heal();
    group.tick(1);
    group.settle();
    expect([...states(group), group.term(1)]).toEqual([Leader, Follower, Follower, 1]);
  });

  test("a refused pre-vote with a later term ends the attempt in that term", () => {
    const group = new Group({ voters: [1, 2, 3], preVote: true });
    group.node(1).raw.campaign();
    group.step(message(MessageType.PreVoteResp, 2, 1, { term: 9, reject: true }));
    expect([group.state(1), group.term(1)]).toEqual([Follower, 9]);
  });

  test("the losing pre-candidate stays in its own term, whatever term the answers carry", () => {
    const group = new Group({ voters: [1, 2, 3], preVote: true });
    group.node(1).raw.campaign();
    group.work(group.node(1));
    for (const from of [2, 3])
      group.step(message(MessageType.PreVoteResp, from, 1, { term: 0 + 1, reject: true }));
    expect([group.state(1), group.term(1)]).toEqual([Follower, 1]);
  });

  test("a pre-vote of an earlier term is refused with the own term", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.takeSent();
    group.node(1).raw.tick();
    group.step(message(MessageType.Heartbeat, 3, 2, { term: 4 }));
    group.step(message(MessageType.PreVote, 1, 2, { term: 2, index: 9, logTerm: 9 }));
    group.work(group.node(2));
    expect(group.takeSent(MessageType.PreVoteResp)).toMatchObject([{ term: 4, reject: true }]);
  });

  test("while its leader is alive a voter ignores candidates, unless the leader sent them", () => {
    const group = new Group({ voters: [1, 2, 3], checkQuorum: true });
    group.elect(1);
    const request = { term: 9, index: 9, logTerm: 9 };
    group.step(message(MessageType.Vote, 3, 2, request));
    group.work(group.node(2));
    expect([group.takeSent(MessageType.VoteResp).length > 1, group.term(2)]).toEqual([true, 1]);
    group.step(message(MessageType.Vote, 3, 2, { ...request, context: bytes("CampaignTransfer") }));
    group.work(group.node(2));
    expect([group.term(2), group.node(2).raw.basicStatus().vote]).toEqual([9, 3]);
  });

  test("protection ends an election timeout after the leader was last heard", () => {
    const group = new Group({ voters: [1, 2, 3], checkQuorum: true, nextInt: () => 9 });
    group.elect(1);
    group.tick(2, 10);
    group.step(message(MessageType.Vote, 3, 2, { term: 2, index: 3, logTerm: 1 }));
    expect(group.term(2)).toBe(2);
  });

  test("a leader without a quorum steps down after an election timeout (thesis, 6.2)", () => {
    const group = new Group({ voters: [1, 2, 3], checkQuorum: true });
    group.elect(1);
    group.partition([1], [2, 3]);
    group.tick(1, 10);
    group.settle();
    // Within the first period both were heard.
    expect(group.state(1)).toBe(Leader);
    group.tick(1, 10);
    expect(group.state(1)).toBe(Follower);
    expect(group.node(1).raw.basicStatus().lead).toBe(0);
  });

  test("a leader counts itself as heard from before it has acknowledged an entry of its own", () => {
    const group = new Group({ voters: [1, 2, 3], checkQuorum: true });
    group.node(1).raw.campaign();
    group.work(group.node(1));
    group.step(message(MessageType.VoteResp, 2, 1, { term: 1 }));
    // Its disk stands still from here on.
    const active = [...group.node(1).raw.status().progress].map(([id, { recentActive }]) => [
      id,
      recentActive,
    ]);
    expect(active).toEqual([
      [1, true],
      [2, false],
      [3, false],
    ]);
    group.step(message(MessageType.HeartbeatResp, 2, 1, { term: 1 }));
    group.tick(1, 10);
    expect(group.state(1)).toBe(Leader);
  });

  test("learners do not make a quorum, and never campaign", () => {
    const group = new Group({ voters: [1, 2, 3], learners: [4], checkQuorum: true });
    group.elect(1);
    group.partition([1, 4], [2, 3]);
    for (let i = 0; i < 20; i++) {
      group.tick(1);
      group.settle();
    }
    expect(group.state(1)).toBe(Follower);
    group.tick(4, 100);
    group.node(4).raw.campaign();
    group.step(message(MessageType.TimeoutNow, 1, 4, { term: group.term(4) }));
    expect(group.state(4)).toBe(Follower);
  });

  test("a leader of an earlier term learns of the later one when quorum checks or pre-votes are on", () => {
    for (const preVote of [true, false]) {
      const group = new Group({ voters: [1, 2, 3], preVote });
      group.elect(1);
      group.step(message(MessageType.Vote, 3, 2, { term: 8, index: 9, logTerm: 9 }));
      group.work(group.node(2));
      group.takeSent();
      group.step(message(MessageType.Heartbeat, 1, 2, { term: 1, commit: 3 }));
      group.work(group.node(2));
      const answers = group.takeSent().map(({ type, term, index }) => ({ type, term, index }));
      expect(answers).toEqual(preVote ? [{ type: MessageType.AppResp, term: 8, index: 0 }] : []);
    }
  });

  test("no campaign while a membership change is committed but not applied", () => {
    const group = new Group({ voters: [1, 2, 3], asyncStorageWrites: true });
    group.elect(1);
    group.node(1).raw.proposeConfChange({
      version: 2,
      transition: ConfChangeTransition.Auto,
      changes: [{ type: ConfChangeType.AddNode, nodeId: 4 }],
      context: NO_BYTES,
    });
    const applyOnly = group.node(2).applyOne.bind(group.node(2));
    group.node(2).applyOne = () => [];
    for (let round = 0; round < 6; round++) {
      for (const id of [1, 3]) group.work(group.node(id));
      const two = group.node(2);
      while (two.raw.hasReady()) {
        const { messages } = two.raw.ready();
        for (const each of messages) {
          if (each.type === MessageType.StorageAppend) two.appendWork.push(each);
          else if (each.type === MessageType.StorageApply) two.applyWork.push(each);
          else group.network.push(each);
        }
      }
      while (two.appendWork.length > 0) {
        for (const each of two.writeOne()) each.to === 2 ? two.raw.step(each) : group.network.push(each);
      }
      for (const each of group.network.splice(0)) group.step(each);
    }
    expect([group.commit(2), group.node(2).raw.basicStatus().applied]).toEqual([4, 3]);
    group.node(2).raw.campaign();
    expect(group.state(2)).toBe(Follower);
    while (group.node(2).applyWork.length > 0) for (const each of applyOnly()) group.step(each);
    expect(group.node(2).raw.confState().voters).toEqual([1, 2, 3, 4]);
    group.node(2).raw.campaign();
    expect(group.state(2)).toBe(Candidate);
  });

  test("forgetting the leader lets a follower vote at once, but not under leases", () => {
    const group = new Group({ voters: [1, 2, 3], checkQuorum: true });
    group.elect(1);
    group.node(2).raw.forgetLeader();
    expect(group.node(2).raw.basicStatus().lead).toBe(0);
    group.step(message(MessageType.Vote, 3, 2, { term: 2, index: 3, logTerm: 1 }));
    expect(group.node(2).raw.basicStatus().vote).toBe(3);
    // The leader does not forget itself.
    group.node(1).raw.forgetLeader();
    expect(group.state(1)).toBe(Leader);

    const leased = new Group({ voters: [1, 2, 3], checkQuorum: true, readOnlyOption: 1 });
    leased.elect(1);
    leased.node(2).raw.forgetLeader();
    expect(leased.node(2).raw.basicStatus().lead).toBe(1);
  });

  test("votes that come twice count once", () => {
    const group = new Group({ voters: [1, 2, 3, 4, 5] });
    group.node(1).raw.campaign();
    group.work(group.node(1));
    for (let i = 0; i < 5; i++) group.step(message(MessageType.VoteResp, 2, 1, { term: 1 }));
    expect(group.state(1)).toBe(Candidate);
    group.step(message(MessageType.VoteResp, 3, 1, { term: 1, reject: true }));
    group.step(message(MessageType.VoteResp, 3, 1, { term: 1 }));
    expect(group.state(1)).toBe(Candidate);
    group.step(message(MessageType.VoteResp, 4, 1, { term: 1 }));
    expect(group.state(1)).toBe(Leader);
  });
});
