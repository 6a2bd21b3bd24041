import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Entry, EntryType } from "../../src/raft/core/types.ts";
import { SESSION_LEAP_MS, SESSION_SILENCE_MS } from "../../src/state/sessions.ts";
import { CONDITION_AGE_MAX_MS, Fsm, FsmError } from "../../src/state/state-machine.ts";
import { prefixEnd } from "../../src/store/key-encoding.ts";
import type { MvccStore } from "../../src/store/types.ts";
import { encodeCeiling, stampCommitTs } from "../../src/txn/command.ts";
import { timestampFromMs } from "../../src/txn/hlc.ts";
import { GARBAGE_PREFIX } from "../../src/txn/keys.ts";
import type { Txn, TxnMutation } from "../../src/txn/types.ts";
import { encodeTxn } from "../support/encode-txn.ts";
import { MemoryStore } from "../support/memory-store/memory-store.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined): string | undefined =>
  data === undefined ? undefined : new TextDecoder().decode(data);
const ORIGIN = Uint8Array.from([9, 9, 9, 9, 9, 9, 9, 9]);

const put = (key: string, value: string, more: Partial<TxnMutation> = {}): TxnMutation =>
  ({ kind: "put", key: bytes(key), value: bytes(value), ...more }) as TxnMutation;
const del = (key: string, keepContent = false): TxnMutation => ({
  kind: "delete",
  key: bytes(key),
  keepContent,
});

/** Writes a log by hand. */
class Log {
  index = 0;
  sequence = 0;
  ts = timestampFromMs(1_700_000_000_000);

  entry(data: Uint8Array, term = 1): Entry {
    return { term, index: ++this.index, type: EntryType.Normal, data };
  }

  txn(
    txn: Partial<Txn>,
    identity: { origin?: Uint8Array; sequence?: number; acknowledgedBelow?: number } = {},
  ): Entry {
    const sequence = identity.sequence ?? ++this.sequence;
    const data = encodeTxn(
      { conditions: txn.conditions ?? [], mutations: txn.mutations ?? [] },
      {
        origin: identity.origin ?? ORIGIN,
        sequence,
        acknowledgedBelow: identity.acknowledgedBelow ?? 1,
      },
    );
    stampCommitTs(data, ++this.ts);
    return this.entry(data);
  }

  ceiling(ms: number): Entry {
    const data = encodeCeiling(ms);
    stampCommitTs(data, ++this.ts);
    return this.entry(data);
  }
}

let store: MvccStore;
let fsm: Fsm;
let log: Log;

beforeEach(() => {
  store = new MemoryStore();
  fsm = new Fsm(store);
  log = new Log();
});
afterEach(() => store.close());

const read = (key: string): string | undefined =>
  text(store.getAt(bytes(key), store.appliedState().commitTs)?.value);
const cleanupList = (): string[] =>
  store
    .scanAt(GARBAGE_PREFIX, prefixEnd(GARBAGE_PREFIX), { limit: 100, readTs: store.appliedState().commitTs })
    .map((row) => text(row.value) as string);

describe("conditions are decided at apply, in log order", () => {
  test("the second of two creations in one batch is refused", () => {
    const create = (value: string): Entry =>
      log.txn({ conditions: [{ kind: "must-not-exist", key: bytes("k") }], mutations: [put("k", value)] });
    const { answers } = fsm.apply([create("first"), create("second")]);
    expect(answers.map((answer) => answer.outcome.ok)).toEqual([true, false]);
    expect(read("k")).toBe("first");
  });

  test("each kind holds and fails, and the failed one is named", () => {
    const first = fsm.apply([log.txn({ mutations: [put("a/1", "x")] })]).answers[0]?.outcome;
    if (first?.ok !== true) throw new Error("the first put must succeed");
    const outcome = (conditions: Txn["conditions"]) =>
      fsm.apply([log.txn({ conditions, mutations: [] })]).answers[0]?.outcome;
    const a1 = bytes("a/1");
    expect(outcome([{ kind: "must-exist", key: a1 }])?.ok).toBe(true);
    expect(outcome([{ kind: "must-exist", key: bytes("none") }])).toEqual({ ok: false, failed: 0 });
    expect(outcome([{ kind: "must-not-exist", key: bytes("none") }])?.ok).toBe(true);
    expect(outcome([{ kind: "version-equals", key: a1, commitTs: first.commitTs }])?.ok).toBe(true);
    expect(
      outcome([
        { kind: "must-exist", key: a1 },
        { kind: "version-equals", key: a1, commitTs: first.commitTs + 1n },
      ]),
    ).toEqual({ ok: false, failed: 1 });
    expect(outcome([{ kind: "prefix-empty", prefix: bytes("b/") }])?.ok).toBe(true);
    expect(outcome([{ kind: "prefix-empty", prefix: bytes("a/") }])).toEqual({ ok: false, failed: 0 });
    expect(outcome([{ kind: "prefix-unchanged", prefix: bytes("a/"), ts: first.commitTs }])?.ok).toBe(true);
    expect(outcome([{ kind: "prefix-unchanged", prefix: bytes("a/"), ts: first.commitTs - 1n }])).toEqual({
      ok: false,
      failed: 0,
    });
    fsm.apply([log.txn({ mutations: [del("a/1")] })]);
    expect(outcome([{ kind: "must-exist", key: a1 }])).toEqual({ ok: false, failed: 0 });
    expect(outcome([{ kind: "prefix-empty", prefix: bytes("a/") }])?.ok).toBe(true);
    // A deletion is a change.
    expect(outcome([{ kind: "prefix-unchanged", prefix: bytes("a/"), ts: first.commitTs }])?.ok).toBe(false);
  });

  test("a prefix condition older than a minute of commit time does not hold, whatever was compacted", () => {
    const first = fsm.apply([log.txn({ mutations: [put("a/1", "x")] })]).answers[0]?.outcome;
    if (first?.ok !== true) throw new Error("the put must succeed");
    const unchanged: Txn["conditions"] = [
      { kind: "prefix-unchanged", prefix: bytes("a/"), ts: first.commitTs },
    ];
    log.ts += timestampFromMs(CONDITION_AGE_MAX_MS) - 1n;
    expect(fsm.apply([log.txn({ conditions: unchanged })]).answers[0]?.outcome.ok).toBe(true);
    expect(fsm.apply([log.txn({ conditions: unchanged })]).answers[0]?.outcome).toEqual({
      ok: false,
      failed: 0,
    });
  });

  test("a refused transaction writes nothing", () => {
    fsm.apply([
      log.txn({ conditions: [{ kind: "must-exist", key: bytes("no") }], mutations: [put("k", "v")] }),
    ]);
    expect(read("k")).toBeUndefined();
    expect(store.appliedState().index).toBe(1);
  });
});

describe("garbage queue", () => {
  const garbage = (name: string): Partial<TxnMutation> => ({ garbage: bytes(name) }) as Partial<TxnMutation>;

  test("superseding a row by put or delete hands over its garbage; keepContent does not", () => {
    fsm.apply([
      log.txn({
        mutations: [
          put("a", "1", garbage("old-a")),
          put("b", "1", garbage("old-b")),
          put("c", "1", garbage("old-c")),
        ],
      }),
      log.txn({ mutations: [put("a", "2", garbage("new-a"))] }),
      log.txn({ mutations: [del("b")] }),
      log.txn({ mutations: [del("c", true)] }),
    ]);
    expect(cleanupList()).toEqual(["old-a", "old-b"]);
  });

  test("deleting what is not there, twice, leaves no trace", () => {
    fsm.apply([log.txn({ mutations: [put("a", "1", garbage("old-a"))] })]);
    fsm.apply([
      log.txn({ mutations: [del("a")] }),
      log.txn({ mutations: [del("a")] }),
      log.txn({ mutations: [del("z")] }),
    ]);
    expect(cleanupList()).toEqual(["old-a"]);
    expect(store.latestCommitTs(bytes("z"))).toBeUndefined();
  });

  test("several garbage records of one transaction are all kept, in order", () => {
    fsm.apply([log.txn({ mutations: [put("a", "1", garbage("a")), put("b", "1", garbage("b"))] })]);
    fsm.apply([
      log.txn({ mutations: [del("a"), { kind: "add-garbage", garbage: bytes("explicit") }, del("b")] }),
    ]);
    expect(cleanupList()).toEqual(["a", "explicit", "b"]);
  });

  test("a prefix deletion leaves no garbage and takes rows of the same transaction in order", () => {
    fsm.apply([log.txn({ mutations: [put("p/1", "1", garbage("d")), put("p/2", "2"), put("q", "3")] })]);
    fsm.apply([log.txn({ mutations: [{ kind: "delete-prefix", prefix: bytes("p/") }] })]);
    expect([read("p/1"), read("p/2"), read("q")]).toEqual([undefined, undefined, "3"]);
    expect(cleanupList()).toEqual([]);
  });
});

describe("archive", () => {
  const archive = (from: string, to: string): TxnMutation => ({
    kind: "archive",
    from: bytes(from),
    to: bytes(to),
  });
  const row = (key: string) => store.getAt(bytes(key), store.appliedState().commitTs);
  const full = (value: string): TxnMutation =>
    put("now", value, {
      payload: bytes(`payload ${value}`),
      garbage: bytes(`garbage ${value}`),
    } as Partial<TxnMutation>);

  test("a blind overwrite keeps what it replaces: value, payload and garbage", () => {
    fsm.apply([log.txn({ mutations: [full("1")] })]);
    const keep = (value: string, to: string): Entry =>
      log.txn({ mutations: [archive("now", to), { ...full(value), keepContent: true } as TxnMutation] });
    const { changed } = fsm.apply([keep("2", "then/1"), keep("3", "then/2")]);
    expect(
      ["now", "then/1", "then/2"].map((key) => {
        const { value, payload, garbage } = row(key) ?? {};
        return [text(value), text(payload), text(garbage)];
      }),
    ).toEqual([
      ["3", "payload 3", "garbage 3"],
      ["1", "payload 1", "garbage 1"],
      ["2", "payload 2", "garbage 2"],
    ]);
    expect(cleanupList()).toEqual([]);
    expect(changed?.map(text).sort()).toEqual(["now", "now", "then/1", "then/2"]);
    // Each is garbage when it is deleted, and not before.
    fsm.apply([log.txn({ mutations: [del("then/1")] })]);
    expect(cleanupList()).toEqual(["garbage 1"]);
    expect(text(row("then/2")?.payload)).toBe("payload 2");
  });

  test("nothing there, or a deleted row: nothing is archived, and what is at the other key stays", () => {
    fsm.apply([
      log.txn({ mutations: [full("1"), put("then", "kept")] }),
      log.txn({ mutations: [del("now")] }),
    ]);
    fsm.apply([
      log.txn({ mutations: [archive("now", "then"), archive("none", "then"), archive("none", "new")] }),
    ]);
    expect([read("then"), read("new"), read("now")]).toEqual(["kept", undefined, undefined]);
  });

  test("a live row at the other key is superseded; a row archived onto itself is as it was", () => {
    fsm.apply([
      log.txn({
        mutations: [full("1"), put("then", "old", { garbage: bytes("old") } as Partial<TxnMutation>)],
      }),
    ]);
    const before = row("now");
    fsm.apply([log.txn({ mutations: [archive("now", "then"), archive("now", "now")] })]);
    expect([read("then"), cleanupList()]).toEqual(["1", ["old"]]);
    expect(row("now")).toEqual(before);
  });

  test("it sees what the transactions before it in its batch, and the mutations before it, have written", () => {
    fsm.apply([
      log.txn({ mutations: [full("1")] }),
      log.txn({ mutations: [archive("now", "a"), put("b", "in this one"), archive("b", "c")] }),
    ]);
    expect([read("a"), read("b"), read("c")]).toEqual(["1", "in this one", "in this one"]);
  });

  test("refused by a condition it archives nothing; repeated it archives once", () => {
    fsm.apply([log.txn({ mutations: [full("1")] })]);
    const refused: Txn = {
      conditions: [{ kind: "must-not-exist", key: bytes("now") }],
      mutations: [archive("now", "then")],
    };
    expect(fsm.apply([log.txn(refused)]).answers[0]?.outcome).toEqual({ ok: false, failed: 0 });
    expect(read("then")).toBeUndefined();
    const once: Partial<Txn> = {
      mutations: [archive("now", "then"), { ...full("2"), keepContent: true } as TxnMutation],
    };
    const sequence = ++log.sequence;
    fsm.apply([log.txn(once, { sequence })]);
    fsm = new Fsm(store);
    expect(fsm.apply([log.txn(once, { sequence })]).repeated).toBe(1);
    expect([read("now"), read("then")]).toEqual(["2", "1"]);
  });
});

describe("at most once", () => {
  test("a repeated proposal gets its first answer and changes nothing, also after a restart", () => {
    const create: Partial<Txn> = {
      conditions: [{ kind: "must-not-exist", key: bytes("k") }],
      mutations: [put("k", "v")],
    };
    const first = fsm.apply([log.txn(create, { sequence: 5 })]).answers[0]?.outcome;
    expect(first?.ok).toBe(true);
    const again = fsm.apply([log.txn(create, { sequence: 5 })]);
    expect(again.answers[0]?.outcome).toEqual(first as NonNullable<typeof first>);
    expect(again.repeated).toBe(1);
    const restarted = new Fsm(store).apply([log.txn(create, { sequence: 5 })]);
    expect(restarted.answers[0]?.outcome).toEqual(first as NonNullable<typeof first>);
    expect(store.latestCommitTs(bytes("k"))).toBe(first?.ok ? first.commitTs : 0n);
  });

  test("a refusal is remembered too: a retry is not decided anew", () => {
    const conditional: Partial<Txn> = {
      conditions: [{ kind: "must-exist", key: bytes("k") }],
      mutations: [put("r", "1")],
    };
    fsm.apply([
      log.txn(conditional, { sequence: 1 }),
      log.txn({ mutations: [put("k", "v")] }, { sequence: 2 }),
    ]);
    const retry = fsm.apply([log.txn(conditional, { sequence: 1 })]).answers[0]?.outcome;
    expect(retry).toEqual({ ok: false, failed: 0 });
    expect(read("r")).toBeUndefined();
  });

  test("what is acknowledged is forgotten; its late copy is not applied and gets no answer", () => {
    fsm.apply([log.txn({ mutations: [put("k", "1")] }, { sequence: 1 })]);
    fsm.apply([log.txn({ mutations: [put("k", "2")] }, { sequence: 2, acknowledgedBelow: 2 })]);
    const late = fsm.apply([log.txn({ mutations: [put("k", "1")] }, { sequence: 1 })]);
    expect(late.answers).toEqual([]);
    expect(read("k")).toBe("2");
  });

  test("origins do not see each other's numbers", () => {
    const other = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0]);
    fsm.apply([log.txn({ mutations: [put("k", "1")] }, { sequence: 1 })]);
    fsm.apply([log.txn({ mutations: [put("k", "2")] }, { sequence: 1, origin: other })]);
    expect(read("k")).toBe("2");
  });

  test("a session silent for a day is forgotten at a ceiling, from commit time alone", () => {
    fsm.apply([log.txn({ mutations: [put("k", "1")] }, { sequence: 1 })]);
    for (let ms = 0; ms <= SESSION_SILENCE_MS; ms += SESSION_LEAP_MS) {
      expect(store.getState("sessions")?.byteLength).toBeGreaterThan(0);
      log.ts += timestampFromMs(SESSION_LEAP_MS) - 1n;
      fsm.apply([log.ceiling(2_000_000_000_000)]);
    }
    fsm.apply([log.ceiling(2_000_000_000_000)]);
    expect(store.getState("sessions")?.byteLength).toBe(0);
    expect(store.getState("session/0909090909090909")).toBeUndefined();
    expect(Fsm.ceilingMs(store)).toBe(2_000_000_000_000);
  });
});

test("a leader whose clock is days ahead forgets no session: what is proposed again is not applied again", () => {
  fsm.apply([log.txn({ mutations: [put("k", "1")] }, { sequence: 1 })]);
  fsm.apply([log.txn({ mutations: [put("k", "2")] }, { sequence: 2 })]);
  log.ts += timestampFromMs(3 * SESSION_SILENCE_MS);
  fsm.apply([log.ceiling(2_000_000_000_000)]);
  fsm.apply([log.ceiling(2_000_000_000_000)]);
  const again = fsm.apply([log.txn({ mutations: [put("k", "1")] }, { sequence: 1 })]);
  expect(again.repeated).toBe(1);
  expect(again.answers).toMatchObject([{ sequence: 1, outcome: { ok: true } }]);
  expect(read("k")).toBe("2");
});

describe("what cannot be applied stops the replica and changes nothing", () => {
  test("a gap, a term going back, a timestamp going back, bytes that are no command", () => {
    fsm.apply([log.txn({ mutations: [put("k", "1")] })]);
    const before = store.appliedState();
    const good = log.txn({ mutations: [put("k", "2")] });
    expect(() => fsm.apply([{ ...good, index: 7 }])).toThrow(FsmError);
    expect(() => fsm.apply([{ ...good, term: 0 }])).toThrow(/does not follow applied 1\/1/);
    const old = Uint8Array.from(good.data);
    stampCommitTs(old, 1n);
    expect(() => fsm.apply([{ ...good, data: old }])).toThrow(/commit timestamp 1, not above/);
    expect(() => fsm.apply([good, log.entry(bytes("no command at all"))])).toThrow(
      /entry 1\/3 cannot be read/,
    );
    expect(() => fsm.apply([])).toThrow(FsmError);
    expect(store.appliedState()).toEqual(before);
    expect(read("k")).toBe("1");
    // And it can go on with the right one.
    fsm.apply([good]);
    expect(read("k")).toBe("2");
  });

  test("a kind of mutation that a later release may have: the replica stops before it, and loses nothing", () => {
    fsm.apply([log.txn({ mutations: [put("k", "1")] })]);
    const before = store.appliedState();
    const later = log.txn({ mutations: [{ kind: "archive", from: bytes("k"), to: bytes("l") }] });
    // Field 1 of the mutation, whose kind is 5.
    const at = Buffer.from(later.data).lastIndexOf(Buffer.from([0x08, 0x05]));
    const unknown = Uint8Array.from(later.data);
    unknown[at + 1] = 0x3f;
    expect(() => fsm.apply([{ ...later, data: unknown }])).toThrow(/mutation of unknown kind 63/);
    expect(store.appliedState()).toEqual(before);
    fsm.apply([later]);
    expect(read("l")).toBe("1");
  });

  test("empty entries and membership changes only move the position", () => {
    fsm.apply([
      log.entry(new Uint8Array(0)),
      { term: 2, index: ++log.index, type: EntryType.ConfChangeV2, data: bytes("opaque") },
    ]);
    expect(store.appliedState()).toEqual({ index: 2, term: 2, commitTs: 0n });
  });
});
