import { describe, expect, test } from "bun:test";
import {
  ConfChangeTransition,
  ConfChangeType,
  MessageType,
  NO_BYTES,
  ReadOnlyOption,
} from "../../../src/raft/core/index.ts";
import { bytes, Group, message } from "../support/group.ts";

function answers(group: Group, id: number): readonly (readonly [string, number])[] {
  return group.reads(id).map(({ requestCtx, index }) => [new TextDecoder().decode(requestCtx), index]);
}

describe("read index", () => {
  test("answered when a quorum has confirmed the leader, not before", () => {
    const group = new Group({ voters: [1, 2, 3, 4, 5] });
    group.elect(1);
    group.node(1).raw.readIndex(bytes("a"));
    group.work(group.node(1));
    expect(answers(group, 1)).toEqual([]);
    const [first, ...others] = group.network.splice(0);
    const answer = (request: typeof first): void => {
      if (request === undefined) throw new Error("no heartbeat");
      group.step(request);
      group.work(group.node(request.to));
      for (const reply of group.network.splice(0)) group.step(reply);
      group.work(group.node(1));
    };
    answer(first);
    expect(answers(group, 1)).toEqual([]);
    answer(others[0]);
    expect(answers(group, 1)).toEqual([["a", 3]]);
    answer(others[1]);
    expect(answers(group, 1)).toEqual([["a", 3]]);
  });

  test("a later confirmation answers everything before it", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.lost = ({ type }) => type === MessageType.Heartbeat;
    for (const name of ["a", "b", "c"]) group.node(1).raw.readIndex(bytes(name));
    group.settle();
    expect(answers(group, 1)).toEqual([]);
    group.heal();
    // The periodic heartbeat repeats the last round: a lost one does not lose its reads.
    group.tick(1);
    group.settle();
    expect(answers(group, 1)).toEqual([
      ["a", 3],
      ["b", 3],
      ["c", 3],
    ]);
  });

  test("answers count cumulatively: one to a later round is one to every earlier round", () => {
    const group = new Group({ voters: [1, 2, 3, 4, 5] });
    group.elect(1);
    group.takeSent();
    group.node(1).raw.readIndex(bytes("first"));
    group.node(1).raw.readIndex(bytes("second"));
    group.work(group.node(1));
    group.network = [];
    const beats = group.takeSent(MessageType.Heartbeat);
    const answer = (from: number, round: number): void => {
      const context = beats.filter(({ to }) => to === from)[round - 1]?.context ?? NO_BYTES;
      expect(context.length).toBeGreaterThan(0);
      group.step(message(MessageType.HeartbeatResp, from, 1, { term: 1, context }));
      group.work(group.node(1));
    };
    // The first round's heartbeat to 2 was lost, the second's to 3 is late: no round has a quorum of its own.
    answer(2, 2);
    expect(answers(group, 1)).toEqual([]);
    answer(3, 1);
    expect(answers(group, 1)).toEqual([["first", 3]]);
    // What came later than an answer to a later round takes nothing back, and counts once.
    answer(2, 1);
    answer(3, 1);
    expect(answers(group, 1)).toEqual([["first", 3]]);
    answer(4, 2);
    expect(answers(group, 1)).toEqual([
      ["first", 3],
      ["second", 3],
    ]);
  });

  test("an answer that names no round, or one that is yet to come, counts for nothing", () => {
    const group = new Group({ voters: [1, 2, 3, 4, 5] });
    group.elect(1);
    group.takeSent();
    const answer = (from: number, context: Uint8Array): void => {
      group.step(message(MessageType.HeartbeatResp, from, 1, { term: 1, context }));
    };
    answer(2, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1));
    answer(3, new Uint8Array(8).fill(255));
    group.lost = ({ type }) => type === MessageType.Heartbeat;
    group.node(1).raw.readIndex(bytes("r"));
    group.work(group.node(1));
    const [beat] = group.takeSent(MessageType.Heartbeat);
    for (const context of [Uint8Array.of(1), new Uint8Array(9)]) answer(4, context);
    answer(5, beat?.context ?? NO_BYTES);
    group.work(group.node(1));
    expect(answers(group, 1)).toEqual([]);
    answer(4, beat?.context ?? NO_BYTES);
    group.work(group.node(1));
    expect(answers(group, 1)).toEqual([["r", 3]]);
  });

  test("answers of an earlier leadership of the same node confirm nothing", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    for (const name of ["a", "b", "c"]) group.node(1).raw.readIndex(bytes(name));
    group.settle();
    expect(answers(group, 1).length).toBe(3);
    group.elect(2);
    group.elect(1);
    group.partition([1], [2, 3]);
    group.node(1).raw.readIndex(bytes("again"));
    group.settle();
    expect(answers(group, 1).length).toBe(3);
  });

  test("each request gets the commit index of its own time", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.lost = ({ type }) => type === MessageType.Heartbeat;
    group.node(1).raw.readIndex(bytes("before"));
    group.settle();
    group.heal();
    group.propose(1, "x");
    group.settle();
    group.node(1).raw.readIndex(bytes("after"));
    group.settle();
    expect(answers(group, 1)).toEqual([
      ["before", 3],
      ["after", 4],
    ]);
  });

  test("a follower asks the leader, and gives the answer to its own caller", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.node(3).raw.readIndex(bytes("f"));
    group.settle();
    expect([answers(group, 1), answers(group, 3)]).toEqual([[], [["f", 3]]]);
  });

  test("equal contexts are different requests: a lingering answer to the first does not confirm the second", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    const lingering: ReturnType<Group["takeSent"]>[number][] = [];
    group.lost = (each) => {
      if (each.type === MessageType.HeartbeatResp) lingering.push(each);
      return false;
    };
    group.node(1).raw.readIndex(bytes("same"));
    group.settle();
    expect(answers(group, 1)).toEqual([["same", 3]]);
    // Another leader takes over and commits, unseen by the old one.
    group.partition([1], [2, 3]);
    group.node(2).raw.campaign();
    group.settle();
    group.propose(2, "new");
    group.settle();
    group.node(1).raw.readIndex(bytes("same"));
    group.work(group.node(1));
    expect(lingering.length).toBeGreaterThan(0);
    for (const each of lingering) group.step(each);
    group.work(group.node(1));
    expect(answers(group, 1)).toEqual([["same", 3]]);
  });

  test("a context used twice at a time is answered twice", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.node(1).raw.readIndex(bytes("same"));
    group.node(1).raw.readIndex(bytes("same"));
    group.settle();
    expect(answers(group, 1)).toEqual([
      ["same", 3],
      ["same", 3],
    ]);
  });

  test("a new leader waits for the commit of its own term", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.propose(1, "x");
    // 2 has the entry, but does not know that it is committed.
    group.lost = ({ type, commit }) => type === MessageType.App && commit > 3;
    group.settle();
    expect([group.commit(1), group.commit(2)]).toEqual([4, 3]);
    group.lost = ({ type, to }) => type === MessageType.App || to === 1;
    group.node(2).raw.campaign();
    group.settle();
    group.node(2).raw.readIndex(bytes("early"));
    group.settle();
    expect(answers(group, 2)).toEqual([]);
    group.heal();
    group.tick(2);
    group.settle();
    expect(answers(group, 2)).toEqual([["early", 5]]);
  });

  test("a sole voter waits for that as well: after a crash its stored commit index may be behind", () => {
    const group = new Group({ voters: [1] });
    group.elect(1);
    group.propose(1, "x");
    group.settle();
    expect(group.commit(1)).toBe(4);
    const node = group.node(1);
    node.storage.setHardState({ term: 1, vote: 1, commit: 3 });
    node.storage.machine = { ...node.machine, index: 3 };
    node.restart();
    node.raw.campaign();
    group.work(node);
    node.storage.setHardState({ term: 2, vote: 1, commit: 3 });
    node.raw.readIndex(bytes("r"));
    group.settle();
    expect(answers(group, 1)).toEqual([["r", 5]]);
  });

  test("a sole voter needs no heartbeat; a leader outside of a group of one does", () => {
    const group = new Group({ voters: [1, 2] });
    group.elect(1);
    group.node(1).raw.proposeConfChange({
      version: 2,
      transition: ConfChangeTransition.Auto,
      changes: [{ type: ConfChangeType.RemoveNode, nodeId: 1 }],
      context: NO_BYTES,
    });
    group.settle();
    expect(group.node(1).raw.confState().voters).toEqual([2]);
    group.partition([1], [2]);
    group.node(1).raw.readIndex(bytes("r"));
    group.settle();
    expect(answers(group, 1)).toEqual([]);
  });

  test("lost leadership loses the requests: nothing is answered afterwards", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.lost = ({ type }) => type === MessageType.Heartbeat;
    group.node(1).raw.readIndex(bytes("lost"));
    group.settle();
    group.heal();
    group.node(2).raw.campaign();
    group.settle();
    group.elect(1);
    group.tick(1, 3);
    group.settle();
    expect(answers(group, 1)).toEqual([]);
  });

  test("lost leadership also loses what waited for the first commit of the term", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.lost = ({ type }) => type === MessageType.App;
    group.elect(2);
    group.node(2).raw.readIndex(bytes("early"));
    group.settle();
    group.heal();
    group.elect(1);
    group.elect(2);
    group.tick(2, 3);
    group.settle();
    expect(answers(group, 2)).toEqual([]);
  });

  test("a commit that comes with a membership change releases them as well", () => {
    const group = new Group({ voters: [1, 2] });
    group.elect(1);
    group.lost = ({ type }) => type === MessageType.App;
    group.elect(2);
    group.node(2).raw.readIndex(bytes("early"));
    group.settle();
    expect(answers(group, 2)).toEqual([]);
    group.node(2).raw.applyConfChange({
      version: 2,
      transition: ConfChangeTransition.Auto,
      changes: [{ type: ConfChangeType.RemoveNode, nodeId: 1 }],
      context: NO_BYTES,
    });
    group.settle();
    expect(answers(group, 2)).toEqual([["early", 4]]);
  });

  test("without a leader nothing is asked", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.node(2).raw.readIndex(bytes("r"));
    group.settle();
    expect([group.sent.length, answers(group, 2)]).toEqual([0, []]);
  });

  test("learners' answers confirm nothing", () => {
    const group = new Group({ voters: [1, 2, 3], learners: [4, 5] });
    group.elect(1);
    group.partition([1, 4, 5], [2, 3]);
    group.node(1).raw.readIndex(bytes("r"));
    group.settle();
    expect(answers(group, 1)).toEqual([]);
  });

  test("a joint configuration confirms by both halves", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.node(1).raw.proposeConfChange({
      version: 2,
      transition: ConfChangeTransition.JointExplicit,
      changes: [
        { type: ConfChangeType.RemoveNode, nodeId: 2 },
        { type: ConfChangeType.RemoveNode, nodeId: 3 },
      ],
      context: NO_BYTES,
    });
    group.settle();
    expect(group.node(1).raw.confState()).toMatchObject({ voters: [1], votersOutgoing: [1, 2, 3] });
    group.partition([1], [2, 3]);
    group.node(1).raw.readIndex(bytes("r"));
    group.settle();
    expect(answers(group, 1)).toEqual([]);
    group.heal();
    group.tick(1);
    group.settle();
    expect(answers(group, 1)).toEqual([["r", 4]]);
  });

  test("lease-based reads are answered at once, locally and for followers", () => {
    const group = new Group({
      voters: [1, 2, 3],
      checkQuorum: true,
      readOnlyOption: ReadOnlyOption.LeaseBased,
    });
    group.elect(1);
    group.takeSent();
    group.node(1).raw.readIndex(bytes("l"));
    group.work(group.node(1));
    expect([answers(group, 1), group.takeSent()]).toEqual([[["l", 3]], []]);
    group.node(2).raw.readIndex(bytes("f"));
    group.settle();
    expect(answers(group, 2)).toEqual([["f", 3]]);
    expect(group.takeSent(MessageType.Heartbeat)).toEqual([]);
  });

  test("a lease-based leader without a commit of its own term waits too", () => {
    const group = new Group({
      voters: [1, 2, 3],
      checkQuorum: true,
      readOnlyOption: ReadOnlyOption.LeaseBased,
    });
    group.elect(1);
    group.lost = ({ type }) => type === MessageType.AppResp;
    group.node(1).raw.transferLeader(2);
    group.settle();
    group.node(2).raw.readIndex(bytes("l"));
    group.settle();
    expect(answers(group, 2)).toEqual([]);
    group.heal();
    group.tick(2);
    group.settle();
    expect(answers(group, 2)).toEqual([["l", 4]]);
  });

  test("an answer that is not one request is ignored", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.step(message(MessageType.ReadIndexResp, 1, 2, { term: 1, index: 9 }));
    group.settle();
    expect(answers(group, 2)).toEqual([]);
  });
});
