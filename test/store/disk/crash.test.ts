/**
 * The real store over a simulated disk: whatever operation the power goes in, and whatever one operation of the disk fails, the next start
 * finds every acknowledged row whole, the old keyspace or the new one, and no file that stays for ever.
 */
import { describe, expect, test } from "bun:test";
import { StoreError } from "../../../src/store/types.ts";
import type { Forgotten } from "./forgetful-disk.ts";
import { History, PowerCut } from "./history.ts";

const FIRST_SEED = Number(process.env["STORE_DISK_SEED"] ?? Date.now() % 1_000_000);
const SEEDS = 3;
/** Of the operations of a history, that many are tried, spread evenly from a place that the seed chooses. */
const PLACES = 30;
/** Syncs of a history, of which each fails once: about as many as a history has. */
const SYNCS = 40;

function operationsOf(seed: number): number {
  const history = new History(seed);
  try {
    history.run();
    const { operations } = history;
    history.end("power cut");
    history.check();
    return operations;
  } finally {
    history.dispose();
  }
}

function places(seed: number): number[] {
  const all = operationsOf(seed);
  const stride = Math.max(1, Math.floor(all / PLACES));
  const found: number[] = [];
  for (let at = seed % stride; at < all; at += stride) found.push(at);
  return found;
}

/** Runs up to an end that the test has arranged. */
function runInto(history: History): void {
  try {
    history.run();
  } catch (error) {
    if (!(error instanceof PowerCut || error instanceof StoreError)) throw error;
  }
}

function atEveryPlace(seed: number, act: (history: History, at: number) => void): void {
  for (const at of places(seed)) {
    const history = new History(seed);
    try {
      act(history, at);
      history.check();
    } catch (error) {
      throw new Error(`seed ${seed}, operation ${at} (STORE_DISK_SEED=${seed} repeats it): ${error}`, {
        cause: error,
      });
    } finally {
      history.dispose();
    }
  }
}

const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i);

describe("the store over a simulated disk", () => {
  test.each(seeds)("seed %d: a power cut in any operation", (seed) => {
    atEveryPlace(seed, (history, at) => {
      history.endsAt = at;
      runInto(history);
      history.end("power cut");
    });
  });

  test.each(seeds)(
    "seed %d: the process is killed in any operation, and the power goes after the next start",
    (seed) => {
      atEveryPlace(seed, (history, at) => {
        history.endsAt = at;
        runInto(history);
        history.end("kill");
        history.check(false);
        history.end("power cut");
      });
    },
  );

  test.each(seeds)("seed %d: any operation fails once, then the power goes", (seed) => {
    atEveryPlace(seed, (history, at) => {
      history.inject(seed % 3 === 0 ? "ENOSPC" : "EIO", at);
      runInto(history);
      history.end("power cut");
    });
  });

  test.each(seeds)("seed %d: a sync fails, the process starts again, then the power goes", (seed) => {
    for (let at = 0; at < SYNCS; at++) {
      const history = new History(seed);
      try {
        history.inject("EIO", at, "datasync");
        runInto(history);
        history.end("kill");
        history.check(false);
        history.end("power cut");
        history.check();
      } catch (error) {
        throw new Error(`seed ${seed}, sync ${at} (STORE_DISK_SEED=${seed} repeats it): ${error}`, {
          cause: error,
        });
      } finally {
        history.dispose();
      }
    }
  });
});

/** Of a planted bug: seeds until it must have been noticed. */
const HUNT_SEEDS = 40;

describe("a sync that is left out is noticed:", () => {
  test.each([
    ["payloads before the rows that name them", { operation: "datasync", path: /\.seg$/ }],
    ["the name of a payload file", { operation: "syncDirectory", path: /-payload$/ }],
    [
      "the directory of payload files, and the database, in their generation",
      { operation: "syncDirectory", path: /\d{10}$/ },
    ],
    [
      "the write-ahead file, when applied rows are called durable",
      { operation: "datasync", path: /\.db-wal$/ },
    ],
    ["the database of a received keyspace", { operation: "datasync", path: /0000000002\/keyspace\.db$/ }],
    ["the pointer's content", { operation: "datasync", path: /CURRENT\.tmp$/ }],
    ["the content of the mark of a complete import", { operation: "datasync", path: /PENDING\.tmp$/ }],
    ["the names in the directory of generations", { operation: "syncDirectory", path: /\/keyspace$/ }],
  ] as const)("%s", (_what, forgotten) => {
    expect(noticed(forgotten)).toBe(true);
  });
});

function noticed(forgotten: Forgotten): boolean {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + HUNT_SEEDS; seed++) {
    for (const at of places(seed)) {
      const history = new History(seed, forgotten);
      try {
        history.endsAt = at;
        runInto(history);
        history.end("power cut");
        history.check();
      } catch {
        return true;
      } finally {
        history.dispose();
      }
    }
  }
  return false;
}

test("a history does what it is for", () => {
  const history = new History(FIRST_SEED);
  try {
    history.run();
    expect([history.installed, history.received]).toEqual([true, true]);
    expect(history.operations).toBeGreaterThan(300);
  } finally {
    history.dispose();
  }
});

/** Not synced, so a power cut takes the batch back, and with it where the next payload goes: to the file that is freed here. */
test("nosync: a payload file is freed after what was applied before is durable, and not sooner", () => {
  for (let seed = FIRST_SEED | 1; seed < FIRST_SEED + 8; seed += 2) {
    for (let at = 0, ended = false; !ended; at++) {
      const history = new History(seed);
      try {
        const generations = history.generations();
        const store = history.openStore(generations);
        history.write(store, [["a", 70_000]]);
        history.write(store, [["a", undefined]]);
        history.durable = store.makeDurable().index;
        while (store.compactVersions(store.appliedState().commitTs, 10) > 0);
        history.write(store, [["b", 70_000]]);
        history.endsAt = history.operations + at;
        try {
          while (store.compactVersions(store.appliedState().commitTs, 10) > 0);
          store.compactVersions(store.appliedState().commitTs, 10);
          ended = true;
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
        }
        history.end("power cut");
        history.check();
      } finally {
        history.dispose();
      }
    }
  }
});
