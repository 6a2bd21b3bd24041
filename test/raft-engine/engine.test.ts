import { describe, expect, test } from "bun:test";
import {
  ConfChangeTransition,
  ConfChangeType,
  type DraftMessage,
  type Entry,
  EntryType,
  type Message,
  MessageType,
  newMessage,
  RawNode,
  type SnapshotMetadata,
} from "../../src/raft/core/index.ts";
import { Engine } from "../../src/raft/engine/engine.ts";
import { LogCache } from "../../src/raft/engine/log-cache.ts";
import { BOOTSTRAP_POSITION, bootstrapMembership } from "../../src/raft/engine/membership.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import type { RaftEnvelope } from "../../src/raft/transport/types.ts";
import type { WalBatch } from "../../src/raft/wal/types.ts";
import { PublishedState } from "../../src/rooms/published-state.ts";

const [A, B, C] = ["a", "b", "c"].map(raftIdOf) as [number, number, number];

/** Engine a of three, with nobody around it: the test plays log, store and peers. */
class Bench {
  readonly sent: RaftEnvelope[] = [];
  readonly appends: { readonly id: number; readonly batch: WalBatch }[] = [];
  readonly applies: { readonly id: number; readonly entries: readonly Entry[] }[] = [];
  readonly installs: { readonly id: number; readonly snapshot: SnapshotMetadata }[] = [];
  readonly evicted: number[] = [];
  readonly reads: (readonly [low: number, high: number])[] = [];
  readonly published = new PublishedState();
  readonly membership = bootstrapMembership(["a", "b", "c"].map((name) => ({ name, address: `${name}:1` })));
  readonly engine: Engine;
  nowMs = 10_000;

  constructor() {
    const { index, term } = BOOTSTRAP_POSITION;
    const { membership } = this;
    const cache = new LogCache({
      hardState: { term, vote: 0, commit: index },
      confState: membership.confState,
      ...BOOTSTRAP_POSITION,
    });
    const core = new RawNode({
      id: A,
      storage: cache,
      nextInt: () => 0,
      applied: index,
      asyncStorageWrites: true,
      electionTicks: 10,
      heartbeatTicks: 1,
      maxInflightMsgs: 8,
      checkQuorum: true,
      preVote: true,
      stepDownOnRemoval: true,
    });
    const options = {
      core,
      cache,
      published: this.published,
      clock: { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs },
      membership,
      tickMs: 100,
      electionTimeoutMs: 1_000,
      fresh: true,
      retainBytes: 0,
      maxUnappliedBytes: 64,
      append: (id: number, batch: WalBatch) => void this.appends.push({ id, batch }),
      apply: (id: number, entries: readonly Entry[]) => void this.applies.push({ id, entries }),
      install: (id: number, snapshot: SnapshotMetadata) => void this.installs.push({ id, snapshot }),
      send: (_to: number, envelope: RaftEnvelope) => void this.sent.push(envelope),
      sendSnapshot: () => {},
      readLog: (low: number, high: number) => void this.reads.push([low, high]),
      onEvicted: (entries: readonly Entry[]) => void this.evicted.push(...entries.map(({ index: at }) => at)),
      onLeadership: () => {},
      onMembership: () => {},
      onReadState: () => {},
    };
    this.engine = new Engine(options, BOOTSTRAP_POSITION);
    this.engine.start();
  }

  /** A message from b or c arrives, and what follows of it is done. */
  receive(type: MessageType, from: number, fields: Partial<DraftMessage>): void {
    this.engine.receive({ message: { ...newMessage(type, A), from, ...fields }, leaseRound: 0, applied: 0 });
    this.engine.work();
  }

  /** The log has everything on disk that was asked for so far, or up to append `id`. */
  durable(id = this.appends.at(-1)?.id ?? 0): void {
    this.engine.onAppended(id);
    this.engine.work();
  }

  sentOf(type: MessageType): readonly Message[] {
    return this.sent.map(({ message }) => message).filter((message) => message.type === type);
  }

  /** Elected in term 2 by b; its first entry, 2, is durable everywhere and applied. */
  lead(): void {
    for (let i = 0; i < 10; i++) {
      this.nowMs += 100;
      this.engine.tick();
    }
    this.durable();
    this.receive(MessageType.PreVoteResp, B, { term: 2 });
    this.durable();
    this.receive(MessageType.VoteResp, B, { term: 2 });
    this.durable();
    this.receive(MessageType.AppResp, B, { term: 2, index: 2 });
    this.engine.onApplied(this.applies.at(-1)?.id ?? 0, { index: 2, term: 2 });
    this.engine.work();
    expect(this.engine.leading).toBe(true);
  }

  /** Entry 3 is committed by b and handed to the store; c has answered nothing yet. */
  replicate(): void {
    this.engine.propose([new Uint8Array(8)]);
    this.engine.work();
    this.durable();
    this.receive(MessageType.AppResp, B, { term: 2, index: 3 });
    expect(this.applies.at(-1)?.entries.map(({ index }) => index)).toEqual([3]);
  }
}

function entries(from: number, to: number, term: number): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    index: from + i,
    term,
    type: EntryType.Normal,
    data: new Uint8Array(8),
  }));
}

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

  test("sends what only the log has as soon as the log room has read it, without waiting for a heartbeat", () => {
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
    bench.nowMs += 100;
    bench.engine.tick();
    const beat = bench.sent.find(({ message }) => message.type === MessageType.Heartbeat && message.to === B);
    bench.engine.receive({
      message: { ...newMessage(MessageType.HeartbeatResp, A), from: B, term: 2 },
      leaseRound: beat?.leaseRound ?? 0,
      applied: 0,
    });
    bench.engine.work();
    expect(bench.published.leaseUntilUs).toBeGreaterThan(bench.nowMs * 1000);
    bench.receive(MessageType.App, C, { term: 3, index: 2, logTerm: 2, entries: entries(3, 3, 3) });
    expect(bench.published.leaseUntilUs).toBe(0);
    expect(bench.engine.leading).toBe(false);
  });
});
