import { describe, expect, test } from "bun:test";
import {
  EMPTY_CONF_STATE,
  entriesSize,
  type Message,
  MessageType,
  StorageError,
} from "../../../src/raft/core/index.ts";
import { bytes, Group, message } from "../support/group.ts";

const isApp = ({ type }: Message): boolean => type === MessageType.App;

function sizes(messages: readonly Message[]): readonly number[] {
  return messages.filter(isApp).map(({ entries }) => entries.length);
}

describe("append messages", () => {
  test("are cut at the size limit; an entry above it goes alone", () => {
    const group = new Group({ voters: [1, 2], maxSizePerMsgBytes: 100 });
    group.elect(1);
    group.lost = isApp;
    for (const length of [40, 40, 300, 10, 10, 10]) group.node(1).raw.propose(new Uint8Array(length));
    group.settle();
    group.heal();
    group.takeSent();
    // The lost messages are found out by a heartbeat, and everything is sent again from the match.
    group.node(1).raw.reportUnreachable(2);
    group.tick(1);
    group.settle();
    const sent = group.takeSent(MessageType.App).filter(({ entries }) => entries.length > 0);
    expect(sizes(sent)).toEqual([2, 1, 3]);
    for (const { entries } of sent) expect(entriesSize(entries) <= 100 || entries.length === 1).toBe(true);
    expect(group.commit(2)).toBe(9);
  });

  test("in flight are bounded by bytes", () => {
    const group = new Group({ voters: [1, 2], maxSizePerMsgBytes: 50, maxInflightBytes: 100 });
    group.elect(1);
    group.work(group.node(1));
    group.takeSent();
    group.lost = ({ from }) => from === 2;
    for (let i = 0; i < 10; i++) group.node(1).raw.propose(new Uint8Array(30));
    group.settle();
    // 30, 60, 90: the fourth passes the limit and is the last.
    expect(sizes(group.takeSent())).toEqual([1, 1, 1, 1]);
    expect(group.progress(1, 2)).toBe("StateReplicate match=3 next=8 paused inflight=4[full]");
    const member = group.node(1).raw.status().progress.get(2);
    expect([member?.inflightBytes, member?.inflightFull]).toEqual([120, true]);
    group.heal();
    group.tick(1);
    group.settle();
    expect([group.commit(2), group.progress(1, 2)]).toEqual([13, "StateReplicate match=13 next=14"]);
  });

  test("in flight are bounded by number, and a heartbeat's answer recovers from their loss", () => {
    const group = new Group({ voters: [1, 2, 3], maxInflightMsgs: 3 });
    group.elect(1);
    group.lost = ({ to, from }) => to === 3 || from === 3;
    for (let i = 0; i < 8; i++) group.propose(1, `p${i}`);
    group.settle();
    expect(group.progress(1, 3)).toBe("StateReplicate match=3 next=7 paused inflight=3[full]");
    group.heal();
    group.takeSent();
    group.tick(1);
    group.settle();
    expect(group.progress(1, 3)).toBe("StateReplicate match=11 next=12");
    // The first is empty: it only probes.
    expect(group.takeSent(MessageType.App).filter(({ to }) => to === 3)[0]?.entries).toEqual([]);
  });

  test("lost and out of order: every log ends equal", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    for (let i = 0; i < 20; i++) group.propose(1, `p${i}`);
    group.work(group.node(1));
    group.network.reverse();
    group.settle();
    group.tick(1);
    group.settle();
    expect([group.commit(1), group.commit(2), group.commit(3)]).toEqual([23, 23, 23]);
    expect(group.node(2).machine.digest).toBe(group.node(1).machine.digest);
  });

  test("conflicting tails are found a term at a time", () => {
    const group = new Group({ voters: [1, 2, 3] });
    const write = (id: number, terms: readonly number[]): void => {
      const node = group.node(id);
      node.storage.append(terms.map((term, i) => ({ term, index: 3 + i, type: 0, data: bytes("d") })));
      node.storage.setHardState({ term: Math.max(...terms), vote: 0, commit: 2 });
      node.restart();
    };
    write(1, [1, 3, 3, 3, 5, 5, 5, 5, 5]);
    write(2, [1, 3, 3, 3, 5, 5, 5, 5, 5]);
    write(3, [1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 4]);
    group.elect(1);
    const probes = group
      .takeSent(MessageType.App)
      .filter(({ to, index }) => to === 3 && index < 12)
      .map(({ index, logTerm }) => [index, logTerm]);
    // From the end of its own log (11) straight to the last entry of term 1.
    expect(probes).toEqual([
      [11, 5],
      [3, 1],
    ]);
    expect(
      group
        .node(3)
        .storage.entries(3, 13, Number.POSITIVE_INFINITY)
        .map(({ term }) => term),
    ).toEqual([1, 3, 3, 3, 5, 5, 5, 5, 5, 6]);
  });

  test("just below the commit index are answered with that, not with their own end", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.takeSent();
    expect(group.commit(2)).toBe(3);
    group.step(message(MessageType.App, 1, 2, { term: 1, index: 2, logTerm: 1 }));
    group.work(group.node(2));
    expect(group.takeSent()).toMatchObject([{ type: MessageType.AppResp, index: 3, reject: false }]);
  });

  test("a commit index that a heartbeat has told is not sent again", () => {
    for (const beat of [true, false]) {
      const group = new Group({ voters: [1, 2, 3, 4, 5], maxInflightMsgs: 1 });
      group.elect(1);
      const answer = (from: number, index: number): void => {
        group.step(message(MessageType.AppResp, from, 1, { term: 1, index }));
        group.work(group.node(1));
      };
      group.lost = ({ from }) => from === 1;
      group.propose(1, "x");
      group.work(group.node(1));
      answer(2, 4);
      // Its window is full when the commit index moves to 4: it cannot be told by an append.
      group.propose(1, "y");
      group.work(group.node(1));
      group.takeSent();
      answer(3, 4);
      expect([group.commit(1), group.takeSent().filter(({ to }) => to === 2)]).toEqual([4, []]);
      if (beat) group.tick(1);
      group.work(group.node(1));
      const beats = group.takeSent(MessageType.Heartbeat).filter(({ to }) => to === 2);
      expect(beats.map(({ commit }) => commit)).toEqual(beat ? [4] : []);
      answer(2, 5);
      const appends = group.takeSent(MessageType.App).filter(({ to }) => to === 2);
      expect(appends.map(({ commit, entries }) => [commit, entries.length])).toEqual(beat ? [] : [[4, 0]]);
    }
  });

  test("a stale refusal does not move a replicating follower back", () => {
    const group = new Group({ voters: [1, 2] });
    group.elect(1);
    group.step(message(MessageType.AppResp, 2, 1, { term: 1, index: 2, reject: true, rejectHint: 1 }));
    expect(group.progress(1, 2)).toBe("StateReplicate match=3 next=4");
  });
});

describe("snapshots", () => {
  /** 3 lags behind what the leader has compacted. */
  function lagging(options: Partial<ConstructorParameters<typeof Group>[0]> = {}): Group {
    const group = new Group({ voters: [1, 2, 3], ...options });
    group.elect(1);
    group.partition([1, 2], [3]);
    for (let i = 0; i < 5; i++) group.propose(1, `p${i}`);
    group.settle();
    group.node(1).storage.compact(7);
    group.heal();
    group.takeSent();
    return group;
  }

  /** A heartbeat, its answer, and what the leader then sends: a refused probe leads to the snapshot. */
  function probe(group: Group): void {
    group.tick(1);
    group.settle();
  }

  test("replace appends when the log is compacted, and appends go on behind them", () => {
    const group = lagging();
    probe(group);
    expect(group.takeSent(MessageType.Snap).length).toBe(1);
    expect([group.commit(3), group.progress(1, 3)]).toEqual([8, "StateReplicate match=8 next=9"]);
    expect(group.node(3).machine.digest).toBe(group.node(1).machine.digest);
    group.propose(1, "next");
    group.settle();
    expect(group.commit(3)).toBe(9);
  });

  test("no appends while one is under way; a failure is followed by a probe after a heartbeat", () => {
    const group = lagging();
    group.lost = ({ type }) => type === MessageType.Snap;
    probe(group);
    expect(group.progress(1, 3)).toBe("StateSnapshot match=3 next=9 paused pendingSnap=8");
    group.propose(1, "x");
    group.settle();
    expect(
      group.takeSent(MessageType.App).filter(({ to, entries }) => to === 3 && entries.length > 0),
    ).toEqual([]);
    group.node(1).raw.reportSnapshot(3, "failed");
    expect(group.progress(1, 3)).toBe("StateProbe match=3 next=4 paused");
    group.heal();
    probe(group);
    expect([group.commit(3), group.progress(1, 3)]).toEqual([9, "StateReplicate match=9 next=10"]);
  });

  test("one that arrived, while its answer was lost: reported as finished, the probe goes on behind it", () => {
    const group = lagging();
    group.lost = ({ type, from, reject }) => type === MessageType.AppResp && from === 3 && !reject;
    probe(group);
    expect(group.commit(3)).toBe(8);
    group.heal();
    group.node(1).raw.reportSnapshot(3, "finished");
    expect(group.progress(1, 3)).toBe("StateProbe match=3 next=9 paused");
    probe(group);
    expect(group.progress(1, 3)).toBe("StateReplicate match=8 next=9");
  });

  test("made obsolete by an answer that reaches into the log", () => {
    const group = lagging();
    group.lost = ({ type }) => type === MessageType.Snap;
    probe(group);
    group.takeSent();
    group.step(message(MessageType.AppResp, 3, 1, { term: 1, index: 6 }));
    group.work(group.node(1));
    expect(group.takeSent()).toEqual([]);
    expect(group.progress(1, 3)).toBe("StateSnapshot match=6 next=9 paused pendingSnap=8");
    group.step(message(MessageType.AppResp, 3, 1, { term: 1, index: 7 }));
    expect(group.progress(1, 3)).toStartWith("StateReplicate match=7");
  });

  test("that the follower is unreachable changes nothing while one is under way", () => {
    const group = lagging();
    group.lost = ({ type }) => type === MessageType.Snap;
    probe(group);
    const before = group.progress(1, 3);
    expect(before).toBe("StateSnapshot match=3 next=9 paused pendingSnap=8");
    group.node(1).raw.reportUnreachable(3);
    expect(group.progress(1, 3)).toBe(before);
  });

  test("a report about a follower that gets none changes nothing", () => {
    const group = new Group({ voters: [1, 2] });
    group.elect(1);
    group.node(1).raw.reportSnapshot(2, "failed");
    group.node(1).raw.reportSnapshot(9, "failed");
    expect(group.progress(1, 2)).toBe("StateReplicate match=3 next=4");
  });

  test("not sent to a follower that was not heard from", () => {
    const group = new Group({ voters: [1, 2, 3], checkQuorum: true });
    group.elect(1);
    group.partition([1, 2], [3]);
    group.propose(1, "x");
    for (let i = 0; i < 21; i++) {
      group.tick(1);
      group.settle();
    }
    group.node(1).raw.reportUnreachable(3);
    group.node(1).storage.compact(4);
    group.takeSent();
    group.propose(1, "y");
    group.settle();
    expect(group.takeSent(MessageType.Snap)).toEqual([]);
    expect(group.progress(1, 3)).toBe("StateProbe match=3 next=4 inactive");
  });

  test("one that is still being made is asked for again", () => {
    const group = lagging();
    const { storage } = group.node(1);
    const make = storage.snapshot.bind(storage);
    storage.snapshot = () => {
      throw new StorageError("SNAPSHOT_TEMPORARILY_UNAVAILABLE");
    };
    probe(group);
    expect(group.takeSent(MessageType.Snap)).toEqual([]);
    expect(group.progress(1, 3)).toStartWith("StateProbe match=3");
    storage.snapshot = make;
    probe(group);
    expect(group.commit(3)).toBe(8);
  });

  test("a log compacted between two questions leads to a snapshot as well", () => {
    const group = lagging();
    const { storage } = group.node(1);
    const term = storage.term.bind(storage);
    storage.term = (index) => (index === 3 ? 1 : term(index));
    const first = storage.firstIndex.bind(storage);
    storage.firstIndex = () => Math.min(4, first());
    probe(group);
    expect(group.takeSent(MessageType.Snap).length).toBe(1);
    expect(group.commit(3)).toBe(8);
  });

  test("unexpected storage errors are not swallowed", () => {
    const group = lagging();
    group.node(1).storage.term = () => {
      throw new Error("disk gone");
    };
    group.tick(1);
    expect(() => group.settle()).toThrow("disk gone");
  });

  test("refused by a node that is not in them, and by one that has it all", () => {
    const group = new Group({ voters: [1, 2, 3] });
    group.elect(1);
    group.propose(1, "x");
    group.lost = ({ type, commit }) => type === MessageType.App && commit > 3;
    group.settle();
    const send = (index: number, term: number, voters: readonly number[]): void => {
      const confState = { voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
      const snapshot = { metadata: { index, term, confState }, data: new Uint8Array(4) };
      group.takeSent();
      group.step(message(MessageType.Snap, 1, 2, { term: 1, snapshot }));
      group.work(group.node(2));
    };
    send(20, 1, [1, 3]);
    expect(group.takeSent()).toMatchObject([{ type: MessageType.AppResp, index: 3 }]);
    send(3, 1, [1, 2, 3]);
    expect(group.takeSent()).toMatchObject([{ type: MessageType.AppResp, index: 3 }]);
    // It has entry 4 of term 1: the snapshot only tells it that this is committed.
    send(4, 1, [1, 2, 3]);
    expect(group.takeSent()).toMatchObject([{ type: MessageType.AppResp, index: 4 }]);
    expect([group.commit(2), group.node(2).storage.firstIndex()]).toEqual([4, 3]);
  });

  test("taken by a node that votes only in the old half of a joint configuration", () => {
    for (const learnersNext of [[], [2]]) {
      const group = new Group({ voters: [1, 2, 3] });
      group.elect(1);
      group.takeSent();
      const confState = { ...EMPTY_CONF_STATE, voters: [1, 4], votersOutgoing: [1, 2, 3], learnersNext };
      const snapshot = { metadata: { index: 20, term: 1, confState }, data: new Uint8Array(4) };
      group.step(message(MessageType.Snap, 1, 2, { term: 1, snapshot }));
      group.work(group.node(2));
      expect(group.takeSent()).toMatchObject([{ type: MessageType.AppResp, index: 20 }]);
      expect(group.node(2).raw.confState()).toEqual(confState);
    }
  });
});
