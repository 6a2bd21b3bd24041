/**
 * One log, several replicas: whatever the store is made of and however the log was cut into apply batches, every row,
 * version, session and position is the same.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyMembershipEntry, bootstrapMembership } from "../../src/cluster/registry/membership.ts";
import {
  encodeMembership,
  encodeMembershipChange,
  MEMBERSHIP_STATE,
  readMembership,
} from "../../src/cluster/registry/membership-codec.ts";
import { ConfChangeType, type Entry, EntryType, encodeConfChange } from "../../src/raft/core/index.ts";
import { raftIdOf } from "../../src/raft/engine/raft-id.ts";
import { type Answer, FSM_STATE_NAMES, Fsm } from "../../src/state/state-machine.ts";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import type { MvccStore } from "../../src/store/types.ts";
import { encodeCeiling, stampCommitTs } from "../../src/txn/command.ts";
import { timestampFromMs } from "../../src/txn/hlc.ts";
import type { Condition, TxnMutation } from "../../src/txn/types.ts";
import { encodeTxn } from "../support/encode-txn.ts";
import { MemoryStore } from "../support/memory-store/memory-store.ts";

const directory = mkdtempSync(join(tmpdir(), "elastickv-determinism-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ORIGINS = [1, 2, 3].map((n) => Uint8Array.from([n, 0, 0, 0, 0, 0, 0, n]));

/** mulberry32: small, seeded, good enough to choose operations. */
function seeded(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

const NAMES = ["n1", "n2", "n3", "n4", "n5"];
const FIRST = bootstrapMembership(NAMES.slice(0, 3).map((name) => ({ name, address: `${name}:1` })));

/** Sensible or not, guarded by the right configuration or another one. */
function membershipEntry(next: (bound: number) => number, guardIndex: number): Pick<Entry, "type" | "data"> {
  const name = NAMES[next(NAMES.length)] as string;
  const nodeId = raftIdOf(name);
  const types = [
    ConfChangeType.AddLearnerNode,
    ConfChangeType.AddNode,
    ConfChangeType.UpdateNode,
    ConfChangeType.RemoveNode,
  ];
  const type = next(12) === 0 ? ConfChangeType.RemoveNode : (types[next(3)] as ConfChangeType);
  const upserts =
    type === ConfChangeType.RemoveNode
      ? []
      : [{ id: nodeId, name, address: `${name}:${next(3)}`, instance: "" }];
  const context = encodeMembershipChange({ guardIndex, upserts });
  return encodeConfChange({ version: 2, transition: 0, changes: [{ type, nodeId }], context });
}

function randomLog(seed: number, length: number): Entry[] {
  const next = seeded(seed);
  const key = (): Uint8Array => bytes(`${"abc"[next(3)]}/${next(12)}`);
  const sequences = ORIGINS.map(() => 0);
  const entries: Entry[] = [];
  let ts = timestampFromMs(1_700_000_000_000);
  let term = 1;
  const condition = (): Condition => {
    switch (next(5)) {
      case 0:
        return { kind: "must-exist", key: key() };
      case 1:
        return { kind: "must-not-exist", key: key() };
      case 2:
        return { kind: "version-equals", key: key(), commitTs: ts - BigInt(next(20)) };
      case 3:
        return { kind: "prefix-empty", prefix: bytes(`${"abc"[next(3)]}/1`) };
      default:
        return { kind: "prefix-unchanged", prefix: bytes(`${"abc"[next(3)]}/`), ts: ts - BigInt(next(20)) };
    }
  };
  const mutation = (): TxnMutation => {
    switch (next(7)) {
      case 0:
        return { kind: "delete", key: key(), keepContent: next(2) === 0 };
      case 1:
        return { kind: "add-garbage", garbage: bytes(`d${next(100)}`) };
      case 2:
        return { kind: "delete-prefix", prefix: bytes(`${"abc"[next(3)]}/1`) };
      case 3:
        return { kind: "archive", from: key(), to: key() };
      default:
        return {
          kind: "put",
          key: key(),
          value: bytes(`v${next(1000)}`),
          ...(next(2) === 0 ? { payload: bytes("p".repeat(next(50))) } : {}),
          ...(next(2) === 0 ? { garbage: bytes(`old${next(100)}`) } : {}),
        };
    }
  };
  let membership = FIRST;
  for (let index = 2; index <= length; index++) {
    if (next(40) === 0) term++;
    ts += BigInt(1 + next(5));
    const kind = next(20);
    if (kind === 2) {
      const guard = next(4) === 0 ? next(index) : membership.index;
      const entry = { term, index, ...membershipEntry(next, guard) };
      membership = applyMembershipEntry(membership, entry).membership;
      entries.push(entry);
      continue;
    }
    let data: Uint8Array = new Uint8Array(0);
    if (kind === 0) {
      data = encodeCeiling(1_700_000_000_000 + index);
      stampCommitTs(data, ts);
    } else if (kind > 1) {
      const who = next(ORIGINS.length);
      // One in six is a repetition of something proposed before.
      const repeat = next(6) === 0 && (sequences[who] as number) > 0;
      const sequence = repeat ? 1 + next(sequences[who] as number) : (sequences[who] as number) + 1;
      if (!repeat) sequences[who] = sequence;
      data = encodeTxn(
        {
          conditions: Array.from({ length: next(3) }, condition),
          mutations: Array.from({ length: 1 + next(4) }, mutation),
        },
        { origin: ORIGINS[who] as Uint8Array, sequence, acknowledgedBelow: Math.max(1, sequence - next(10)) },
      );
      stampCommitTs(data, ts);
    }
    entries.push({ term, index, type: EntryType.Normal, data });
  }
  return entries;
}

function replay(store: MvccStore, log: readonly Entry[], cut: (left: number) => number): Answer[] {
  const answers: Answer[] = [];
  store.raftBatch({ index: 1, term: 1, commitTs: 0n }, (batch) => {
    batch.putState(MEMBERSHIP_STATE, encodeMembership(FIRST));
  });
  let fsm = new Fsm(store);
  for (let at = 0; at < log.length; ) {
    const batch = log.slice(at, at + cut(log.length - at));
    answers.push(...fsm.apply(batch).answers);
    at += batch.length;
    // A restart in between must not matter.
    if (at % 7 === 0) fsm = new Fsm(store);
  }
  return answers;
}

/** Everything a reader could ever see: each key at each timestamp at which anything changed. */
function dump(store: MvccStore, log: readonly Entry[], answers: readonly Answer[]): unknown {
  const rows: unknown[] = [];
  const newest = store.appliedState().commitTs;
  const changes = answers.flatMap(({ outcome }) => (outcome.ok ? [outcome.commitTs] : []));
  for (const at of new Set([...changes, newest])) {
    for (const row of store.scanAt(new Uint8Array(0), undefined, { limit: 100_000, readTs: at })) {
      // What a row carries does not change until its next version: its payload is read where it was written.
      const whole = row.commitTs === at || at === newest ? store.getAt(row.key, at) : undefined;
      rows.push([at, Buffer.from(row.key).toString("hex"), row.commitTs, row.value, whole]);
    }
  }
  const states = [
    ...FSM_STATE_NAMES,
    ...ORIGINS.map((origin) => `session/${Buffer.from(origin).toString("hex")}`),
  ];
  return {
    rows,
    applied: store.appliedState(),
    states: states.map((name) => [name, store.getState(name)]),
    length: log.length,
  };
}

describe("replicas that apply the same log hold the same rows", () => {
  for (const seed of [1, 2, 3, 20_261_121]) {
    test(`seed ${seed}: memory and SQLite, whole, single and random batches`, () => {
      const log = randomLog(seed, 400);
      const next = seeded(seed + 1);
      const replicas: { name: string; store: MvccStore; cut: (left: number) => number }[] = [
        { name: "memory, one by one", store: new MemoryStore(), cut: () => 1 },
        { name: "memory, whole", store: new MemoryStore(), cut: (left) => left },
        {
          name: "sqlite sync, random",
          store: new SqliteStore({ file: join(directory, `a-${seed}.db`), fsmSyncMode: "sync" }),
          cut: () => 1 + next(60),
        },
        {
          name: "sqlite nosync, random",
          store: new SqliteStore({ file: join(directory, `b-${seed}.db`), fsmSyncMode: "nosync" }),
          cut: () => 1 + next(15),
        },
      ];
      const [first, ...others] = replicas.map(({ name, store, cut }) => {
        const answers = replay(store, log, cut);
        return { name, answers, content: dump(store, log, answers) };
      });
      if (first === undefined) throw new Error("no replica");
      expect((first.content as { rows: unknown[] }).rows.length).toBeGreaterThan(20);
      expect(first.answers.some((answer) => answer.outcome.ok)).toBe(true);
      expect(first.answers.some((answer) => !answer.outcome.ok)).toBe(true);
      // The membership that everybody arrives at is the one the log says, and it did change.
      const expected = log.reduce(
        (membership, entry) =>
          entry.type === EntryType.Normal ? membership : applyMembershipEntry(membership, entry).membership,
        FIRST,
      );
      expect(expected.index).toBeGreaterThan(FIRST.index);
      expect(readMembership(replicas[0]?.store as MvccStore)).toEqual(expected);
      for (const other of others) {
        expect(other.answers).toEqual(first.answers);
        expect(other.content).toEqual(first.content);
      }
      for (const { store } of replicas) store.close();
    });
  }
});
