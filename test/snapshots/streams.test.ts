import { describe, expect, test } from "bun:test";
import { bootstrapMembership } from "../../src/cluster/registry/membership.ts";
import { CATCH_UP_MS, COMPACT_INTERVAL_MS, LogCompactor } from "../../src/consensus/log-compactor.ts";
import { SNAPSHOT_WINDOW_CHUNKS } from "../../src/messages/messages.ts";
import type { LogFields, Logger } from "../../src/monitoring/log.ts";
import type { PeerMessage } from "../../src/peer/types.ts";
import type { Timers } from "../../src/platform/timers.ts";
import { EMPTY_CONF_STATE, type Message, MessageType, newMessage } from "../../src/raft/core/index.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import { SnapshotReceiver } from "../../src/snapshots/receiver.ts";
import { SnapshotSender } from "../../src/snapshots/sender.ts";
import { SnapshotStreams } from "../../src/snapshots/streams.ts";
import { NO_CONSENSUS_METRICS } from "../support/local-cluster/no-metrics.ts";
import { noLog } from "../support/no-log.ts";

/** Timers that fire when the test says so. */
function manualTimers(): Timers & { fire(): void; readonly waiting: number } {
  const tasks = new Set<() => void>();
  return {
    later: (task) => {
      tasks.add(task);
      return () => void tasks.delete(task);
    },
    every: () => () => {},
    soon: (task) => task(),
    fire: () => {
      const due = [...tasks];
      tasks.clear();
      for (const task of due) task();
    },
    get waiting() {
      return tasks.size;
    },
  };
}

/** Whom it is sent to. */
const TO = raftIdOf("n7");
const membership = bootstrapMembership([{ name: "n7", address: "a:1" }]);
function snap(index: number): Message {
  const message = newMessage(MessageType.Snap, 2);
  const metadata = { index, term: 3, confState: EMPTY_CONF_STATE };
  return { ...message, snapshot: { metadata, data: new Uint8Array(0) } };
}

describe("sending", () => {
  function sender(takes = true) {
    const timers = manualTimers();
    const mail: string[] = [];
    const sent: PeerMessage[] = [];
    const ends: { to: number; index: number | undefined }[] = [];
    const outcomes: string[] = [];
    let next = 1;
    const it = new SnapshotSender({
      timers,
      store: (message) => mail.push(`store ${message.kind}`),
      snapshots: (message) => mail.push(`thread ${message.kind}`),
      send: (_, message) => {
        sent.push(message);
        return takes;
      },
      onEnd: (to, { position, outcome, reason, wanted }) => {
        ends.push({ to, index: position?.index });
        outcomes.push(`${outcome} ${wanted}: ${reason}`);
      },
      nextStreamId: () => next++,
    });
    return { it, timers, mail, sent, ends, outcomes };
  }

  test("held, opened, announced with the real position, streamed by credit, reported once, let go", () => {
    const { it, mail, sent, ends, timers } = sender();
    it.begin(TO, snap(10));
    it.onHeld(1);
    it.onOpened(1, { index: 15, term: 4, commitTs: 1n }, membership);
    expect(sent[0]).toMatchObject({
      kind: "snapshot-begin",
      message: { snapshot: { metadata: { index: 15, term: 4 } } },
    });
    it.onCredit(8, 1, 1);
    it.onCredit(TO, 1, 2);
    it.onChunk(1, new Uint8Array(3));
    it.onSent(1);
    expect(it.onResult(8, 1, true, "")).toBe(false);
    expect(it.onResult(TO, 1, true, "")).toBe(true);
    expect(it.onResult(TO, 1, true, "")).toBe(false);
    expect(ends).toEqual([{ to: TO, index: 15 }]);
    expect(mail).toEqual(["store pin", "thread send", "thread credit", "store unpin", "thread cancel"]);
    expect(timers.waiting).toBe(0);
  });

  test("one that is not needed over there: the thread is told, whose read would stay open otherwise", () => {
    const { it, mail, ends } = sender();
    it.begin(TO, snap(10));
    it.onHeld(1);
    it.onOpened(1, { index: 15, term: 4, commitTs: 1n }, membership);
    expect(it.onResult(TO, 1, true, "not needed")).toBe(true);
    expect(ends).toEqual([{ to: TO, index: 15 }]);
    expect(mail).toEqual(["store pin", "thread send", "store unpin", "thread cancel"]);
  });

  test("older than what was asked for, silence, a dropped chunk, another request: each ends it once, as failed", () => {
    const old = sender();
    old.it.begin(TO, snap(10));
    old.it.onOpened(1, { index: 9, term: 4, commitTs: 1n }, membership);
    const silent = sender();
    silent.it.begin(TO, snap(10));
    silent.timers.fire();
    silent.timers.fire();
    const dropped = sender(false);
    dropped.it.begin(TO, snap(10));
    dropped.it.onOpened(1, { index: 15, term: 4, commitTs: 1n }, membership);
    const cancelled = sender();
    cancelled.it.begin(TO, snap(10));
    cancelled.it.cancel(() => true, "no longer leads");
    for (const { ends, mail, it } of [old, silent, dropped, cancelled]) {
      expect(ends).toEqual([{ to: TO, index: undefined }]);
      expect(mail.filter((one) => one === "store unpin").length).toBe(1);
      expect(mail).toContain("thread cancel");
      expect(it.active).toBe(0);
    }
  });

  test("what is not wanted any more, or comes a moment too early, is no failure; the rest is, and says where", () => {
    const { it, outcomes, timers } = sender();
    const begun = (id: number): number => {
      it.begin(TO, snap(10));
      it.onHeld(id);
      return id;
    };
    it.onOpened(begun(1), { index: 9, term: 4, commitTs: 1n }, membership);
    begun(2);
    it.cancel(() => true, "this node no longer leads");
    it.onFailed(begun(3), "CORRUPT: payload file 3: missing");
    it.onResult(TO, begun(4), false, "DISK_FULL: no space left");
    begun(5);
    it.onLost(8);
    it.onLost(TO);
    begun(6);
    timers.fire();
    expect(outcomes).toEqual([
      "called-off 10: the keyspace was read at 9, the core asked for 10",
      "called-off 10: this node no longer leads",
      "failed 10: reading it here: CORRUPT: payload file 3: missing",
      "failed 10: its receiver says: DISK_FULL: no space left",
      "failed 10: the connection broke",
      "failed 10: nothing happened for 30000 ms",
    ]);
  });

  test("of a keyspace that does not know the follower yet: it could do nothing with it", () => {
    const { it, ends, sent } = sender();
    it.begin(8, snap(10));
    it.onHeld(1);
    it.onOpened(1, { index: 15, term: 4, commitTs: 1n }, membership);
    expect(ends).toEqual([{ to: 8, index: undefined }]);
    expect(sent.map(({ kind }) => kind)).toEqual(["snapshot-result"]);
  });

  test("one that another takes the place of is not reported: its failure would be taken for that of the other", () => {
    const { it, mail, ends } = sender();
    it.begin(TO, snap(10));
    it.begin(TO, snap(20));
    expect(ends).toEqual([]);
    expect(mail).toEqual(["store pin", "store unpin", "thread cancel", "store pin"]);
    expect(it.active).toBe(1);
    it.onHeld(2);
    it.onOpened(2, { index: 25, term: 4, commitTs: 1n }, membership);
    it.onResult(TO, 2, true, "");
    expect(ends).toEqual([{ to: TO, index: 25 }]);
  });
});

describe("receiving", () => {
  function receiver(commit = 5, takes = true) {
    const timers = manualTimers();
    const mail: string[] = [];
    const sent: PeerMessage[] = [];
    const stepped: number[] = [];
    let next = 100;
    const it: SnapshotReceiver = new SnapshotReceiver({
      timers,
      snapshots: (message) => mail.push(message.kind),
      send: (_, message) => sent.push(message),
      nextStreamId: () => next++,
      commitIndex: () => commit,
      onComplete: (message) => {
        const index = message.snapshot?.metadata.index ?? 0;
        stepped.push(index);
        if (takes) it.onTaken(index);
      },
      onEnd: () => {},
    });
    return { it, timers, mail, sent, stepped };
  }

  test("credit for a window, then for what is written; the core is shown it when all of it is durable", () => {
    const { it, mail, sent, stepped } = receiver();
    it.onBegin(7, 1, snap(10));
    expect(sent).toEqual([{ kind: "snapshot-credit", streamId: 1, chunks: SNAPSHOT_WINDOW_CHUNKS }]);
    it.onChunk(7, 1, new Uint8Array(3));
    it.onChunk(8, 1, new Uint8Array(3));
    it.onWritten(100, 1);
    it.onEndOfStream(7, 1);
    expect(stepped).toEqual([]);
    it.onComplete(100);
    expect(mail).toEqual(["receive", "received-chunk", "received-end"]);
    expect(sent.at(-1)).toMatchObject({ kind: "snapshot-result", ok: true });
    expect(stepped).toEqual([10]);
    // Until the store has put it in force another one would take its place on the disk.
    it.onBegin(7, 2, snap(20));
    expect(sent.at(-1)).toMatchObject({ kind: "snapshot-result", streamId: 2, ok: false });
    it.onInstalled();
    it.onBegin(7, 3, snap(20));
    expect(sent.at(-1)).toMatchObject({ kind: "snapshot-credit", streamId: 3 });
  });

  test("the disk may take longer than anybody's silence: nothing is given up, and the sender is told", () => {
    const { it, timers, mail, sent, stepped } = receiver();
    it.onBegin(7, 1, snap(10));
    it.onEndOfStream(7, 1);
    for (let i = 0; i < 5; i++) timers.fire();
    expect(mail).toEqual(["receive", "received-end"]);
    expect(sent.at(-1)).toEqual({ kind: "snapshot-credit", streamId: 1, chunks: 0 });
    // Late messages of chunks that were written before do not bring the patience of a stream back.
    it.onWritten(100, 1);
    for (let i = 0; i < 5; i++) timers.fire();
    it.onComplete(100);
    expect(stepped).toEqual([10]);
    expect(timers.waiting).toBe(0);
  });

  test("one that the core does not take keeps no place: the next may come at once", () => {
    const { it, sent } = receiver(5, false);
    it.onBegin(7, 1, snap(10));
    it.onEndOfStream(7, 1);
    it.onComplete(100);
    it.onBegin(7, 2, snap(20));
    expect(sent.at(-1)).toMatchObject({ kind: "snapshot-credit", streamId: 2 });
  });

  test("what is committed here already costs no bytes; silence and a lost sender leave nothing behind", () => {
    const ahead = receiver(10);
    ahead.it.onBegin(7, 1, snap(10));
    expect(ahead.mail).toEqual([]);
    expect(ahead.stepped).toEqual([10]);
    const silent = receiver();
    silent.it.onBegin(7, 1, snap(10));
    silent.timers.fire();
    expect(silent.mail).toEqual(["receive", "cancel"]);
    expect(silent.sent.at(-1)).toMatchObject({ kind: "snapshot-result", ok: false });
    const lost = receiver();
    lost.it.onBegin(7, 1, snap(10));
    lost.it.onLost(8);
    expect(lost.it.active).toBe(true);
    lost.it.onLost(7);
    expect(lost.mail).toEqual(["receive", "cancel"]);
    lost.it.onComplete(100);
    expect(lost.stepped).toEqual([]);
  });
});

describe("both ways", () => {
  function streams() {
    const lines: string[] = [];
    const line =
      (level: string) =>
      (message: string, { to, from, outcome, reason }: LogFields = {}): void => {
        lines.push(`${level} ${message} ${to ?? from} ${outcome} ${reason}`);
      };
    const logger: Logger = { ...noLog, info: line("info"), warn: line("warn") };
    const nothing = (): void => {};
    const channel = { send: nothing, onBatch: nothing, flush: nothing, drain: () => [], close: nothing };
    const it = new SnapshotStreams({
      timers: manualTimers(),
      store: channel,
      snapshots: channel,
      logger,
      metrics: NO_CONSENSUS_METRICS,
      send: () => true,
      compactor: new LogCompactor({
        clock: { nowMs: () => 0, monotonicMs: () => 0 },
        keepEntries: () => 10,
        confState: () => EMPTY_CONF_STATE,
        compact: () => {},
      }),
      commitIndex: () => 5,
      nameOf: () => "n7",
      report: () => {},
      step: () => {},
    });
    let id = 0;
    const result = (ok: boolean, reason: string): void => {
      it.begin(TO, snap(10));
      it.onPeer(TO, { kind: "snapshot-result", streamId: ++id, ok, reason });
    };
    return { it, lines, result, next: () => ++id };
  }
  const FULL = "DISK_FULL: no space left";

  test("one that is not taken is a warning, once for each reason until one arrives, and the member's problem", () => {
    const { it, lines, result } = streams();
    for (let i = 0; i < 3; i++) result(false, FULL);
    result(false, "CORRUPT: announced 3/10");
    expect(it.failureOf(TO)).toBe("its receiver says: CORRUPT: announced 3/10");
    result(true, "");
    expect(it.failureOf(TO)).toBeUndefined();
    result(false, FULL);
    expect(lines).toEqual([
      `warn snapshot sent n7 failed its receiver says: ${FULL}`,
      `info snapshot sent n7 failed its receiver says: ${FULL}`,
      `info snapshot sent n7 failed its receiver says: ${FULL}`,
      "warn snapshot sent n7 failed its receiver says: CORRUPT: announced 3/10",
      "info snapshot sent n7 arrived ",
      `warn snapshot sent n7 failed its receiver says: ${FULL}`,
    ]);
    it.matched(TO, 10);
    expect(it.failureOf(TO)).toBeUndefined();
  });

  test("one that is called off is no warning, and whoever no longer leads has no members with problems", () => {
    const { it, lines, result, next } = streams();
    result(false, FULL);
    it.begin(TO, snap(10));
    next();
    it.cancel(() => true, "this node no longer leads");
    expect(lines.at(-1)).toBe("info snapshot sent n7 called-off this node no longer leads");
    expect(it.failureOf(TO)).toBeUndefined();
  });

  test("one that cannot be received is a warning here, unless it is the sender that gives up", () => {
    const { it, lines, next } = streams();
    const begin = (): number => {
      it.onPeer(TO, { kind: "snapshot-begin", streamId: 70, message: snap(10) });
      return next();
    };
    for (let i = 0; i < 2; i++) it.onMessages({ kind: "failed", streamId: begin(), message: FULL });
    begin();
    it.onPeer(TO, { kind: "snapshot-result", streamId: 70, ok: false, reason: "this node no longer leads" });
    it.onMessages({ kind: "complete", streamId: begin() });
    it.onMessages({ kind: "failed", streamId: begin(), message: FULL });
    expect(lines).toEqual([
      `warn snapshot received n7 failed ${FULL}`,
      `info snapshot received n7 failed ${FULL}`,
      "info snapshot received n7 called-off its sender gave up: this node no longer leads",
      "info snapshot received n7 arrived ",
      `warn snapshot received n7 failed ${FULL}`,
    ]);
  });
});

test("the log stays while a snapshot is on its way, and until the follower has more than it, or for ten minutes", () => {
  let nowMs = 0;
  const through: number[] = [];
  const compactor = new LogCompactor({
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    keepEntries: () => 10,
    confState: () => EMPTY_CONF_STATE,
    compact: (_, index) => through.push(index),
  });
  const applied = (index: number): void => {
    nowMs += COMPACT_INTERVAL_MS;
    compactor.durable(index, 1);
  };
  applied(100);
  compactor.hold(7);
  applied(200);
  compactor.arrived(7, 190);
  compactor.matched(7, 190);
  applied(300);
  expect(through).toEqual([90]);
  compactor.matched(7, 191);
  applied(400);
  expect(through).toEqual([90, 390]);
  compactor.hold(7);
  compactor.arrived(7, 390);
  applied(500);
  nowMs += CATCH_UP_MS;
  applied(600);
  expect(through).toEqual([90, 390, 590]);
});

test("the log thread hears what is durable from the first entry on: it may have too many segments long before the count", () => {
  let nowMs = 0;
  const compacted: (readonly [number, number])[] = [];
  const compactor = new LogCompactor({
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    keepEntries: () => 10_000,
    confState: () => EMPTY_CONF_STATE,
    compact: ({ index }, through) => compacted.push([index, through]),
  });
  for (const index of [300, 300, 10_001]) {
    nowMs += COMPACT_INTERVAL_MS;
    compactor.durable(index, 1);
  }
  expect(compacted).toEqual([
    [300, 0],
    [10_001, 1],
  ]);
});
