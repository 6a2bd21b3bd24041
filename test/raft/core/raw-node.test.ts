import { describe, expect, test } from "bun:test";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  hardStateOf,
  type Message,
  MessageType,
  type Ready,
  StateType,
} from "../../../src/raft/core/index.ts";
import { bytes, Group, message } from "../support/group.ts";

/** The one Ready that is due; a test without one is wrong. */
function ready(group: Group, id: number): Ready {
  expect(group.node(id).raw.hasReady()).toBe(true);
  return group.node(id).raw.ready();
}

function appendOf({ messages }: Ready): Message {
  const append = messages.find(({ to }) => to === APPEND_THREAD);
  if (append === undefined) throw new Error("nothing to append");
  return append;
}

describe("Ready", () => {
  test("twice without advance stops the node; so does advance with async storage writes", () => {
    const group = new Group({ voters: [1] });
    group.node(1).raw.campaign();
    ready(group, 1);
    expect(() => group.node(1).raw.ready()).toThrow(/without advance/);
    const asyncGroup = new Group({ voters: [1], asyncStorageWrites: true });
    expect(() => asyncGroup.node(1).raw.advance()).toThrow(/async/);
  });

  test("an idle node has none, and an empty one does no harm", () => {
    const group = new Group({ voters: [1, 2] });
    expect(group.node(1).raw.hasReady()).toBe(false);
    expect(group.node(1).raw.ready()).toEqual({
      softState: null,
      hardState: null,
      readStates: [],
      entries: [],
      snapshot: null,
      committedEntries: [],
      messages: [],
      mustSync: false,
    });
  });

  test("a vote or entries must be synced, a commit index alone need not", () => {
    const group = new Group({ voters: [1, 2] });
    group.elect(1);
    group.step(message(MessageType.Heartbeat, 1, 2, { term: 1, commit: 3 }));
    group.propose(1, "x");
    group.work(group.node(1));
    group.settle();
    group.propose(1, "y");
    const withEntries = ready(group, 1);
    expect([withEntries.mustSync, withEntries.entries.length]).toEqual([true, 1]);
    group.node(1).storage.append(withEntries.entries);
    group.node(1).raw.advance();
    group.step(message(MessageType.AppResp, 2, 1, { term: 1, index: 5 }));
    const commitOnly = ready(group, 1);
    expect([commitOnly.mustSync, commitOnly.hardState?.commit]).toEqual([false, 5]);
  });
});

describe("async storage writes", () => {
  test("one voter: append, acknowledge, apply, acknowledge", () => {
    const group = new Group({ voters: [1], asyncStorageWrites: true });
    const node = group.node(1);
    node.raw.campaign();
    const vote = appendOf(ready(group, 1));
    expect([hardStateOf(vote), vote.responses.map(({ type }) => type)]).toEqual([
      { term: 1, vote: 1, commit: 2 },
      [MessageType.VoteResp],
    ]);
    expect(group.state(1)).toBe(StateType.Candidate);
    for (const response of vote.responses) node.raw.step(response);
    expect(group.state(1)).toBe(StateType.Leader);

    const first = appendOf(ready(group, 1));
    expect(first.responses.map(({ type }) => type)).toEqual([
      MessageType.AppResp,
      MessageType.StorageAppendResp,
    ]);
    // The next does not wait for the first.
    node.raw.propose(bytes("x"));
    const second = appendOf(ready(group, 1));
    expect(second.entries.map(({ index }) => index)).toEqual([4]);
    expect(group.commit(1)).toBe(2);
    node.storage.append(first.entries);
    for (const response of first.responses) node.raw.step(response);
    expect(group.commit(1)).toBe(3);

    const apply = ready(group, 1).messages.find(({ to }) => to === APPLY_THREAD);
    expect(apply?.entries.map(({ index }) => index)).toEqual([3]);
    expect(node.raw.basicStatus().applied).toBe(2);
    for (const response of apply?.responses ?? []) node.raw.step(response);
    expect(node.raw.basicStatus().applied).toBe(3);
  });

  test("an acknowledgement for entries that were overwritten since does not make the new ones stable", () => {
    // Three leaders in turn replace entry 3 while the first write of it is still on its way.
    const group = new Group({ voters: [1, 2, 3], asyncStorageWrites: true });
    const node = group.node(2);
    const append = (from: number, term: number, entryTerm: number): Message => {
      const entries = [{ term: entryTerm, index: 3, type: 0, data: bytes(`${entryTerm}`) } as const];
      node.raw.step(message(MessageType.App, from, 2, { term, index: 2, logTerm: 1, entries }));
      return appendOf(ready(group, 2));
    };
    const first = append(1, 2, 2);
    const second = append(3, 3, 3);
    const third = append(1, 4, 4);
    const last = (work: Message): Message => work.responses.at(-1) as Message;
    expect(last(first)).toMatchObject({ type: MessageType.StorageAppendResp, term: 2, index: 3, logTerm: 2 });
    node.raw.step(last(first));
    node.raw.step(last(second));
    // Still unstable: committed entries that are not on disk are not applied.
    node.raw.step(message(MessageType.Heartbeat, 1, 2, { term: 4, commit: 3 }));
    expect(ready(group, 2).committedEntries).toEqual([]);
    for (const work of [first, second, third]) node.storage.append(work.entries);
    node.raw.step(last(third));
    expect(ready(group, 2).committedEntries.map(({ term }) => term)).toEqual([4]);
  });

  test("the same entry written again in a later term is not covered by the first write's acknowledgement", () => {
    const group = new Group({ voters: [1, 2, 3], asyncStorageWrites: true });
    const node = group.node(2);
    const append = (from: number, term: number, entryTerm: number): Message => {
      const entries = [{ term: entryTerm, index: 3, type: 0, data: bytes(`${entryTerm}`) } as const];
      node.raw.step(message(MessageType.App, from, 2, { term, index: 2, logTerm: 1, entries }));
      return appendOf(ready(group, 2));
    };
    // A (term 2), then B (term 3), then A again, from a leader of term 4 that had kept it.
    const first = append(1, 2, 2);
    const between = append(3, 3, 3);
    const again = append(1, 4, 2);
    // The disk holds A, then B. If A's acknowledgement counted now, the write of the second A might be lost unnoticed.
    node.raw.step(first.responses.at(-1) as Message);
    node.raw.step(message(MessageType.Heartbeat, 1, 2, { term: 4, commit: 3 }));
    expect(ready(group, 2).committedEntries).toEqual([]);
    for (const work of [first, between, again]) node.storage.append(work.entries);
    node.raw.step(again.responses.at(-1) as Message);
    expect(ready(group, 2).committedEntries.length).toBe(1);
  });

  test("entries whose acknowledgement was ignored become stable with the next write, even one without entries", () => {
    const group = new Group({ voters: [1, 2, 3], asyncStorageWrites: true });
    const node = group.node(2);
    const entries = [{ term: 2, index: 3, type: 0, data: bytes("x") } as const];
    node.raw.step(message(MessageType.App, 1, 2, { term: 2, index: 2, logTerm: 1, entries }));
    const first = appendOf(ready(group, 2));
    node.storage.append(first.entries);
    node.raw.step(message(MessageType.Heartbeat, 3, 2, { term: 3, commit: 2 }));
    node.raw.step(first.responses.at(-1) as Message);
    const second = appendOf(ready(group, 2));
    expect([second.entries, second.responses.at(-1)]).toMatchObject([
      [],
      { type: MessageType.StorageAppendResp, term: 3, index: 3, logTerm: 2 },
    ]);
    node.raw.step(second.responses.at(-1) as Message);
    node.raw.step(message(MessageType.Heartbeat, 3, 2, { term: 3, commit: 3 }));
    expect(ready(group, 2).committedEntries.map(({ index }) => index)).toEqual([3]);
  });

  test("a snapshot is acknowledged across a change of term, and blocks campaigns until then", () => {
    const group = new Group({ voters: [1, 2, 3], asyncStorageWrites: true });
    const node = group.node(2);
    const confState = {
      voters: [1, 2, 3],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    };
    const snapshot = { metadata: { index: 9, term: 2, confState }, data: new Uint8Array(4) };
    node.raw.step(message(MessageType.Snap, 1, 2, { term: 2, snapshot }));
    const work = appendOf(ready(group, 2));
    expect([work.snapshot?.metadata.index, hardStateOf(work)?.commit]).toEqual([9, 9]);
    node.raw.campaign();
    group.tick(2, 50);
    expect(group.state(2)).toBe(StateType.Follower);
    node.write(hardStateOf(work), work.entries, work.snapshot);
    node.raw.step(message(MessageType.Heartbeat, 3, 2, { term: 3, commit: 2 }));
    node.raw.step(work.responses.at(-1) as Message);
    expect(node.raw.basicStatus().applied).toBe(9);
    node.raw.campaign();
    expect(group.state(2)).toBe(StateType.Candidate);
  });

  test("a snapshot with appends behind it comes in one Ready, and both are acknowledged", () => {
    for (const asyncStorageWrites of [true, false]) {
      const group = new Group({ voters: [1, 2, 3], asyncStorageWrites });
      const node = group.node(2);
      const confState = {
        voters: [1, 2, 3],
        votersOutgoing: [],
        learners: [],
        learnersNext: [],
        autoLeave: false,
      };
      const snapshot = { metadata: { index: 9, term: 2, confState }, data: new Uint8Array(4) };
      const entries = [{ term: 2, index: 10, type: 0, data: bytes("x") } as const];
      node.raw.step(message(MessageType.Snap, 1, 2, { term: 2, snapshot }));
      node.raw.step(message(MessageType.App, 1, 2, { term: 2, index: 9, logTerm: 2, entries, commit: 10 }));
      group.work(node);
      expect([node.storage.firstIndex(), node.storage.lastIndex(), node.machine.index]).toEqual([10, 10, 10]);
      expect(group.takeSent(MessageType.AppResp).map(({ index }) => index)).toEqual([9, 10]);
    }
  });
});

describe("restart", () => {
  test("goes on from what was stored; entries above `applied` are handed out again", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    for (const name of ["a", "b"]) group.propose(1, name);
    group.settle();
    const node = group.node(2);
    const { commit, term, vote } = node.raw.basicStatus();
    node.storage.machine = { ...node.machine, index: 3 };
    node.restart();
    expect(node.raw.basicStatus()).toMatchObject({
      commit,
      term,
      vote,
      applied: 3,
      raftState: StateType.Follower,
      lead: 0,
    });
    expect(ready(group, 2).committedEntries.map(({ index }) => index)).toEqual([4, 5]);
  });

  test("the configuration comes from storage", () => {
    const group = new Group({ voters: [1, 2, 3], learners: [4] });
    group.node(1).restart();
    expect(group.node(1).raw.confState()).toMatchObject({ voters: [1, 2, 3], learners: [4] });
  });
});

describe("status", () => {
  test("shows progress on the leader only, and nothing that could be written through", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    expect(group.node(2).raw.status().progress.size).toBe(0);
    const { progress, configuration } = group.node(1).raw.status();
    expect([...progress].map(([id, { match, next }]) => [id, match, next])).toEqual([
      [1, 3, 4],
      [2, 3, 4],
      [3, 3, 4],
    ]);
    expect(configuration.voters.incoming).toEqual([1, 2, 3]);
    group.propose(1, "x");
    expect(progress.get(2)?.next).toBe(4);
  });
});
