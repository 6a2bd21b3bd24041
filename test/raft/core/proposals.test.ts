import { describe, expect, test } from "bun:test";
import {
  type ConfChange,
  ConfChangeTransition,
  ConfChangeType,
  EntryType,
  type Message,
  MessageType,
  NO_BYTES,
  StateType,
} from "../../../src/raft/core/index.ts";
import { bytes, Group, message, NORMAL } from "../support/group.ts";

function change(...changes: readonly (readonly [ConfChangeType, number])[]): ConfChange {
  return {
    version: 2,
    transition: ConfChangeTransition.Auto,
    changes: changes.map(([type, nodeId]) => ({ type, nodeId })),
    context: NO_BYTES,
  };
}

const { AddNode, RemoveNode, AddLearnerNode } = ConfChangeType;

describe("proposals", () => {
  test("several at once lie next to each other", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.takeSent();
    expect(group.node(1).raw.proposeEntries([NORMAL, NORMAL, NORMAL])).toBeNull();
    group.settle();
    expect(group.takeSent(MessageType.App)[0]?.entries.map(({ index, term }) => [index, term])).toEqual([
      [4, 1],
      [5, 1],
      [6, 1],
    ]);
    expect(group.commit(3)).toBe(6);
  });

  test("are passed on by followers, unless that is disabled, and dropped without a leader", () => {
    const group = new Group({ voters: [1, 2, 3] });
    expect(group.propose(2, "x")?.message).toBe("raft proposal dropped");
    group.elect(1);
    expect(group.propose(2, "x")).toBeNull();
    group.settle();
    expect(group.commit(1)).toBe(4);
    group.node(3).raw.campaign();
    expect(group.propose(3, "x")?.code).toBe("PROPOSAL_DROPPED");

    const strict = new Group({ voters: [1, 2, 3], disableProposalForwarding: true });
    strict.elect(1);
    expect(strict.propose(2, "x")?.code).toBe("PROPOSAL_DROPPED");
  });

  test("none at all stops the node: the caller is broken", () => {
    const group = new Group({ voters: [1] });
    group.elect(1);
    expect(() => group.node(1).raw.proposeEntries([])).toThrow(/empty proposal/);
  });

  test("uncommitted bytes are bounded; one proposal always fits; applied ones free their thread", () => {
    const group = new Group({ voters: [1, 2, 3], maxUncommittedEntriesBytes: 100 });
    group.elect(1);
    group.partition([1], [2, 3]);
    const propose = (length: number) => group.node(1).raw.propose(new Uint8Array(length))?.code ?? "ok";
    expect([propose(60), propose(40), propose(1), propose(0)]).toEqual([
      "ok",
      "ok",
      "PROPOSAL_DROPPED",
      "ok",
    ]);
    group.heal();
    group.tick(1);
    group.settle();
    expect([propose(500), propose(1)]).toEqual(["ok", "PROPOSAL_DROPPED"]);
    group.settle();
    expect(propose(1)).toBe("ok");
  });

  test("without payload it always fits, even when one large proposal has passed the bound", () => {
    const group = new Group({ voters: [1, 2, 3], maxUncommittedEntriesBytes: 100 });
    group.elect(1);
    const propose = (length: number) => group.node(1).raw.propose(new Uint8Array(length))?.code ?? "ok";
    expect([propose(500), propose(1), propose(0)]).toEqual(["ok", "PROPOSAL_DROPPED", "ok"]);
  });

  test("what an earlier leadership had not committed does not count in the next", () => {
    const group = new Group({ voters: [1, 2, 3], maxUncommittedEntriesBytes: 100 });
    group.elect(1);
    group.partition([1], [2, 3]);
    const propose = (length: number) => group.node(1).raw.propose(new Uint8Array(length))?.code ?? "ok";
    expect([propose(100), propose(1)]).toEqual(["ok", "PROPOSAL_DROPPED"]);
    group.settle();
    group.elect(2);
    group.heal();
    group.tick(2);
    group.settle();
    group.elect(1);
    expect([propose(60), propose(40), propose(1)]).toEqual(["ok", "ok", "PROPOSAL_DROPPED"]);
  });

  test("of a batch that passes the bound nothing is taken", () => {
    const group = new Group({ voters: [1, 2, 3], maxUncommittedEntriesBytes: 100 });
    group.elect(1);
    group.propose(1, "x");
    const last = group.node(1).raw.basicStatus().lastIndex;
    const entry = { ...NORMAL, data: new Uint8Array(60) };
    expect(group.node(1).raw.proposeEntries([entry, entry])?.code).toBe("PROPOSAL_DROPPED");
    expect(group.node(1).raw.basicStatus().lastIndex).toBe(last);
  });
});

describe("membership changes", () => {
  test("only one is under way: a second becomes an empty entry", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.node(1).raw.proposeConfChange(change([AddLearnerNode, 4]));
    group.node(1).raw.proposeConfChange(change([AddLearnerNode, 5]));
    group.settle();
    expect(group.node(2).raw.confState().learners).toEqual([4]);
    expect(group.node(2).storage.entries(5, 6, 99)[0]).toMatchObject({
      type: EntryType.Normal,
      data: NO_BYTES,
    });
    group.node(1).raw.proposeConfChange(change([AddLearnerNode, 5]));
    group.settle();
    expect(group.node(2).raw.confState().learners).toEqual([4, 5]);
  });

  test("the next waits until the last is applied: that it is committed does not suffice", () => {
    const group = new Group({ voters: [1], asyncStorageWrites: true });
    group.elect(1);
    const node = group.node(1);
    const apply = node.applyOne.bind(node);
    const held: Message[] = [];
    node.applyOne = () => {
      held.push(...node.applyWork.splice(0));
      return [];
    };
    node.raw.proposeConfChange(change([AddLearnerNode, 4]));
    group.settle();
    expect(node.raw.basicStatus()).toMatchObject({ commit: 4, applied: 3 });
    node.raw.proposeConfChange(change([AddLearnerNode, 5]));
    group.settle();
    expect(node.storage.entries(5, 6, 99)[0]).toMatchObject({ type: EntryType.Normal, data: NO_BYTES });
    node.applyOne = apply;
    node.applyWork.push(...held);
    group.settle();
    expect(node.raw.confState().learners).toEqual([4]);
  });

  test("two in one proposal: the second becomes empty", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    const data = Uint8Array.of(8, 0, 18, 4, 8, 3, 16, 4);
    const entry = { term: 0, index: 0, type: EntryType.ConfChangeV2, data };
    group.node(1).raw.proposeEntries([entry, NORMAL, entry]);
    group.settle();
    expect(
      group
        .node(1)
        .storage.entries(4, 7, 999)
        .map(({ type }) => type),
    ).toEqual([2, 0, 0]);
  });

  test("leaving what is not joint, and changing what is, become empty; with validation off they do not", () => {
    for (const disableConfChangeValidation of [false, true]) {
      const group = new Group({ voters: [1, 2, 3], disableConfChangeValidation });
      group.elect(1);
      group.node(1).raw.proposeConfChange(change());
      group.settle();
      const [entry] = group.node(1).storage.entries(4, 5, 99);
      expect(entry?.type).toBe(disableConfChangeValidation ? EntryType.ConfChangeV2 : EntryType.Normal);
    }
  });

  test("several voters go through a joint configuration, which the leader leaves by itself", () => {
    const group = new Group({ voters: [1, 2, 3, 4, 5] });
    group.elect(1);
    group.node(1).raw.proposeConfChange(change([RemoveNode, 4], [RemoveNode, 5]));
    group.settle();
    expect(group.node(1).raw.confState()).toMatchObject({
      voters: [1, 2, 3],
      votersOutgoing: [],
      autoLeave: false,
    });
    const types = group
      .node(1)
      .storage.entries(4, 6, 999)
      .map(({ type, data }) => [type, data.length]);
    expect(types).toEqual([
      [EntryType.ConfChangeV2, 14],
      [EntryType.ConfChangeV2, 0],
    ]);
  });

  test("auto-leave fits although the change before it has passed the bound of uncommitted bytes", () => {
    const group = new Group({ voters: [1, 2, 3, 4, 5], maxUncommittedEntriesBytes: 10 });
    group.elect(1);
    group.node(1).raw.proposeConfChange(change([RemoveNode, 4], [RemoveNode, 5]));
    group.settle();
    expect(group.node(1).raw.confState()).toMatchObject({ voters: [1, 2, 3], votersOutgoing: [] });
  });

  test("auto-leave waits for the end of a leadership transfer", () => {
    const group = new Group({ voters: [1, 2, 3, 4, 5] });
    group.elect(1);
    group.node(1).raw.proposeConfChange(change([RemoveNode, 4], [RemoveNode, 5]));
    group.lost = ({ type }) => type === MessageType.TimeoutNow;
    group.node(1).raw.transferLeader(2);
    group.settle();
    expect(group.node(1).raw.confState()).toMatchObject({ votersOutgoing: [1, 2, 3, 4, 5], autoLeave: true });
    group.tick(1, 10);
    group.propose(1, "anything applied");
    group.settle();
    expect(group.node(1).raw.confState()).toMatchObject({ voters: [1, 2, 3], votersOutgoing: [] });
  });

  test("a joint configuration commits only with both majorities", () => {
    const group = new Group({ voters: [1, 2, 3], learners: [4, 5] });
    group.elect(1);
    group.node(1).raw.proposeConfChange({
      ...change([AddNode, 4], [AddNode, 5], [RemoveNode, 2], [RemoveNode, 3]),
      transition: ConfChangeTransition.JointExplicit,
    } as ConfChange);
    group.settle();
    expect(group.node(1).raw.confState()).toMatchObject({ voters: [1, 4, 5], votersOutgoing: [1, 2, 3] });
    group.partition([1, 4, 5], [2, 3]);
    group.propose(1, "x");
    group.settle();
    expect(group.commit(1)).toBe(4);
    group.partition([1, 4, 2], [3, 5]);
    group.tick(1);
    group.settle();
    expect(group.commit(1)).toBe(5);
  });

  test("fewer voters may commit what was waiting", () => {
    const group = new Group({ voters: [1, 2] });
    group.elect(1);
    group.lost = ({ from, type, index }) => from === 2 && type === MessageType.AppResp && index > 4;
    group.node(1).raw.proposeConfChange(change([RemoveNode, 2]));
    group.propose(1, "waits for 2");
    group.settle();
    expect([group.node(1).raw.confState().voters, group.commit(1)]).toEqual([[1], 5]);
  });

  test("a promoted or demoted member that is paused stays so: nothing is sent to it again", () => {
    for (const learner of [true, false]) {
      const group = new Group({ voters: [1, 2, 3, 4], learners: [5] });
      const other = learner ? 5 : 4;
      group.elect(1);
      group.lost = ({ from, to }) => from === other || to === other;
      group.node(1).raw.reportUnreachable(other);
      group.propose(1, "its probe is lost");
      group.settle();
      const before = group.progress(1, other);
      expect(before).toBe(`StateProbe match=3 next=4${learner ? " learner" : ""} paused`);
      group.takeSent();
      group.node(1).raw.applyConfChange(change([learner ? AddNode : AddLearnerNode, other]));
      group.work(group.node(1));
      expect(group.takeSent().filter(({ to }) => to === other)).toEqual([]);
      expect(group.progress(1, other)).toBe(`StateProbe match=3 next=4${learner ? "" : " learner"} paused`);
    }
  });

  test("a promoted or demoted member goes on waiting for its snapshot", () => {
    for (const learner of [true, false]) {
      const group = new Group({ voters: [1, 2, 3, 4], learners: [5] });
      const other = learner ? 5 : 4;
      group.elect(1);
      group.partition([1, 2, 3], [other]);
      group.propose(1, "x");
      group.settle();
      group.node(1).storage.compact(4);
      group.lost = ({ type }) => type === MessageType.Snap;
      group.tick(1);
      group.settle();
      const waits = "StateSnapshot match=3 next=5";
      expect(group.progress(1, other)).toBe(`${waits}${learner ? " learner" : ""} paused pendingSnap=4`);
      group.node(1).raw.applyConfChange(change([learner ? AddNode : AddLearnerNode, other]));
      expect(group.progress(1, other)).toBe(`${waits}${learner ? "" : " learner"} paused pendingSnap=4`);
    }
  });

  test("a leader that removes itself goes on, or steps down if told so; and takes no proposals", () => {
    for (const stepDownOnRemoval of [false, true]) {
      const group = new Group({ voters: [1, 2, 3], stepDownOnRemoval });
      group.elect(1);
      group.node(1).raw.proposeConfChange(change([RemoveNode, 1]));
      group.settle();
      expect(group.state(1)).toBe(stepDownOnRemoval ? StateType.Follower : StateType.Leader);
      expect(group.propose(1, "x")?.code).toBe("PROPOSAL_DROPPED");
      expect(group.commit(2)).toBe(4);
    }
  });

  test("a leader that demotes itself steps down if told so", () => {
    const group = new Group({ voters: [1, 2, 3], stepDownOnRemoval: true });
    group.elect(1);
    group.node(1).raw.proposeConfChange(change([AddLearnerNode, 1]));
    group.settle();
    expect([group.state(1), group.node(1).raw.confState().learners]).toEqual([StateType.Follower, [1]]);
    group.tick(1, 50);
    expect(group.state(1)).toBe(StateType.Follower);
  });

  test("an impossible one can be known before; applied, it throws and changes nothing", () => {
    const group = new Group({ voters: [1] });
    group.elect(1);
    expect(group.node(1).raw.checkConfChange(change([RemoveNode, 1]))?.code).toBe("NO_VOTERS");
    expect(group.node(1).raw.checkConfChange(change([AddNode, 2]))).toBeNull();
    const before = group.node(1).raw.confState();
    expect(() => group.node(1).raw.applyConfChange(change([RemoveNode, 1]))).toThrow("removed all voters");
    expect(group.node(1).raw.confState()).toEqual(before);
  });

  test("one that cannot be decoded is refused before it reaches the log", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    const last = group.node(1).raw.basicStatus().lastIndex;
    const entry = { term: 0, index: 0, type: EntryType.ConfChangeV2, data: bytes("?") };
    const refusal = group.step(message(MessageType.Prop, 2, 1, { entries: [NORMAL, entry] }));
    expect([refusal?.code, group.node(1).raw.basicStatus().lastIndex]).toEqual([
      "MALFORMED_CONF_CHANGE",
      last,
    ]);
  });

  test("a new leader waits until everything it inherited is applied: it might be a change", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.propose(1, "inherited");
    // 2 has entry 4, and does not know that it is committed.
    group.lost = ({ type, commit }) => type === MessageType.App && commit > 3;
    group.settle();
    // It leads, and its own first entry (5) reaches nobody.
    group.lost = ({ type }) => type === MessageType.App;
    group.elect(2);
    const { raw, storage } = group.node(2);
    expect(raw.basicStatus()).toMatchObject({ commit: 3, applied: 3, lastIndex: 5 });
    raw.proposeConfChange(change([AddLearnerNode, 4]));
    group.settle();
    const became = { term: 2, index: 6, type: EntryType.Normal, data: NO_BYTES };
    expect(storage.entries(6, 7, 999)).toEqual([became]);
    group.heal();
    group.tick(2);
    group.settle();
    for (const node of group.nodes) {
      expect(node.raw.basicStatus().applied).toBe(6);
      expect(node.storage.entries(6, 7, 999)).toEqual([became]);
      expect(node.raw.confState().learners).toEqual([]);
    }
    // Now that everything is applied it can be changed.
    raw.proposeConfChange(change([AddLearnerNode, 4]));
    group.settle();
    expect(group.node(3).raw.confState().learners).toEqual([4]);
  });
});
