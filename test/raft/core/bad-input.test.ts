import { describe, expect, test } from "bun:test";
import {
  ConfigError,
  type Entry,
  InvariantViolation,
  MessageType,
  RawNode,
} from "../../../src/raft/core/index.ts";
import { MemoryStorage } from "../../support/raft/memory-storage.ts";
import { bytes, confState, Group, message, NORMAL } from "../support/group.ts";

function entry(index: number, term: number): Entry {
  return { term, index, type: 0, data: bytes("d") };
}

/** 1 leads, all three have entries up to 3 (term 1), committed. */
function group(): Group {
  const result = new Group({ voters: [1, 2, 3] });
  result.elect(1);
  result.takeSent();
  return result;
}

describe("messages from outside", () => {
  test("local types are refused", () => {
    const types = [
      MessageType.Hup,
      MessageType.Beat,
      MessageType.Unreachable,
      MessageType.SnapStatus,
      MessageType.CheckQuorum,
      MessageType.StorageAppend,
      MessageType.StorageAppendResp,
      MessageType.StorageApply,
      MessageType.StorageApplyResp,
    ];
    for (const type of types) {
      expect(group().step(message(type, 2, 1))?.message).toBe("raft: cannot step raft local message");
    }
  });

  test("answers from a node that is no member are refused, its requests are not", () => {
    const nodes = group();
    for (const type of [
      MessageType.AppResp,
      MessageType.VoteResp,
      MessageType.HeartbeatResp,
      MessageType.PreVoteResp,
    ]) {
      expect(nodes.step(message(type, 9, 1, { term: 50 }))?.message).toBe(
        "raft: cannot step as peer not found",
      );
    }
    expect(nodes.term(1)).toBe(1);
    expect(nodes.step(message(MessageType.Vote, 9, 1, { term: 2, index: 3, logTerm: 1 }))).toBeNull();
  });

  test("numbers that are no safe integers are refused by name", () => {
    for (const bad of [2 ** 53, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const field of ["term", "index", "logTerm", "commit", "rejectHint"] as const) {
        const refusal = group().step(message(MessageType.AppResp, 2, 1, { term: 1, [field]: bad }));
        expect(refusal?.code).toBe("MALFORMED_MESSAGE");
        expect(refusal?.message).toContain(`${field}=${bad}`);
      }
    }
  });

  test("votes and appends without a term are refused: they would pass as local", () => {
    for (const type of [MessageType.Vote, MessageType.VoteResp, MessageType.App, MessageType.Heartbeat]) {
      expect(group().step(message(type, 2, 1))?.code).toBe("MALFORMED_MESSAGE");
    }
  });

  test("a snapshot without a term is refused by a candidate: it would take the term back", () => {
    const nodes = new Group({ voters: [1, 2, 3] });
    nodes.node(2).raw.campaign();
    const before = nodes.node(2).raw.basicStatus();
    const confState = {
      voters: [1, 2, 3],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    };
    const snapshot = { metadata: { index: 9, term: 1, confState }, data: bytes("") };
    expect(nodes.step(message(MessageType.Snap, 3, 2, { snapshot }))?.message).toBe(
      "raft: malformed message: MsgSnap without a term at a candidate",
    );
    expect(nodes.node(2).raw.basicStatus()).toEqual(before);
    expect(before.term).toBe(1);
  });

  test("proposals and reads without content are refused", () => {
    expect(group().step(message(MessageType.Prop, 2, 1))?.message).toContain("MsgProp without entries");
    const two = { entries: [NORMAL, NORMAL] };
    expect(group().step(message(MessageType.ReadIndex, 2, 1, two))?.message).toContain("with 2 entries");
  });

  test("a snapshot at an index that is no safe integer is refused", () => {
    const confState = { voters: [1], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
    const snapshot = { metadata: { index: 2 ** 53, term: 1, confState }, data: bytes("") };
    const refusal = group().step(message(MessageType.Snap, 1, 2, { term: 1, snapshot }));
    expect(refusal?.message).toContain(`index=${2 ** 53}`);
  });

  test("from an earlier term: ignored", () => {
    const nodes = group();
    nodes.elect(2);
    nodes.takeSent();
    nodes.step(message(MessageType.App, 1, 3, { term: 1, index: 3, logTerm: 1, entries: [entry(4, 1)] }));
    nodes.step(message(MessageType.Heartbeat, 1, 3, { term: 1, commit: 4 }));
    nodes.work(nodes.node(3));
    expect([nodes.takeSent(), nodes.term(3), nodes.commit(3)]).toEqual([[], 2, 4]);
  });

  test("entries with a hole, a repeated index or a term going back stop the node", () => {
    const broken = [
      [entry(4, 1), entry(6, 1)],
      [entry(4, 1), entry(4, 1)],
      [entry(5, 1)],
      [entry(4, 2), entry(5, 1)],
      [entry(4, 9)],
    ];
    for (const entries of broken) {
      const nodes = group();
      const step = () =>
        nodes.step(message(MessageType.App, 1, 2, { term: 2, index: 3, logTerm: 1, entries }));
      expect(step).toThrow(InvariantViolation);
      expect(nodes.node(2).raw.basicStatus().lastIndex).toBe(3);
    }
  });

  test("an append's commit index beyond its entries commits only what they show", () => {
    const nodes = group();
    nodes.step(
      message(MessageType.App, 1, 2, { term: 1, index: 3, logTerm: 1, entries: [entry(4, 1)], commit: 99 }),
    );
    expect(nodes.commit(2)).toBe(4);
  });

  test("a heartbeat's commit index beyond the log stops the node: the log lost what it had acknowledged", () => {
    const nodes = group();
    const step = () => nodes.step(message(MessageType.Heartbeat, 1, 2, { term: 1, commit: 99 }));
    expect(step).toThrow(/index=99, lastIndex=3, committed=3/);
  });

  test("an append before the commit index is old news, and answered with what is committed", () => {
    const nodes = group();
    nodes.step(message(MessageType.App, 1, 2, { term: 1, index: 2, logTerm: 1, entries: [entry(3, 1)] }));
    nodes.work(nodes.node(2));
    expect(nodes.takeSent()).toMatchObject([{ type: MessageType.AppResp, index: 3, reject: false }]);
  });

  test("an append whose entries contradict what is committed stops the node, old news or not", () => {
    const nodes = group();
    nodes.propose(1, "x");
    nodes.settle();
    const append = (index: number, entries: readonly Entry[]) => () =>
      nodes.step(message(MessageType.App, 1, 2, { term: 9, index, logTerm: 1, entries }));
    // Entries 3 and 4 are committed, of term 1.
    expect(append(2, [entry(3, 9)])).toThrow(/contradicts.*index=3, term=9, ownTerm=1, committed=4/);
    expect(append(2, [entry(3, 1), entry(4, 9)])).toThrow(/index=4, term=9, ownTerm=1, committed=4/);
    expect(nodes.node(2).storage.lastIndex()).toBe(4);
    // Beyond the commit index the leader is right.
    expect(append(4, [entry(5, 9)])).not.toThrow();
  });

  test("a log term that contradicts what is committed stops the node", () => {
    for (const index of [2, 3]) {
      const nodes = group();
      const fields = { term: 5, index, logTerm: 4, entries: [entry(index + 1, 5)] };
      const step = () => nodes.step(message(MessageType.App, 1, 2, fields));
      expect(step).toThrow(InvariantViolation);
      expect(step).toThrow(`index=${index}, term=4, ownTerm=1, committed=3`);
    }
  });

  test("a log term that contradicts what is not committed is refused with a hint", () => {
    const nodes = group();
    nodes.step(message(MessageType.App, 1, 2, { term: 1, index: 3, logTerm: 1, entries: [entry(4, 1)] }));
    nodes.work(nodes.node(2));
    nodes.takeSent();
    nodes.step(message(MessageType.App, 3, 2, { term: 5, index: 4, logTerm: 4, entries: [entry(5, 5)] }));
    nodes.work(nodes.node(2));
    expect(nodes.takeSent()).toMatchObject([{ reject: true, index: 4, rejectHint: 4, logTerm: 1 }]);
  });

  test("of what is compacted away nothing is known: an append there is old news", () => {
    const nodes = group();
    nodes.propose(1, "x");
    nodes.settle();
    nodes.node(2).storage.compact(4);
    nodes.takeSent();
    nodes.step(message(MessageType.App, 1, 2, { term: 9, index: 2, logTerm: 8, entries: [entry(3, 9)] }));
    nodes.work(nodes.node(2));
    expect(nodes.takeSent()).toMatchObject([{ type: MessageType.AppResp, index: 4, reject: false }]);
    // The entry before the first one is known still.
    const step = () => nodes.step(message(MessageType.App, 1, 2, { term: 9, index: 4, logTerm: 8 }));
    expect(step).toThrow(/index=4, term=8, ownTerm=1, committed=4/);
  });

  test("a snapshot that contradicts what is committed stops the node; an old one does not", () => {
    const nodes = group();
    nodes.elect(2);
    nodes.takeSent();
    // Entry 3 is of term 1, entry 4 of term 2.
    const snap = (index: number, term: number) => () =>
      nodes.step(
        message(MessageType.Snap, 2, 3, {
          term: 2,
          snapshot: { metadata: { index, term, confState: confState([1, 2, 3]) }, data: bytes("") },
        }),
      );
    expect(snap(3, 2)).toThrow(/contradicts.*index=3, term=2, ownTerm=1, committed=4/);
    expect(snap(9, 1)).toThrow(/index=9, term=1, committed=4, committedTerm=2/);
    snap(3, 1)();
    nodes.work(nodes.node(3));
    expect(nodes.takeSent()).toMatchObject([{ type: MessageType.AppResp, index: 4 }]);
    expect(nodes.node(3).storage.lastIndex()).toBe(4);
  });

  test("an acknowledgement beyond the leader's log stops it: it would count for entries that are yet to come", () => {
    const nodes = group();
    const acknowledge = (from: number, index: number) => () =>
      nodes.step(message(MessageType.AppResp, from, 1, { term: 1, index }));
    expect(acknowledge(2, 3)).not.toThrow();
    for (const from of [1, 2]) {
      expect(acknowledge(from, 4)).toThrow(InvariantViolation);
      expect(acknowledge(from, 4)).toThrow(`from=${from}, index=4, lastIndex=3, committed=3, term=1`);
    }
    // What node 2 said is not remembered: an entry that nobody has is not committed.
    nodes.lost = () => true;
    nodes.propose(1, "x");
    nodes.settle();
    expect(nodes.commit(1)).toBe(3);
  });

  test("every type at a node that is not concerned: nothing happens", () => {
    for (const type of Object.values(MessageType)) {
      const nodes = new Group({ voters: [1, 2, 3] });
      const entries = type === MessageType.Prop || type === MessageType.ReadIndex ? [NORMAL] : [];
      expect(() => nodes.step(message(type, 2, 1, { term: 0, entries }))).not.toThrow();
      expect([nodes.term(1), nodes.commit(1)]).toEqual([0, 2]);
    }
  });
});

describe("start", () => {
  const config = () => ({
    id: 1,
    storage: new MemoryStorage(),
    nextInt: () => 0,
    electionTicks: 10,
    heartbeatTicks: 1,
    maxInflightMsgs: 10,
  });

  const WRONG: readonly (readonly [string, Readonly<Record<string, number | boolean>>])[] = [
    ["id", { id: 0 }],
    ["id", { id: Number.MAX_SAFE_INTEGER }],
    ["id", { id: 1.5 }],
    ["heartbeatTicks", { heartbeatTicks: 0 }],
    ["electionTicks", { electionTicks: 1 }],
    ["maxInflightMsgs", { maxInflightMsgs: 0 }],
    ["maxInflightBytes", { maxInflightBytes: 10, maxSizePerMsgBytes: 11 }],
    ["maxSizePerMsgBytes", { maxSizePerMsgBytes: -1 }],
    ["maxCommittedSizePerReadyBytes", { maxSizePerMsgBytes: 0 }],
    ["applied", { applied: -1 }],
    ["checkQuorum", { readOnlyOption: 1 }],
  ];
  for (const [field, change] of WRONG) {
    test(`a configuration is refused that has ${JSON.stringify(change)}`, () => {
      const make = () => new RawNode({ ...config(), ...change } as ReturnType<typeof config>);
      expect(make).toThrow(ConfigError);
      expect(make).toThrow(expect.objectContaining({ field }));
    });
  }

  test("a stored commit index outside the log stops the node", () => {
    const storage = new MemoryStorage();
    storage.setHardState({ term: 1, vote: 0, commit: 3 });
    expect(() => new RawNode({ ...config(), storage })).toThrow(/commit=3, snapshotIndex=0, lastIndex=0/);
  });

  test("applied beyond what is committed stops the node", () => {
    expect(() => new RawNode({ ...config(), applied: 5 })).toThrow(/index=5, applied=0.*committed=0/);
  });
});
