/** Fails every disk call, one at a time, and flips a bit in every byte: mechanically, not where somebody thought of it. */
import { describe, expect, test } from "bun:test";
import { WalError } from "../../../src/raft/log/errors.ts";
import type { WalBatch } from "../../../src/raft/log/types.ts";
import { SimulatedDisk } from "../../support/simulated-disk/simulated-disk.ts";
import { newestSegment, remove, segmentPaths } from "./support/damage.ts";
import { entries, entry, marker, openWal, readAll } from "./support/log-fixture.ts";
import { LogModel, type ModelState } from "./support/log-model.ts";
import { seededRandom } from "./support/seeded-random.ts";

const DIRECTORY = "/data/wal";

function newDisk(seed: number): SimulatedDisk {
  const disk = new SimulatedDisk({ random: seededRandom(seed) });
  disk.mkdir("/data");
  disk.syncDirectory("/");
  return disk;
}

function look(disk: SimulatedDisk): ModelState {
  const { wal, recovered } = openWal(disk, DIRECTORY, { random: seededRandom(2) });
  const state = {
    hardState: recovered.hardState,
    snapshot: recovered.snapshot,
    baseIndex: wal.firstIndex - 1,
    entries: readAll(wal),
  };
  wal.close();
  return state;
}

/** Every operation of a log: create, append, cut, prepare, replace, compact, close, open again. */
function wholeLife(disk: SimulatedDisk, model: LogModel): void {
  const first = openWal(disk, DIRECTORY, { random: seededRandom(1) }).wal;
  const commit = (batch: Parameters<typeof first.append>[0]) => {
    // It may be on the disk from here on, whatever is thrown.
    model.append(batch);
    first.append(batch);
    first.sync();
    model.synced();
    first.maintain();
  };
  for (let i = 1; i <= 12; i++) {
    commit({ entries: [entry(i, 1, 900)], hardState: { term: 1, vote: 1, commit: i - 1 } });
  }
  commit({ entries: entries(12, 14, 2, 100), hardState: { term: 2, vote: 2, commit: 13 } });
  commit({ entries: [], snapshot: marker(13, 2) });
  first.compact(13);
  first.close();
  const second = openWal(disk, DIRECTORY, { random: seededRandom(3) }).wal;
  const last = { entries: [entry(15, 2, 50)] };
  model.append(last);
  second.append(last);
  second.sync();
  model.synced();
  second.close();
}

function operationsOfWholeLife(): number {
  const disk = newDisk(1);
  const before = disk.operations;
  wholeLife(disk, new LogModel());
  return disk.operations - before;
}

describe("every disk call fails once", () => {
  for (const code of ["EIO", "ENOSPC"]) {
    for (const death of ["crash", "kill and later crash"] as const) {
      test(`${code}, then ${death}: nothing acknowledged is lost, nothing is half there`, () => {
        const operations = operationsOfWholeLife();
        expect(operations).toBeGreaterThan(100);
        let failures = 0;
        for (let call = 0; call < operations; call++) {
          const disk = newDisk(call);
          const model = new LogModel();
          disk.inject({ code, after: call });
          try {
            wholeLife(disk, model);
          } catch (error) {
            if (!(error instanceof WalError)) throw new Error(`call ${call}: ${error}`, { cause: error });
            failures++;
          }
          disk.clearFaults();
          if (death === "kill and later crash") {
            disk.kill();
            try {
              model.reopened(look(disk));
            } catch (error) {
              // The file system has shut down after a directory could not be synced.
              if (!(error instanceof WalError) || error.code !== "IO") throw error;
            }
          }
          disk.crash();
          try {
            model.reopened(look(disk));
          } catch (error) {
            throw new Error(`call ${call}: ${error}`, { cause: error });
          }
        }
        // Some calls may fail and hurt nobody: a segment prepared in advance on a full disk.
        expect(failures).toBeGreaterThan(operations * 0.8);
      }, 30_000);
    }
  }

  test("a failed fdatasync ends the log for ever", () => {
    const disk = newDisk(1);
    const { wal } = openWal(disk, DIRECTORY);
    wal.append({ entries: [entry(1, 1)] });
    disk.inject({ code: "EIO", operation: "datasync" });
    const failed = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        if (error instanceof WalError) return error.code;
      }
      return "worked";
    };
    expect(failed(() => wal.sync())).toBe("FSYNC_FAILED");
    expect(failed(() => wal.sync())).toBe("POISONED");
    expect(failed(() => wal.append({ entries: [entry(2, 1)] }))).toBe("POISONED");
    expect(failed(() => wal.readEntries(1, 2, 10))).toBe("POISONED");
    wal.close();
  });

  test("a full disk refuses the batch that needs a segment, and takes it when there is space", () => {
    const disk = newDisk(1);
    const { wal, events } = openWal(disk, DIRECTORY);
    wal.append({ entries: entries(1, 3, 1, 900) });
    wal.sync();
    disk.setCapacity(0);
    wal.maintain();
    expect(events).toMatchObject([{ kind: "prepare-failed" }]);
    expect(() => wal.append({ entries: entries(4, 6, 1, 900) })).toThrow("DISK_FULL");
    expect(wal.lastIndex).toBe(3);
    expect(wal.readEntries(1, 4, 1 << 20)).toHaveLength(3);
    // What still fits the present segment is taken even now.
    wal.append({ entries: [entry(4, 1, 10)] });
    wal.sync();
    disk.setCapacity(1 << 30);
    wal.append({ entries: entries(5, 7, 1, 900) });
    wal.close();
    expect(look(disk).entries.map((e) => e.index)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test("a batch that breaks a rule ends the log before it is written", () => {
    const members = Array.from({ length: 2_000 }, (_, i) => i + 1);
    const bad: WalBatch[] = [
      { entries: [entry(3, 1)] },
      { entries: [entry(1, 1)] },
      { entries: [], hardState: { term: 0, vote: 0, commit: 0 } },
      { entries: [], hardState: { term: 1, vote: 2, commit: 0 } },
      { entries: [], hardState: { term: 1, vote: 1, commit: 9 } },
      { entries: [{ ...entry(2, 1), index: 1.5 }] },
      { entries: [{ ...entry(2, 1), term: 2 ** 60 }] },
      { entries: [{ ...entry(2, 1), type: 7 as 0 }] },
      {
        entries: [],
        snapshot: { index: 1, term: 1, confState: { ...marker(1, 1).confState, voters: members } },
      },
    ];
    for (const batch of bad) {
      const disk = newDisk(1);
      const { wal } = openWal(disk, DIRECTORY);
      wal.append({ entries: [entry(1, 1)], hardState: { term: 1, vote: 1, commit: 1 } });
      wal.sync();
      expect(() => wal.append(batch)).toThrow("INVALID");
      expect(() => wal.append({ entries: [entry(2, 1)] })).toThrow("POISONED");
      wal.close();
      expect(look(disk).entries).toHaveLength(1);
    }
  });
});

describe("a flipped bit in every byte", () => {
  function build(seed: number): SimulatedDisk {
    const disk = newDisk(seed);
    const { wal } = openWal(disk, DIRECTORY, { random: seededRandom(1) });
    for (let i = 1; i <= 12; i++) {
      wal.append({
        entries: entries(2 * i - 1, 2 * i, 1, 200),
        hardState: { term: 1, vote: 1, commit: 2 * i },
      });
      wal.sync();
    }
    wal.close();
    return disk;
  }

  /** Flips one bit, opens, and says what came of it. */
  function attempt(disk: SimulatedDisk, path: string, offset: number): ModelState | "refused" {
    disk.flipBit(path, offset, offset % 8);
    try {
      return look(disk);
    } catch (error) {
      if (!(error instanceof WalError)) throw error;
      expect(error.message).toContain(DIRECTORY);
      disk.flipBit(path, offset, offset % 8);
      return "refused";
    }
  }

  test("in any segment: refused, or nothing acknowledged is missing", () => {
    let disk = build(1);
    const expected = look(disk);
    const paths = segmentPaths(disk, DIRECTORY);
    expect(paths.length).toBeGreaterThan(1);
    let refusals = 0;
    for (const path of paths) {
      const size = disk.stat(path)?.bytes ?? 0;
      for (let offset = 0; offset < size; offset++) {
        const found = attempt(disk, path, offset);
        if (found === "refused") {
          refusals++;
          continue;
        }
        if (!Bun.deepEquals(found, expected))
          throw new Error(`${path} at ${offset}: acknowledged entries are missing`);
        disk = build(1);
      }
    }
    // All that was written, which is more than half of these two segments.
    expect(refusals).toBeGreaterThan(5_000);
  }, 60_000);

  test("without a watermark: refused, or at most the last synced batch is taken for a torn tail, and told", () => {
    let disk = build(1);
    const expected = look(disk);
    const path = newestSegment(disk, DIRECTORY);
    const size = disk.stat(path)?.bytes ?? 0;
    remove(disk, `${DIRECTORY}/frontier`);
    let cuts = 0;
    for (let offset = 0; offset < size; offset += 3) {
      const found = attempt(disk, path, offset);
      if (found === "refused") continue;
      const missing = expected.entries.length - found.entries.length;
      expect([0, 2]).toContain(missing);
      if (missing === 2) {
        cuts++;
        expect(disk.readdir(DIRECTORY).some((name) => name.endsWith(".tail"))).toBe(true);
      }
      disk = build(1);
      remove(disk, `${DIRECTORY}/frontier`);
    }
    // This hole is real and documented: the test keeps the documentation honest.
    expect(cuts).toBeGreaterThan(100);
  }, 60_000);

  test("in the watermark: told, and the log opens", () => {
    let disk = build(1);
    const expected = look(disk);
    for (const slot of [0, 4096]) {
      for (let offset = slot; offset < slot + 64; offset++) {
        expect(attempt(disk, `${DIRECTORY}/frontier`, offset)).toEqual(expected);
        disk = build(1);
      }
    }
  });
});
