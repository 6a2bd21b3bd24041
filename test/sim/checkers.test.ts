/** The checks of the checkers: what is right passes, what is wrong is found, by name. */
import { describe, expect, test } from "bun:test";
import { type Entry, EntryType, type Message, MessageType } from "../../src/raft/core/index.ts";
import type { RecoveredLog } from "../../src/raft/log/types.ts";
import { type Call, HistoryRecorder, NotLinearizableError } from "../linearizability/index.ts";
import { checkHistory } from "./lib/history-check.ts";
import { checkLedger, type Fate, type LedgerRow } from "./lib/ledger.ts";
import { type ReadLog, shadowOf } from "./lib/log-image.ts";
import { RealTimeError, withoutRealTime } from "./lib/real-time.ts";
import { type Life, SafetyMonitor } from "./lib/safety.ts";
import { ShadowLog } from "./lib/shadow-log.ts";

function command(ts: bigint, body = 0): Uint8Array {
  const data = new Uint8Array(17);
  new DataView(data.buffer).setBigUint64(4, ts);
  data[16] = body;
  return data;
}

function entry(index: number, term: number, data = command(BigInt(index))): Entry {
  return { index, term, type: EntryType.Normal, data };
}

function message(type: MessageType, fields: Partial<Message>): Message {
  return {
    type,
    to: 0,
    from: 0,
    term: 0,
    logTerm: 0,
    index: 0,
    entries: [],
    commit: 0,
    vote: 0,
    snapshot: null,
    reject: false,
    rejectHint: 0,
    context: null,
    responses: [],
    ...fields,
  } as Message;
}

const life = (name: string, term = 1): Life => ({ name, applied: 0, commit: 0, term });

function logOf(...entries: Entry[]): ShadowLog {
  const log = new ShadowLog("b");
  log.asked(1, { entries });
  return log;
}

describe("safety", () => {
  test("an honest history passes", () => {
    const monitor = new SafetyMonitor();
    const [a, b] = [life("a"), life("b")];
    monitor.sent("a", message(MessageType.VoteResp, { term: 1, to: 2 }));
    monitor.sent("b", message(MessageType.App, { term: 1 }));
    monitor.sent("a", message(MessageType.App, { term: 2 }));
    monitor.applied(a, [entry(1, 1), entry(2, 1)]);
    monitor.applied(b, [entry(1, 1)]);
    monitor.applied(b, [entry(2, 1), entry(3, 2)]);
    monitor.knowsCommitted(a, 2);
    monitor.knowsCommitted(a, 3);
    monitor.reached("a", { index: 3 }, 7);
    monitor.reached("b", { index: 3 }, 7);
    monitor.restored(life("c"), { index: 3, term: 2 });
    expect(monitor.highestApplied).toBe(3);
    expect(monitor.leaderTerms).toBe(2);
  });

  const broken: Record<string, (monitor: SafetyMonitor) => void> = {
    "one leader per term": (monitor) => {
      monitor.sent("a", message(MessageType.Heartbeat, { term: 3 }));
      monitor.sent("b", message(MessageType.App, { term: 3 }));
    },
    "a vote is never forgotten": (monitor) => {
      monitor.sent("a", message(MessageType.VoteResp, { term: 3, to: 1 }));
      monitor.sent("a", message(MessageType.VoteResp, { term: 3, to: 2 }));
    },
    "committed entries never change": (monitor) => {
      monitor.applied(life("a"), [entry(1, 1, command(1n, 1))]);
      monitor.applied(life("b"), [entry(1, 1, command(1n, 2))]);
    },
    "entries are applied in order": (monitor) => {
      const a = life("a");
      monitor.applied(a, [entry(1, 1)]);
      monitor.applied(a, [entry(3, 1)]);
    },
    "commit never goes back": (monitor) => {
      const a = life("a");
      monitor.knowsCommitted(a, 5);
      monitor.knowsCommitted(a, 4);
    },
    "the same index gives the same state": (monitor) => {
      monitor.reached("a", { index: 8 }, 1);
      monitor.reached("b", { index: 8 }, 2);
    },
    "the same entry gives the same rows": (monitor) => {
      monitor.wrote("a", 8n, 1);
      monitor.wrote("b", 8n, 2);
    },
    "a snapshot stands behind a committed entry": (monitor) => {
      monitor.applied(life("a"), [entry(1, 1), entry(2, 1)]);
      monitor.restored(life("b"), { index: 2, term: 2 });
    },
    "logs with the same entry are the same up to it": (monitor) => {
      monitor.logged("a", 3, shadowOf(entry(3, 2)), 1);
      monitor.logged("b", 3, shadowOf(entry(3, 2)), 2);
    },
    "a new leader holds everything committed": (monitor) => {
      monitor.applied(life("a"), [entry(1, 1), entry(2, 1)]);
      monitor.leads("b", 2);
      monitor.checkElection("b", logOf(entry(1, 1)).memory);
    },
    "commit timestamps grow with the log": (monitor) => {
      monitor.applied(life("a"), [entry(1, 1, command(7n)), entry(2, 2, command(7n))]);
    },
  };
  for (const [property, act] of Object.entries(broken)) {
    test(`finds: ${property}`, () => {
      expect(() => act(new SafetyMonitor())).toThrow(property);
    });
  }

  test("finds: nobody is elected while a lease holds", () => {
    let leftMs = -1;
    const monitor = new SafetyMonitor(() => (leftMs > 0 ? [{ name: "a", term: 1, leftMs }] : []));
    monitor.leads("a", 1);
    monitor.leads("b", 2);
    leftMs = 1;
    expect(() => monitor.leads("c", 3)).toThrow("nobody is elected while a lease holds");
  });

  test("finds an entry of one index and term with two contents", () => {
    const monitor = new SafetyMonitor();
    monitor.logged("a", 3, shadowOf(entry(3, 2)), 1);
    expect(() => monitor.logged("b", 3, shadowOf(entry(3, 2, command(9n))), 1)).toThrow(
      "logs with the same entry are the same up to it",
    );
  });

  test("finds a snapshot of a position that nobody has committed", () => {
    const monitor = new SafetyMonitor();
    monitor.restored(life("c"), { index: 1, term: 1 });
    monitor.applied(life("a"), [entry(2, 1)]);
    monitor.restored(life("c"), { index: 1, term: 1 });
    expect(() => monitor.restored(life("b"), { index: 3, term: 1 })).toThrow(
      "a snapshot stands behind a committed entry",
    );
  });

  test("a leader needs not hold what was committed after its election", () => {
    const monitor = new SafetyMonitor();
    monitor.applied(life("a", 3), [entry(1, 1)]);
    monitor.leads("b", 2);
    monitor.checkElection("b", logOf().memory);
  });

  test("everything that is applied goes into the hash of a run", () => {
    const mixed: number[] = [];
    const monitor = new SafetyMonitor(
      () => [],
      (value) => mixed.push(value),
    );
    monitor.applied(life("a"), [entry(1, 1)]);
    monitor.applied(life("b"), [entry(1, 1)]);
    monitor.reached("a", { index: 1 }, 7);
    expect(mixed).toEqual([shadowOf(entry(1, 1)).hash, shadowOf(entry(1, 1)).hash, 7]);
  });

  test("a rejected vote is no vote", () => {
    const monitor = new SafetyMonitor();
    monitor.sent("a", message(MessageType.VoteResp, { term: 3, to: 1 }));
    monitor.sent("a", message(MessageType.VoteResp, { term: 3, to: 2, reject: true }));
  });
});

describe("the shadow of a log", () => {
  const hard = (term: number) => ({ term, vote: 0, commit: 0 });
  const recovered = (term: number, lastIndex: number, firstIndex = 1, marker = 0): RecoveredLog => {
    const confState = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
    return {
      hardState: hard(term),
      snapshot: marker === 0 ? undefined : { index: marker, term, confState },
      confState,
      firstIndex,
      lastIndex,
      segments: 1,
      tornTail: undefined,
      created: false,
    };
  };
  const read = (...entries: Entry[]): ReadLog => ({
    firstIndex: entries[0]?.index ?? 1,
    entries: entries.map(shadowOf),
  });
  function shadow(): ShadowLog {
    const log = new ShadowLog("a");
    log.asked(1, { hardState: hard(1), entries: [entry(1, 1), entry(2, 1)] });
    log.asked(2, { entries: [entry(3, 1)] });
    log.asked(3, { hardState: hard(2), entries: [entry(3, 2), entry(4, 2)] });
    return log;
  }
  const [one, two] = [entry(1, 1), entry(2, 1)];
  const STAGES = [
    [1, read(one, two)],
    [1, read(one, two, entry(3, 1))],
    [2, read(one, two, entry(3, 2), entry(4, 2))],
  ] as const;

  test("a crash keeps what was acknowledged, and any number of the batches behind it", () => {
    for (const [term, content] of STAGES) {
      const log = shadow();
      log.acknowledged(1);
      log.holds(content, 0);
      log.recovered(recovered(term, content.entries.length), content);
    }
  });

  test("tells of each entry on its way into the log, with the term before it", () => {
    const logged: number[][] = [];
    const log = new ShadowLog("a", (index, { term }, previousTerm) =>
      logged.push([index, term, previousTerm]),
    );
    log.asked(1, { entries: [entry(1, 1), entry(2, 2)] });
    log.asked(2, { entries: [entry(2, 3)] });
    const confState = recovered(1, 1).confState;
    log.asked(3, { entries: [entry(10, 5)], snapshot: { index: 9, term: 4, confState } });
    expect(logged).toEqual([
      [1, 1, 0],
      [2, 2, 1],
      [2, 3, 1],
      [10, 5, 4],
    ]);
  });

  test("finds an acknowledged batch that is missing", () => {
    const log = shadow();
    log.acknowledged(2);
    expect(() => log.holds(read(one, two), 0)).toThrow("the log holds what it was given");
    expect(() => log.recovered(recovered(1, 2), read(one, two))).toThrow(
      "the log gives back what it acknowledged",
    );
  });

  test("finds a term that is missing", () => {
    const log = shadow();
    log.acknowledged(3);
    expect(() => log.recovered(recovered(1, 4), undefined)).toThrow(
      "the log gives back what it acknowledged",
    );
  });

  test("of a log whose entries cannot be read the terms tell which batches are there", () => {
    const log = shadow();
    log.asked(4, { entries: [entry(4, 3), entry(5, 3)] });
    log.asked(5, { entries: [entry(5, 4)] });
    const terms = [
      { index: 0, term: 0 },
      { index: 1, term: 1 },
      { index: 3, term: 2 },
      { index: 4, term: 3 },
      { index: 5, term: 4 },
    ];
    log.recovered({ ...recovered(2, 5), terms }, undefined);
    log.read([entry(4, 3), entry(5, 4)]);
    expect(() => log.read([entry(5, 3)])).toThrow("the log reads back what was written");
    const other = shadow();
    other.acknowledged(3);
    const older = [terms[0], terms[1]].filter((run) => run !== undefined);
    expect(() => other.recovered({ ...recovered(2, 4), terms: older }, undefined)).toThrow(
      "the log gives back what it acknowledged",
    );
  });

  test("finds another entry than was written: its term, its type, its data", () => {
    for (const wrong of [
      entry(3, 1),
      { ...entry(3, 2), type: EntryType.ConfChange },
      entry(3, 2, command(3n, 1)),
    ]) {
      const log = shadow();
      log.acknowledged(3);
      log.read([entry(2, 1), entry(3, 2)]);
      expect(() => log.read([wrong])).toThrow("the log reads back what was written");
      const content = read(one, two, wrong, entry(4, 2));
      expect(() => log.holds(content, 0)).toThrow("the log holds what it was given");
      expect(() => log.recovered(recovered(2, 4), content)).toThrow(
        "the log gives back what it acknowledged",
      );
    }
  });

  test("a batch that replaces the end by as much may have been kept or lost, and nothing else", () => {
    for (const [kept, fits] of [
      [entry(2, 1), true],
      [entry(2, 2), true],
      [entry(2, 3), false],
    ] as const) {
      const log = new ShadowLog("a");
      log.asked(1, { hardState: hard(2), entries: [entry(1, 1), entry(2, 1)] });
      log.asked(2, { entries: [entry(2, 2)] });
      log.acknowledged(1);
      const restart = expect(() => log.recovered(recovered(2, 2), read(one, kept)));
      if (fits) restart.not.toThrow();
      else restart.toThrow("the log gives back what it acknowledged");
    }
  });

  test("a received snapshot restarts the log, and one that the log holds does not", () => {
    const metadata = (index: number, term: number) => ({ index, term, confState: recovered(1, 1).confState });
    const far = shadow();
    far.asked(4, { entries: [], snapshot: metadata(9, 2) });
    far.acknowledged(4);
    far.recovered(recovered(2, 9, 10, 9), { firstIndex: 10, entries: [] });
    const near = shadow();
    near.asked(4, { entries: [], snapshot: metadata(3, 2) });
    near.acknowledged(4);
    near.recovered(recovered(2, 4, 1, 3), STAGES[2][1]);
  });

  test("finds a log that begins behind what is durable elsewhere, and a marker that nobody asked for", () => {
    const log = shadow();
    log.acknowledged(3);
    log.markerAsked(2);
    const content = read(entry(3, 2), entry(4, 2));
    log.holds(content, 2);
    const property = "a log begins at its durable marker, or before";
    expect(() => log.holds(content, 1)).toThrow(property);
    expect(() => log.holds(content, 3)).toThrow(property);
    expect(() => log.recovered(recovered(2, 4, 3, 1), content)).toThrow(property);
  });
});

describe("the ledger", () => {
  const fates = new Map<string, Fate>([
    ["w1", { kind: "acknowledged", version: 5n }],
    ["w2", { kind: "refused" }],
    ["w3", { kind: "unknown" }],
  ]);
  const row = (name: string, version = 5n, value = `once ${name}`): LedgerRow => ({ name, value, version });

  test("what was acknowledged is there, what is unknown may be", () => {
    checkLedger(fates, [row("w1")], "n1");
    checkLedger(fates, [row("w1"), row("w3", 9n)], "n1");
  });

  const broken: Readonly<Record<string, readonly LedgerRow[]>> = {
    "every acknowledged write is there": [row("w3")],
    "what was acknowledged keeps its version": [row("w1", 6n)],
    "nothing is there that was not written": [row("w1"), row("w4")],
  };
  for (const [property, rows] of Object.entries(broken)) {
    test(`finds: ${property}`, () => expect(() => checkLedger(fates, rows, "n1")).toThrow(property));
  }

  test("finds what was refused, and another value", () => {
    const property = "nothing is there that was not written";
    expect(() => checkLedger(fates, [row("w1"), row("w2")], "n1")).toThrow(property);
    expect(() => checkLedger(fates, [row("w1", 5n, "once w3")], "n1")).toThrow(property);
  });
});

describe("a history that is hard to explain", () => {
  const tiny = { configurations: 4, steps: 4 };
  function history(seen: string): readonly Call[] {
    const recorder = new HistoryRecorder(() => 0);
    const write = (value: string) => recorder.invoke(value, { kind: "write", key: "k", value });
    for (const open of ["a", "b", "c"].map(write)) open.ok({ kind: "done" });
    recorder.invoke("r", { kind: "read", key: "k" }).ok({ kind: "found", sight: { value: seen } });
    return recorder.calls();
  }

  test("is looked at once more", () => {
    expect(checkHistory(history("b"), tiny)).toEqual({ undecided: 0, retried: 1 });
    expect(() => checkHistory(history("d"), tiny)).toThrow(NotLinearizableError);
  });

  test("and counts as undecided when that does not help", () => {
    expect(checkHistory(history("b"), tiny, tiny)).toEqual({ undecided: 1, retried: 0 });
  });
});

describe("real time", () => {
  test("is refused to everything that runs in a simulation, and given back afterwards", () => {
    for (const use of [
      () => Date.now(),
      () => performance.now(),
      () => Math.random(),
      () => setTimeout(() => {}, 0),
      () => queueMicrotask(() => {}),
      () => setImmediate(() => {}),
    ]) {
      expect(() => withoutRealTime(use)).toThrow(RealTimeError);
      expect(use).not.toThrow();
    }
  });
});
