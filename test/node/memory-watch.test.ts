/** The marks, by a clock of the test's own. The limit is 1000 MiB, so that a percentage is ten of them. */
import { beforeEach, describe, expect, test } from "bun:test";
import { ThreadMetrics } from "../../src/monitoring/thread-metrics.ts";
import { MemoryWatch, type MemoryWatchOptions } from "../../src/node/memory-watch.ts";

const MIB = 1024 * 1024;
const CHECK_SHORT_MS = 50;
const AGE_MS = 30_000;

let nowMs: number;
let used: number | undefined;
let limit: number | undefined;
let serving: boolean;
let happened: string[];
let collections: number;
let task: { readonly run: () => void; readonly dueMs: number } | undefined;
let metrics: ThreadMetrics;

beforeEach(() => {
  [nowMs, used, limit, serving, happened, collections, task] = [0, 100, 1000, true, [], 0, undefined];
  metrics = new ThreadMetrics("front");
});

function watchOf(options: Partial<MemoryWatchOptions> = {}): MemoryWatch {
  const watch = new MemoryWatch({
    lower: { percent: 80 },
    upper: { percent: 92 },
    account: () =>
      limit === undefined
        ? undefined
        : {
            limitBytes: limit * MIB,
            source: "test",
            usedBytes: () => (used === undefined ? undefined : used * MIB),
          },
    collect: () => {
      collections++;
    },
    onShort: (short) => happened.push(short ? "short" : "enough"),
    serving: () => serving,
    onExhausted: (reason) => happened.push(reason),
    onOverdue: () => happened.push("overdue"),
    clock: { monotonicMs: () => nowMs },
    timers: {
      later: (run, delayMs) => {
        task = { run, dueMs: nowMs + delayMs };
        return () => {
          task = undefined;
        };
      },
    },
    metrics,
    log: {
      info: (message) => void happened.push(`info ${message}`),
      warn: (message) => void happened.push(`warn ${message}`),
      error: (message) => void happened.push(`error ${message}`),
    },
    ...options,
  });
  watch.start();
  happened.length = 0;
  return watch;
}

/** What happened in so long a time with that much memory in use. */
function after(ms: number, mebibytes: number | undefined): string[] {
  happened.length = 0;
  used = mebibytes;
  for (const until = nowMs + ms; nowMs < until; ) {
    nowMs += CHECK_SHORT_MS;
    if (task !== undefined && nowMs >= task.dueMs) task.run();
  }
  return happened;
}

const metric = (name: string): number =>
  metrics
    .collect()
    .filter((family) => family.name === name)
    .flatMap(({ values }) => values)
    .reduce((sum, { value }) => sum + value, 0);

const REFUSED = ["short", "warn short of memory: new uploads are refused"];
const TAKEN = ["enough", "info enough memory again: uploads are taken"];
const ENDS = "error memory is above the upper mark: this node stops, to be started again";

describe("the lower mark", () => {
  test("refuses at the mark, and takes again a sixteenth below it", () => {
    const watch = watchOf();
    expect(after(1_000, 799)).toEqual([]);
    expect([watch.short, watch.status]).toEqual([false, undefined]);
    expect(after(1_000, 800)).toEqual(REFUSED);
    expect([watch.short, watch.status]).toEqual([
      true,
      "short of memory (800 of 1000 MiB): new uploads are refused",
    ]);
    expect(metric("elastickv_memory_short")).toBe(1);
    // Between both bounds nothing changes, however often it goes up and down.
    for (const mebibytes of [799, 801, 750, 900, 750]) expect(after(500, mebibytes)).toEqual([]);
    expect(after(500, 749)).toEqual(TAKEN);
    expect(after(1_000, 799)).toEqual([]);
    expect(metric("elastickv_memory_watermarks_total")).toBe(1);
    expect([metric("elastickv_memory_used_bytes"), metric("elastickv_memory_limit_bytes")]).toEqual([
      799 * MIB,
      1000 * MIB,
    ]);
    expect(metric("elastickv_memory_short")).toBe(0);
  });

  test("garbage is collected when it begins", () => {
    watchOf();
    after(5_000, 850);
    expect(collections).toBe(1);
  });

  test("is in force during the start, when nothing is served yet", () => {
    serving = false;
    watchOf();
    expect(after(250, 850)).toEqual(REFUSED);
  });

  test("a number of bytes; off; and one above the upper mark counts as that", () => {
    watchOf({ lower: { bytes: 300 * MIB } });
    expect(after(250, 300)).toEqual(REFUSED);
    used = 100;
    watchOf({ lower: undefined });
    expect(after(250, 900)).toEqual([]);
    used = 100;
    watchOf({ lower: { percent: 95 }, upper: { bytes: 500 * MIB } });
    expect(after(250, 500)).toEqual(REFUSED);
  });
});

describe("the upper mark", () => {
  test("ends the node once, when it lasts, and collects garbage meanwhile", () => {
    watchOf();
    after(AGE_MS, 100);
    expect(after(3_000, 920)).toEqual(REFUSED);
    expect(collections).toBe(3);
    expect(after(250, 920)).toEqual([ENDS, "out of memory: 920 of 1000 MiB"]);
    expect(after(60_000, 930)).toEqual([]);
    expect(metric("elastickv_memory_watermarks_total")).toBe(2);
  });

  test("a collection that helps ends nothing, and the time begins anew", () => {
    watchOf();
    after(AGE_MS, 100);
    for (let i = 0; i < 5; i++) {
      expect(after(3_000, 950)).not.toContain(ENDS);
      expect(after(250, 919)).toEqual([]);
    }
  });

  test("near the limit there is no time to wait", () => {
    watchOf();
    after(AGE_MS, 100);
    // Half of the way from the mark to the limit.
    expect(after(250, 959)).not.toContain(ENDS);
    expect(after(250, 960)).toContain(ENDS);
  });

  test("a stop that takes too long is cut off when memory runs out", () => {
    watchOf();
    after(AGE_MS, 100);
    after(3_250, 930);
    serving = false;
    expect(after(10_000, 959)).toEqual([]);
    expect(after(1_000, 960)).toEqual([
      "error memory runs out before the node has stopped: it ends at once",
      "overdue",
    ]);
    expect(after(10_000, 999)).toEqual([]);
  });

  test("not in the first half minute, so that a limit too small makes no fast circle", () => {
    watchOf();
    after(1_000, 100);
    expect(after(AGE_MS - 1_250, 950)).toEqual(REFUSED);
    expect(after(500, 950)).toContain(ENDS);
  });

  test("not by a node that has been above it since its start: the next one would be, too", () => {
    [used, serving] = [950, false];
    watchOf();
    expect(after(1_000, 950)).toEqual([]);
    serving = true;
    expect(after(10 * 60_000, 950)).toEqual([
      "error memory is above the upper mark since the start: another start would not help; the limit is too small",
    ]);
    // Once it was below, an end gives back what came on top.
    after(250, 900);
    expect(after(4_000, 950)).toContain(ENDS);
  });

  test("not while it starts or stops", () => {
    serving = false;
    watchOf();
    after(AGE_MS, 100);
    expect(after(60_000, 950)).toEqual(REFUSED);
    serving = true;
    after(250, 100);
    expect(after(AGE_MS - 1_000, 950)).not.toContain(ENDS);
    expect(after(1_000, 950)).toContain(ENDS);
  });

  test("off: it never ends, and a node without a limit to reach neither", () => {
    watchOf({ upper: undefined });
    after(AGE_MS, 100);
    expect(after(60_000, 999)).toEqual(REFUSED);
  });
});

describe("the account", () => {
  test("a limit that changes is seen within ten seconds", () => {
    watchOf();
    after(250, 700);
    limit = 800;
    expect(after(10_000, 700)).toEqual(REFUSED);
    limit = 2000;
    expect(after(10_000, 700)).toEqual(TAKEN);
  });

  test("a moment without figures changes nothing", () => {
    watchOf();
    after(250, 850);
    expect(after(5_000, undefined)).toEqual([]);
    // The account that was found stays in force when it cannot be found again.
    limit = undefined;
    expect(after(20_000, 850)).toEqual([]);
    expect(after(250, 100)).toEqual(TAKEN);
  });

  test("without an account nothing is watched, and the log says so", () => {
    limit = undefined;
    const said: string[] = [];
    watchOf({ log: { info: () => {}, warn: (message) => void said.push(message), error: () => {} } });
    expect([task, said.length]).toEqual([undefined, 1]);
  });

  test("is looked at four times a second, and twenty times while memory is short", () => {
    let looks = 0;
    const account = {
      limitBytes: 1000 * MIB,
      source: "test",
      usedBytes: () => {
        looks++;
        return (used ?? 0) * MIB;
      },
    };
    watchOf({ account: () => account });
    const looksIn = (mebibytes: number): number => {
      const before = looks;
      after(1_000, mebibytes);
      return looks - before;
    };
    expect([looksIn(100), looksIn(100)]).toEqual([4, 4]);
    after(250, 850);
    expect([looksIn(850), looksIn(850)]).toEqual([20, 20]);
    after(250, 100);
    expect(looksIn(100)).toBe(4);
  });

  test("bodies of uploads may take half of it, or as much as one entry, unless the lower mark is off", () => {
    const watch = watchOf();
    expect([watch.bodyBytes(256 * MIB, 3 * MIB), watch.bodyBytes(501 * MIB, 3 * MIB)]).toEqual([
      256 * MIB,
      500 * MIB,
    ]);
    expect(happened).toEqual([
      "warn s3-put-admission-max-inflight-bytes is above half of the memory limit: that half is in force",
    ]);
    expect(watch.bodyBytes(2048 * MIB, 600 * MIB)).toBe(600 * MIB);
    expect(watchOf({ lower: undefined }).bodyBytes(2048 * MIB, 3 * MIB)).toBe(2048 * MIB);
    limit = undefined;
    expect(watchOf().bodyBytes(2048 * MIB, 3 * MIB)).toBe(2048 * MIB);
  });

  test("a stop ends the checks", () => {
    const watch = watchOf();
    watch.stop();
    expect(task).toBeUndefined();
  });
});
