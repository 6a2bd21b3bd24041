import { beforeEach, describe, expect, test } from "bun:test";
import { IN_PLACE_PAYLOAD_BYTES } from "../../src/kv/proposal-buffers.ts";
import { PROPOSAL_WINDOW, Proposer, RETRY_ATTEMPTS_MAX, SILENCE_MS } from "../../src/kv/proposer.ts";
import type { ConsensusToGateway, GatewayToConsensus, ProposeMessage } from "../../src/messages/messages.ts";
import { systemTimers } from "../../src/platform/timers.ts";
import type { Channel } from "../../src/threads/channel.ts";
import { PublishedState } from "../../src/threads/shared-state.ts";
import { decodeCommand, type TxnCommand } from "../../src/txn/command.ts";
import type { Txn } from "../../src/txn/types.ts";
import { localChannel } from "../support/local-channel.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ORIGIN = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
const MAX = 4 << 20;

let nowMs = 0;
const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };

interface Proposed {
  readonly message: ProposeMessage;
  readonly data: Uint8Array;
  readonly sequence: number;
  readonly command: TxnCommand;
}

let proposer: Proposer;
let published: PublishedState;
let consensus: Channel<GatewayToConsensus, ConsensusToGateway>;
let proposed: Proposed[];
let settled: string[];

beforeEach(() => {
  nowMs = 1_000;
  proposed = [];
  settled = [];
  published = new PublishedState();
  const [front, back] = localChannel<ConsensusToGateway, GatewayToConsensus>();
  consensus = back;
  proposer = new Proposer({
    group: 0,
    consensus: front,
    clock,
    timers: systemTimers,
    published,
    clientId: ORIGIN,
    maxTxnBytes: MAX,
    deadlineMs: 30_000,
    exactDeadlineMs: 90_000,
    onSettled: (outcome) => settled.push(outcome),
  });
  consensus.onBatch((messages) => {
    for (const message of messages) {
      if (message.kind !== "propose") continue;
      message.sequences.forEach((sequence, i) => {
        const offset = message.offsets[i] as number;
        const data = message.slab.subarray(offset, offset + (message.lengths[i] as number));
        const command = decodeCommand(data);
        if (command.kind !== "txn") throw new Error(command.kind);
        proposed.push({ message, data, sequence, command });
      });
    }
  });
});

const put = (key: string, payload?: Uint8Array): Txn => ({
  conditions: [],
  mutations: [
    { kind: "put", key: bytes(key), value: bytes("v"), ...(payload === undefined ? {} : { payload }) },
  ],
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const answer = (sequence: number): void =>
  proposer.onAnswers([{ sequence, outcome: { ok: true, commitTs: 7n } }]);

describe("proposer", () => {
  test("small proposals of one turn share a slab and a message, and each gets its own answer", async () => {
    const outcomes = [proposer.transact(put("a", bytes("x"))), proposer.transact(put("b"))];
    await turn();
    expect(proposed.length).toBe(2);
    expect(proposed[0]?.message).toBe(proposed[1]?.message as ProposeMessage);
    expect(proposed.map((one) => one.command.sequence)).toEqual([1, 2]);
    answer(2);
    answer(1);
    expect(await Promise.all(outcomes)).toEqual([
      { ok: true, commitTs: 7n },
      { ok: true, commitTs: 7n },
    ]);
    expect(settled).toEqual(["applied", "applied"]);
    expect(proposer.pending).toBe(0);
  });

  test("acknowledges exactly what has had its answer", async () => {
    const first = proposer.transact(put("a"));
    const second = proposer.transact(put("b"));
    await turn();
    answer(2);
    await second;
    const third = proposer.transact(put("c"));
    await turn();
    expect(proposed[2]?.command.acknowledgedBelow).toBe(1);
    answer(1);
    answer(3);
    await Promise.all([first, third]);
    void proposer.transact(put("d"));
    await turn();
    expect(proposed[3]?.command.acknowledgedBelow).toBe(4);
  });

  test("a large payload is proposed from where it lies; its slab comes back after front and log let go", async () => {
    const size = 3 << 20;
    const buffer = proposer.allocate(size);
    buffer.bytes.fill(7);
    const third = size / 3;
    const outcome = proposer.transact({
      conditions: [],
      mutations: [0, 1, 2].map((i) => ({
        kind: "put" as const,
        key: bytes(`c${i}`),
        value: bytes(""),
        payload: buffer.bytes.subarray(i * third, (i + 1) * third),
      })),
    });
    await turn();
    const [entry] = proposed;
    if (entry === undefined) throw new Error("nothing proposed");
    expect(entry.data.buffer).toBe(buffer.bytes.buffer);
    const payload = entry.command.mutations[1];
    expect(payload?.kind === "put" && payload.payload?.byteOffset).toBe(buffer.bytes.byteOffset + third);
    answer(1);
    await outcome;
    buffer.release();
    expect(proposer.slabsInUse).toBe(1);
    proposer.onReleased([entry.message.slabId]);
    expect(proposer.slabsInUse).toBe(0);
    expect(proposer.allocate(size).bytes.buffer).toBe(buffer.bytes.buffer);
    expect(() => buffer.release()).toThrow(/released twice/);
  });

  test("a buffer whose earlier entry is still in the log is copied: its header must not change there", async () => {
    const buffer = proposer.allocate(IN_PLACE_PAYLOAD_BYTES);
    const first = proposer.transact(put("k", buffer.bytes));
    await turn();
    const before = Uint8Array.from(proposed[0]?.data as Uint8Array);
    proposer.onAnswers([{ sequence: 1, outcome: { ok: false, failed: 0 } }]);
    expect(await first).toEqual({ ok: false, failed: 0 });
    void proposer.transact(put("other key", buffer.bytes));
    await turn();
    expect(proposed[1]?.data.buffer).not.toBe(buffer.bytes.buffer);
    expect(proposed[0]?.data).toEqual(before);
  });

  test("a busy leader is asked again with the same number, soon, then at leisure, until the deadline", async () => {
    const outcome = proposer.transact(put("a"));
    outcome.catch(() => {});
    // What two attempts more than the quick ones have in common: nothing is given up by counting.
    for (let attempt = 1; attempt <= RETRY_ATTEMPTS_MAX + 2; attempt++) {
      while (proposed.length < attempt) await Bun.sleep(1);
      const { slabId } = (proposed[attempt - 1] as Proposed).message;
      proposer.onReleased([slabId]);
      proposer.onDropped([1], "busy");
    }
    expect(new Set(proposed.map((one) => one.command.sequence))).toEqual(new Set([1]));
    nowMs += 29_999;
    proposer.expire();
    expect(settled).toEqual([]);
    nowMs += 1;
    proposer.expire();
    // It was dropped each time: it is in no log.
    await expect(outcome).rejects.toMatchObject({ name: "KvError", code: "UNAVAILABLE" });
    expect(settled).toEqual(["failed"]);
  });

  test("refused by a busy leader after another may have taken it: nobody knows whether it is carried out", async () => {
    proposer.onLeadership({ leading: false, leaderId: 2, term: 1 });
    const outcome = proposer.transact(put("a"));
    outcome.catch(() => {});
    await turn();
    proposer.onLeadership({ leading: true, leaderId: 1, term: 2 });
    while (proposed.length < 2) await Bun.sleep(1);
    proposer.onDropped([1], "busy");
    nowMs += 30_000;
    proposer.expire();
    await expect(outcome).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(settled).toEqual(["failed"]);
  });

  test("no leader within the deadline: nothing was written, and that is said", async () => {
    proposer.onLeadership({ leading: false, leaderId: 0, term: 1 });
    const outcome = proposer.transact(put("a"));
    outcome.catch(() => {});
    await turn();
    nowMs += 29_999;
    proposer.expire();
    expect(proposer.pending).toBe(1);
    nowMs += 1;
    proposer.expire();
    await expect(outcome).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(proposed.length).toBe(0);
  });

  test("a condition that the write itself changes: the outcome is waited for longer, but not where there is none", async () => {
    const exact = (key: string): Txn => ({
      conditions: [{ kind: "must-not-exist", key: bytes(key) }],
      mutations: [{ kind: "put", key: bytes(key), value: bytes("v") }],
    });
    proposer.onLeadership({ leading: false, leaderId: 2, term: 1 });
    const sent = proposer.transact(exact("a"));
    await turn();
    const plain = proposer.transact(put("b"));
    plain.catch(() => {});
    await turn();
    proposer.onLeadership({ leading: false, leaderId: 0, term: 2 });
    const parked = proposer.transact(exact("c"));
    parked.catch(() => {});
    await turn();
    nowMs += 30_000;
    proposer.expire();
    await expect(plain).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(parked).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(proposer.pending).toBe(1);
    // Back after 89 s: it is proposed again under its number, and its client learns what became of it.
    nowMs += 59_000;
    proposer.expire();
    proposer.onLeadership({ leading: false, leaderId: 3, term: 3 });
    await turn();
    expect(proposed.at(-1)?.sequence).toBe(1);
    answer(1);
    expect((await sent).ok).toBe(true);
  });

  test("an outcome that never comes is given up in the end", async () => {
    const outcome = proposer.transact({
      ...put("a"),
      conditions: [{ kind: "must-not-exist", key: bytes("a") }],
    });
    outcome.catch(() => {});
    await turn();
    nowMs += 90_000;
    proposer.expire();
    await expect(outcome).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  test("while nobody leads proposals wait, and go out when somebody does; that uses up no attempt", async () => {
    proposer.onLeadership({ leading: false, leaderId: 0, term: 1 });
    const outcome = proposer.transact(put("a"));
    await turn();
    expect(proposed.length).toBe(0);
    for (let term = 2; term < 3 * RETRY_ATTEMPTS_MAX; term++) {
      proposer.onLeadership({ leading: false, leaderId: 7, term });
      await turn();
      expect(proposed.length).toBe(term - 1);
      proposer.onLeadership({ leading: false, leaderId: 0, term });
      proposer.onDropped([1], "no-leader");
    }
    answer(1);
    expect((await outcome).ok).toBe(true);
  });

  test("under a new leader, or after silence, it is sent again from another place in memory", async () => {
    proposer.onLeadership({ leading: true, leaderId: 1, term: 1 });
    const outcome = proposer.transact(put("a", bytes("payload")));
    await turn();
    const first = Uint8Array.from(proposed[0]?.data as Uint8Array);
    // In the own log, under the own leadership: slow is not lost.
    nowMs += SILENCE_MS;
    proposer.expire();
    await turn();
    expect(proposed.length).toBe(1);
    proposer.onLeadership({ leading: false, leaderId: 2, term: 2 });
    await turn();
    expect(proposed.length).toBe(2);
    nowMs += SILENCE_MS;
    proposer.expire();
    await turn();
    expect(proposed.length).toBe(3);
    // Dropped there, but it may lie in a log from before: still not from the same place.
    proposer.onDropped([1], "busy");
    while (proposed.length < 4) await Bun.sleep(1);
    proposed.slice(1).forEach(({ data, sequence }, i) => {
      expect(sequence).toBe(1);
      expect(data).toEqual(first);
      const before = proposed[i]?.data as Uint8Array;
      expect(data.buffer !== before.buffer || data.byteOffset !== before.byteOffset).toBe(true);
    });
    answer(1);
    expect((await outcome).ok).toBe(true);
  });

  test("no answer within the deadline: outcome unknown, and a late answer is nobody's", async () => {
    const outcome = proposer.transact(put("a"));
    await turn();
    nowMs += 29_999;
    proposer.expire();
    expect(proposer.pending).toBe(1);
    nowMs += 1;
    proposer.expire();
    expect(outcome).rejects.toMatchObject({ code: "TIMEOUT" });
    answer(1);
    expect(proposer.pending).toBe(0);
  });

  test("too large, disk full, closed: typed, and nothing is proposed", async () => {
    const big = put("k", new Uint8Array(MAX));
    expect(proposer.encodedSize(big)).toBeGreaterThan(MAX);
    expect(proposer.transact(big)).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(() => proposer.allocate(MAX + 1)).toThrow(/passes/);
    published.publishDiskSpace("none");
    expect(proposer.transact(put("a"))).rejects.toMatchObject({ code: "DISK_FULL" });
    published.publishDiskSpace("enough");
    const waiting = proposer.transact(put("a"));
    proposer.close();
    expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
    expect(proposer.transact(put("a"))).rejects.toMatchObject({ code: "CLOSED" });
    await turn();
  });

  test("below the disk's reserve only what gives space back is proposed", async () => {
    published.publishDiskSpace("reserve");
    await expect(proposer.transact(put("a"))).rejects.toMatchObject({ code: "DISK_FULL" });
    const referring = { kind: "reference", prefix: bytes("r"), first: 0, source: 1, blobs: [] } as const;
    const refused = proposer.transact({ conditions: [], mutations: [referring] });
    await expect(refused).rejects.toMatchObject({ code: "DISK_FULL" });
    const deleting = proposer.transact({
      conditions: [],
      mutations: [
        { kind: "delete", key: bytes("a") },
        { kind: "unreference", key: bytes("r0") },
        { kind: "sweep", queuedTs: 1n, sha256: new Uint8Array(32) },
      ],
    });
    const archive = { kind: "archive", from: bytes("v1"), to: bytes("a") } as const;
    const copying = proposer.transact({ conditions: [], mutations: [archive] });
    await expect(copying).rejects.toMatchObject({ code: "DISK_FULL" });
    // A version that becomes current is moved, when the one before it was deleted.
    const moving = proposer.transact({
      conditions: [],
      mutations: [archive, { kind: "delete", key: bytes("v1"), keepContent: true }],
    });
    await turn();
    expect(proposed.length).toBe(2);
    proposer.close();
    await Promise.allSettled([deleting, moving]);
  });

  test("a transaction that could not be placed leaves no hole in the sequence: the window would never move again", async () => {
    const shared = globalThis.SharedArrayBuffer;
    globalThis.SharedArrayBuffer = class {
      constructor() {
        throw new RangeError("Out of memory");
      }
    } as unknown as SharedArrayBufferConstructor;
    try {
      await expect(proposer.transact(put("first"))).rejects.toThrow("Out of memory");
    } finally {
      globalThis.SharedArrayBuffer = shared;
    }
    for (let i = 0; i < 2; i++) {
      const done = proposer.transact(put("later"));
      await turn();
      expect(proposed.at(-1)?.command.acknowledgedBelow).toBe(proposed.at(-1)?.sequence);
      answer(proposed.at(-1)?.sequence ?? 0);
      await done;
    }
  });

  test("the window between oldest and newest proposal is bounded", async () => {
    for (let i = 0; i < PROPOSAL_WINDOW; i++) void proposer.transact(put("k")).catch(() => {});
    const beyond = proposer.transact(put("beyond"));
    await turn();
    expect(proposed.length).toBe(PROPOSAL_WINDOW);
    answer(1);
    await turn();
    expect(proposed.length).toBe(PROPOSAL_WINDOW + 1);
    answer(PROPOSAL_WINDOW + 1);
    expect((await beyond).ok).toBe(true);
    proposer.close();
  });

  test("encodedSize covers what is really encoded", async () => {
    const txn = put("k".repeat(1024), new Uint8Array(1000));
    void proposer.transact(txn).catch(() => {});
    await turn();
    const actual = proposed[0]?.data.byteLength as number;
    expect(proposer.encodedSize(txn)).toBeGreaterThanOrEqual(actual);
    expect(proposer.encodedSize(txn) - actual).toBeLessThan(64);
    proposer.close();
  });
});
