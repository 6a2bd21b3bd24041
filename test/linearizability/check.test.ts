import { describe, expect, test } from "bun:test";
import {
  checkLinearizable,
  HistoryRecorder,
  MisuseError,
  NotLinearizableError,
  type OpenCall,
  type Sight,
} from "./index.ts";

/** A history written down by hand: each method is one invocation or, with `then`, a whole call. */
class Script {
  #ms = 0;
  readonly recorder = new HistoryRecorder(() => this.#ms++);

  begin = {
    read: (client: string, key = "k") => this.#open(this.recorder.invoke(client, { kind: "read", key })),
    write: (client: string, value: string, key = "k") =>
      this.#open(this.recorder.invoke(client, { kind: "write", key, value })),
    create: (client: string, value: string, key = "k") =>
      this.#open(this.recorder.invoke(client, { kind: "create", key, value })),
    cas: (client: string, expected: string, value: string, key = "k") =>
      this.#open(this.recorder.invoke(client, { kind: "cas", key, expected, value })),
    /** The client can tell beforehand what the new version will be. */
    casTo: (client: string, expected: string, value: string, version: string, key = "k") =>
      this.#open(this.recorder.invoke(client, { kind: "cas", key, expected, value, version })),
    delete: (client: string, key = "k") => this.#open(this.recorder.invoke(client, { kind: "delete", key })),
    list: (client: string, prefix = "") => this.#open(this.recorder.invoke(client, { kind: "list", prefix })),
  };

  #open(call: OpenCall) {
    return {
      saw: (value: string | undefined, version?: string) =>
        call.ok(
          value === undefined
            ? { kind: "absent" }
            : { kind: "found", sight: version === undefined ? { value } : { value, version } },
        ),
      done: (version?: string) =>
        call.ok(version === undefined ? { kind: "done" } : { kind: "done", version }),
      conflict: () => call.ok({ kind: "condition-failed" }),
      listed: (entries: Record<string, string>) =>
        call.ok({
          kind: "listed",
          entries: new Map(Object.entries(entries).map(([key, value]): [string, Sight] => [key, { value }])),
        }),
      refused: () => call.refused(),
      unknown: () => call.unknown(),
    };
  }

  check() {
    return checkLinearizable(this.recorder.calls());
  }
}

type Tell = (script: Script, begin: Script["begin"]) => void;

const GOOD: Record<string, Tell> = {
  "one after the other": (_, { write, read }) => {
    write("a", "1").done();
    read("b").saw("1");
    write("a", "2").done();
    read("b").saw("2");
  },
  "nothing was ever written": (_, { read }) => read("a").saw(undefined),
  "a read beside a write may see either": (_, { write, read }) => {
    write("a", "1").done();
    const second = write("a", "2");
    read("b").saw("1");
    read("b").saw("2");
    second.done();
  },
  "two writes at once, in either order": (_, { write, read }) => {
    const one = write("a", "1");
    const two = write("b", "2");
    one.done();
    two.done();
    read("c").saw("1");
  },
  "a long read may be older than reads that began after it": (_, { write, read }) => {
    write("a", "1").done();
    const long = read("b");
    write("a", "2").done();
    read("c").saw("2");
    long.saw("1");
  },
  "a refused write has no effect": (_, { write, read }) => {
    write("a", "1").done();
    write("a", "2").refused();
    read("b").saw("1");
  },
  "an unknown write takes effect late": (_, { write, read }) => {
    write("a", "1").unknown();
    read("b").saw(undefined);
    write("c", "2").done();
    read("b").saw("2");
    read("b").saw("1");
  },
  "an unknown write never takes effect": (_, { write, read }) => {
    write("a", "0").done();
    write("a", "1").unknown();
    read("b").saw("0");
    write("b", "2").done();
    read("b").saw("2");
  },
  "an unknown delete explains an absence; the write after it stands": (_, begin) => {
    begin.write("a", "1").done();
    begin.delete("b").unknown();
    begin.read("c").saw("1");
    begin.read("c").saw(undefined);
    begin.write("a", "2").done();
    begin.read("c").saw("2");
  },
  "a call that never returned at all counts as unknown": (_, { write, read }) => {
    write("a", "1");
    read("b").saw("1");
  },
  "one create wins": (_, { create, read }) => {
    const one = create("a", "1");
    const two = create("b", "2");
    two.done();
    one.conflict();
    read("c").saw("2");
  },
  "a create refused because of an unknown one": (_, { create, read }) => {
    create("a", "1").unknown();
    create("b", "2").conflict();
    read("c").saw("1");
  },
  "create, delete, create": (_, begin) => {
    begin.create("a", "1").done();
    begin.delete("a").done();
    begin.create("b", "2").done();
    begin.read("c").saw("2");
  },
  "compare-and-set chain through an unknown link": (_, begin) => {
    begin.write("a", "1").done("e1");
    const middle = begin.cas("b", "e1", "2");
    middle.unknown();
    begin.read("c").saw("2", "e2");
    begin.cas("c", "e2", "3").done("e3");
    begin.cas("a", "e1", "4").conflict();
    begin.read("c").saw("3", "e3");
  },
  "an unknown chain that only its end shows": (_, begin) => {
    begin.write("a", "1").done("e1");
    begin.casTo("a", "e1", "2", "e2").unknown();
    begin.casTo("b", "e2", "3", "e3").unknown();
    begin.read("c").saw("3", "e3");
  },
  "a list beside changes": (_, begin) => {
    begin.write("a", "1", "x").done();
    const y = begin.write("a", "2", "y");
    const gone = begin.delete("b", "x");
    begin.list("c").listed({ x: "1", y: "2" });
    begin.list("c").listed({ y: "2" });
    y.done();
    gone.done();
  },
  "a list needs two pending writes, each of another key": (_, begin) => {
    const x = begin.write("a", "1", "x");
    const y = begin.write("b", "1", "y");
    const list = begin.list("c");
    x.done();
    const again = begin.write("a", "2", "x");
    again.done();
    y.done();
    list.listed({ x: "1", y: "1" });
  },
  "two long lists of different moments": (_, begin) => {
    const first = begin.list("c");
    const second = begin.list("d");
    begin.write("a", "1", "x").done();
    begin.write("b", "1", "y").done();
    begin.write("a", "2", "x").done();
    first.listed({ x: "1", y: "1" });
    second.listed({ x: "1" });
  },
  "a list of another prefix": (_, begin) => {
    begin.write("a", "1", "p/x").done();
    begin.list("c", "q/").listed({});
    begin.list("c", "p/").listed({ "p/x": "1" });
  },
};

const BAD: Record<string, Tell> = {
  "a stale read": (_, { write, read }) => {
    write("a", "1").done();
    write("a", "2").done();
    read("b").saw("1");
  },
  "a read that goes back": (_, { write, read }) => {
    write("a", "1").done();
    const second = write("a", "2");
    read("b").saw("2");
    read("c").saw("1");
    second.done();
  },
  "a lost write": (_, { write, read }) => {
    write("a", "1").done();
    read("b").saw(undefined);
  },
  "a value that nobody wrote": (_, { write, read }) => {
    write("a", "1").done();
    read("b").saw("7");
  },
  "a write that takes effect twice": (_, { write, read }) => {
    write("a", "1").done();
    write("b", "2").done();
    read("c").saw("2");
    read("c").saw("1");
  },
  "an unknown write that takes effect twice": (_, { write, read }) => {
    write("a", "1").unknown();
    read("c").saw("1");
    write("b", "2").done();
    read("c").saw("2");
    read("c").saw("1");
  },
  "a refused write that took effect": (_, { write, read }) => {
    write("a", "1").refused();
    read("b").saw("1");
  },
  "a write seen before it was asked for": (_, { write, read }) => {
    read("b").saw("1");
    write("a", "1").done();
  },
  "two creates win": (_, { create }) => {
    create("a", "1").done();
    create("b", "2").done();
  },
  "a create that fails on a key that was never there": (_, { create }) => {
    create("a", "1").conflict();
  },
  "two compare-and-sets of one version win": (_, begin) => {
    begin.write("a", "0").done("e0");
    const one = begin.cas("a", "e0", "1");
    const two = begin.cas("b", "e0", "2");
    one.done("e1");
    two.done("e2");
  },
  "a compare-and-set that fails on the right version": (_, begin) => {
    begin.write("a", "0").done("e0");
    begin.cas("a", "e0", "1").conflict();
  },
  "a failed compare-and-set that took effect": (_, begin) => {
    begin.write("a", "0").done("e0");
    begin.write("a", "1").done("e1");
    begin.cas("a", "e0", "2").conflict();
    begin.read("b").saw("2");
  },
  "a retried create that says it failed, after it won": (_, { create, read }) => {
    create("a", "1").conflict();
    read("b").saw("1");
  },
  "a delete that is undone": (_, begin) => {
    begin.write("a", "1").done();
    begin.delete("a").done();
    begin.read("b").saw("1");
  },
  "one unknown delete for two absences": (_, begin) => {
    begin.write("a", "1").done();
    begin.delete("b").unknown();
    begin.read("c").saw(undefined);
    begin.write("a", "2").done();
    begin.read("c").saw("2");
    begin.read("c").saw(undefined);
  },
  "a version that changes by itself": (_, begin) => {
    begin.write("a", "1").done("e1");
    begin.read("b").saw("1", "e9");
  },
  "an unknown write with two versions": (_, begin) => {
    begin.write("a", "1").unknown();
    begin.read("b").saw("1", "e1");
    begin.read("b").saw("1", "e2");
  },
  "a list that misses an acknowledged key": (_, begin) => {
    begin.write("a", "1", "x").done();
    begin.list("b").listed({});
  },
  "a list that shows a deleted key": (_, begin) => {
    begin.write("a", "1", "x").done();
    begin.delete("a", "x").done();
    begin.list("b").listed({ x: "1" });
  },
  "a list that mixes two moments": (_, begin) => {
    const list = begin.list("c");
    begin.write("a", "1", "x").done();
    begin.write("a", "1", "y").done();
    // The write of x came first: there was no moment with y and without x.
    list.listed({ y: "1" });
  },
  "two lists that disagree about the order of two writes": (_, begin) => {
    const x = begin.write("a", "1", "x");
    const y = begin.write("b", "1", "y");
    begin.list("c").listed({ x: "1" });
    begin.list("c").listed({ y: "1" });
    x.done();
    y.done();
  },
  "a list that shows what it was not asked for": (_, begin) => {
    begin.write("a", "1", "p/x").done();
    begin.list("b", "q/").listed({ "p/x": "1" });
  },
};

describe("histories that are linearizable", () => {
  for (const [name, tell] of Object.entries(GOOD)) {
    test(name, () => {
      const script = new Script();
      tell(script, script.begin);
      expect(script.check().undecided).toEqual([]);
    });
  }
});

describe("histories that are not", () => {
  for (const [name, tell] of Object.entries(BAD)) {
    test(name, () => {
      const script = new Script();
      tell(script, script.begin);
      expect(() => script.check()).toThrow(NotLinearizableError);
    });
  }
});

describe("what is told", () => {
  test("the report names the call, what was possible, and where what was seen comes from", () => {
    const script = new Script();
    const { write, read } = script.begin;
    for (let i = 0; i < 50; i++) {
      write("noise", `n${i}`).done();
      read("noise").saw(`n${i}`);
    }
    write("a", "old").done();
    write("b", "new").done();
    const beside = read("c");
    read("d").saw("old");
    beside.saw("new");
    let report = "";
    try {
      script.check();
    } catch (error) {
      report = String(error);
    }
    expect(report).toContain('d read "k" -> "old"');
    expect(report).toContain('"k": "new"');
    expect(report).toContain('a write "k" := "old" -> done');
    expect(report).toContain('b write "k" := "new" -> done');
    // Neither the noise long before nor the read beside it has anything to do with it.
    expect(report).not.toContain("noise");
    expect(report).not.toContain("c read");
  });

  test("a history that asks for more than the limits is undecided, not good", () => {
    const script = new Script();
    const { write, read } = script.begin;
    const calls = Array.from({ length: 11 }, (_, i) => write(`c${i}`, `v${i}`));
    for (const call of calls) call.done();
    read("d").saw("v3");
    const summary = checkLinearizable(script.recorder.calls(), { limits: { configurations: 100 } });
    expect(summary.undecided).toEqual(["k"]);
    expect(script.check().undecided).toEqual([]);
  });

  test("keys may exist before the history begins", () => {
    const script = new Script();
    script.begin.read("a").saw("0", "e0");
    script.begin.cas("a", "e0", "1").done("e1");
    const initial = new Map([["k", { value: "0", version: "e0" }]]);
    expect(checkLinearizable(script.recorder.calls(), { initial }).undecided).toEqual([]);
    expect(() => script.check()).toThrow(NotLinearizableError);
  });

  test("a recorder that is used wrongly says so", () => {
    const { recorder } = new Script();
    const read = recorder.invoke("a", { kind: "read", key: "k" });
    expect(() => read.ok({ kind: "done" })).toThrow(MisuseError);
    read.ok({ kind: "absent" });
    expect(() => read.unknown()).toThrow(MisuseError);
  });
});
