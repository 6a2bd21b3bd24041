import { describe, expect, test } from "bun:test";
import { bootstrapMembership } from "../../../src/cluster/registry/membership.ts";
import {
  ConfChangeTransition,
  ConfChangeType,
  type Message,
  MessageType,
  newMessage,
} from "../../../src/raft/core/index.ts";
import { A, B, Bench, C, entries } from "./support/engine-bench.ts";

describe("an engine", () => {
  test("acknowledges to nobody what is not durable, and no more than what is", () => {
    const bench = new Bench();
    bench.receive(MessageType.App, B, { term: 5, index: 1, logTerm: 1, entries: entries(2, 3, 5) });
    const [first] = bench.appends;
    bench.receive(MessageType.App, B, { term: 5, index: 3, logTerm: 5, entries: entries(4, 4, 5) });
    expect(bench.sentOf(MessageType.AppResp)).toEqual([]);
    bench.durable(first?.id);
    expect(bench.sentOf(MessageType.AppResp).map(({ index }) => index)).toEqual([3]);
    bench.durable();
    expect(bench.sentOf(MessageType.AppResp).map(({ index }) => index)).toEqual([3, 4]);
  });

  test("a store that stands still is no leak: a follower takes no more than it can keep until it has applied some", () => {
    const bench = new Bench();
    const send = (from: number, to: number, commit: number): void => {
      const logTerm = from === 2 ? 1 : 5;
      bench.receive(MessageType.App, B, {
        term: 5,
        index: from - 1,
        logTerm,
        entries: entries(from, to, 5),
        commit,
      });
      bench.durable();
    };
    send(2, 11, 2);
    const asked = bench.appends.length;
    send(12, 12, 2);
    expect(bench.appends.length).toBe(asked);
    // Not what commits it: only the store can help.
    bench.engine.onApplied(bench.applies.at(-1)?.id ?? 0, { index: 2, term: 5 });
    bench.engine.work();
    send(12, 12, 12);
    expect(bench.applies.at(-1)?.entries.at(-1)?.index).toBe(12);
    send(13, 13, 12);
    expect(bench.sentOf(MessageType.AppResp).at(-1)?.index).toBe(12);
    bench.engine.onApplied(bench.applies.at(-1)?.id ?? 0, { index: 12, term: 5 });
    bench.engine.work();
    send(13, 13, 12);
    expect(bench.sentOf(MessageType.AppResp).at(-1)?.index).toBe(13);
  });

  test("knows where its log on the disk ends: not where the core's does, nor what counts as a new leader's own match", () => {
    const bench = new Bench();
    const ends = (): number[] => [bench.engine.durableIndex, bench.engine.status().lastIndex];
    bench.receive(MessageType.App, B, { term: 1, index: 1, logTerm: 1, entries: entries(2, 3, 1) });
    expect(ends()).toEqual([1, 3]);
    bench.durable();
    expect(ends()).toEqual([3, 3]);
    const leader = new Bench();
    leader.lead();
    leader.engine.propose([new Uint8Array(8)]);
    leader.engine.work();
    expect([leader.engine.durableIndex, leader.engine.status().lastIndex]).toEqual([2, 3]);
    leader.durable();
    expect(leader.engine.durableIndex).toBe(3);
  });

  test("votes when the vote is durable, and its own vote counts no earlier", () => {
    const bench = new Bench();
    bench.receive(MessageType.Vote, B, { term: 5, index: 1, logTerm: 1 });
    expect(bench.sentOf(MessageType.VoteResp)).toEqual([]);
    expect(bench.appends.at(-1)?.batch.hardState).toEqual({ term: 5, vote: B, commit: 1 });
    bench.durable();
    expect(bench.sentOf(MessageType.VoteResp).map(({ to, reject }) => [to, reject])).toEqual([[B, false]]);
  });

  test("a snapshot: marker, then the keyspace, then its acknowledgement, and only then that of what follows it", () => {
    const bench = new Bench();
    bench.receive(MessageType.App, B, {
      term: 5,
      index: 1,
      logTerm: 1,
      entries: entries(2, 4, 5),
      commit: 4,
    });
    bench.durable();
    expect(bench.applies.map(({ entries: given }) => given.map(({ index }) => index))).toEqual([[2, 3, 4]]);
    const { confState } = bench.membership;
    const metadata = { index: 10, term: 5, confState };
    bench.receive(MessageType.Snap, B, { term: 5, snapshot: { metadata, data: new Uint8Array(0) } });
    bench.receive(MessageType.App, B, {
      term: 5,
      index: 10,
      logTerm: 5,
      entries: entries(11, 11, 5),
      commit: 11,
    });
    expect(bench.installs).toEqual([]);
    bench.durable();
    expect(bench.installs.map(({ snapshot }) => snapshot.index)).toEqual([10]);
    // The store has not come to 2..4 yet and may still read them.
    expect(bench.evicted).toEqual([]);
    expect(bench.sentOf(MessageType.AppResp).map(({ index }) => index)).toEqual([4]);
    expect(bench.applies).toHaveLength(1);
    bench.engine.onInstalled(bench.installs[0]?.id ?? 0, { index: 10, term: 5 }, bench.membership);
    bench.engine.work();
    expect(bench.evicted).toEqual([2, 3, 4]);
    expect(bench.sentOf(MessageType.AppResp).map(({ index }) => index)).toEqual([4, 10, 11]);
    expect(bench.applies.at(-1)?.entries.map(({ index }) => index)).toEqual([11]);
    // A report of what the snapshot has overtaken takes nothing back.
    bench.engine.onApplied(bench.applies[0]?.id ?? 0, { index: 4, term: 5 });
    expect(bench.engine.appliedIndex).toBe(10);
  });

  test("a keyspace of another configuration than its message said stops the node", () => {
    const bench = new Bench();
    const metadata = { index: 10, term: 5, confState: bench.membership.confState };
    bench.receive(MessageType.Snap, B, { term: 5, snapshot: { metadata, data: new Uint8Array(0) } });
    bench.durable();
    const other = bootstrapMembership([{ name: "a", address: "a:1" }]);
    expect(() => bench.engine.onInstalled(bench.installs[0]?.id ?? 0, { index: 10, term: 5 }, other)).toThrow(
      "brought the configuration",
    );
    expect(() => bench.engine.onInstalled(99, { index: 10, term: 5 }, other)).toThrow(
      "snapshot 99 is installed",
    );
  });

  test("a new leader's entries release those they replace, once they are durable", () => {
    const bench = new Bench();
    bench.receive(MessageType.App, B, { term: 5, index: 1, logTerm: 1, entries: entries(2, 4, 5) });
    bench.durable();
    bench.receive(MessageType.App, C, { term: 6, index: 2, logTerm: 5, entries: entries(3, 3, 6) });
    expect(bench.evicted).toEqual([]);
    bench.durable();
    expect(bench.evicted).toEqual([3, 4]);
  });

  test("a leader that removed itself does not trip over the acknowledgement of its own last append", () => {
    const bench = new Bench();
    bench.lead();
    const { engine } = bench;
    engine.proposeConfChange({
      version: 2,
      transition: ConfChangeTransition.Auto,
      changes: [{ type: ConfChangeType.RemoveNode, nodeId: A }],
      context: new Uint8Array(0),
    });
    engine.work();
    const removal = bench.appends.at(-1);
    engine.propose([new Uint8Array(1)]);
    engine.work();
    bench.durable(removal?.id);
    for (const from of [B, C]) bench.receive(MessageType.AppResp, from, { term: 2, index: 3 });
    expect(engine.membership.removed.map(({ id }) => id)).toEqual([A]);
    expect([engine.leading, bench.published.leaseUntilUs]).toEqual([false, 0]);
    bench.durable();
    expect(engine.leading).toBe(false);
  });

  test("releases no memory that stands in a message which is yet to leave", () => {
    const bench = new Bench();
    bench.lead();
    bench.replicate();
    const { engine } = bench;
    const released: boolean[] = [];
    bench.sent.push = (...envelopes) => {
      for (const { message } of envelopes) {
        if (message.entries.some(({ index }) => index === 3)) released.push(bench.evicted.includes(3));
      }
      return 0;
    };
    // In one turn: c asks for entry 3, and the store reports that it is applied.
    const answer = { ...newMessage(MessageType.AppResp, A), from: C, term: 2, index: 2 };
    engine.receive({ message: answer, leaseRound: 0, applied: 0 });
    engine.onApplied(bench.applies.at(-1)?.id ?? 0, { index: 3, term: 2 });
    engine.work();
    expect(released).toEqual([false]);
    expect(bench.evicted).toContain(3);
  });

  test("sends what only the log has as soon as the log thread has read it, without waiting for a heartbeat", () => {
    const bench = new Bench();
    bench.lead();
    bench.replicate();
    bench.engine.onApplied(bench.applies.at(-1)?.id ?? 0, { index: 3, term: 2 });
    bench.engine.work();
    const toC = (): readonly Message[] => bench.sentOf(MessageType.App).filter(({ to }) => to === C);
    const before = toC().length;
    bench.receive(MessageType.AppResp, C, { term: 2, index: 2 });
    expect(bench.reads).toEqual([[3, 4]]);
    expect(toC()).toHaveLength(before);
    bench.engine.onLogRead(3, entries(3, 3, 2));
    bench.engine.work();
    expect(
      toC()
        .slice(before)
        .map((message) => message.entries.map(({ index }) => index)),
    ).toEqual([[3]]);
  });

  test("publishes what is committed before any message of the same decision leaves", () => {
    const bench = new Bench();
    bench.lead();
    bench.engine.propose([new Uint8Array(1)]);
    bench.engine.work();
    bench.durable();
    const seen: number[] = [];
    bench.sent.push = (...envelopes) => {
      for (const { message } of envelopes) if (message.commit === 3) seen.push(bench.published.commitIndex);
      return 0;
    };
    bench.receive(MessageType.AppResp, B, { term: 2, index: 3 });
    expect(seen.length).toBeGreaterThan(0);
    expect(Math.min(...seen)).toBe(3);
  });

  test("ends its lease on any step down, before anything of the later term leaves", () => {
    const bench = new Bench();
    bench.lead();
    bench.acknowledge(B, bench.beat());
    expect(bench.published.leaseUntilUs).toBeGreaterThan(bench.nowMs * 1000);
    bench.receive(MessageType.App, C, { term: 3, index: 2, logTerm: 2, entries: entries(3, 3, 3) });
    expect(bench.published.leaseUntilUs).toBe(0);
    expect(bench.engine.leading).toBe(false);
  });
});
