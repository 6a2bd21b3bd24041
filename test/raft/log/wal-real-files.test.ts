import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realDisk } from "../../../src/platform/disk/real-disk.ts";
import { WalError } from "../../../src/raft/log/errors.ts";
import { entries, entry, marker, openWal, readAll } from "./support/log-fixture.ts";

let root: string;
let directory: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "wal-"));
  directory = join(root, "wal");
});
afterEach(() => rmSync(root, { recursive: true }));

function errorOf(work: () => unknown): WalError {
  try {
    work();
  } catch (error) {
    if (error instanceof WalError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("Wal on real files", () => {
  test("what was synced is there after a restart", () => {
    const first = openWal(realDisk, directory);
    expect(first.recovered).toMatchObject({ created: true, firstIndex: 1, lastIndex: 0, segments: 1 });
    first.wal.append({ hardState: { term: 1, vote: 1, commit: 0 }, entries: entries(1, 3, 1) });
    first.wal.sync();
    first.wal.append({ hardState: { term: 2, vote: 1, commit: 3 }, entries: entries(4, 4, 2, 10_000) });
    first.wal.sync();
    expect(first.wal.stats()).toMatchObject({ fsyncs: 2, appendedBatches: 2, appendedEntries: 4 });
    first.wal.close();

    const { wal, recovered, events } = openWal(realDisk, directory, { create: false });
    expect(recovered).toMatchObject({
      created: false,
      firstIndex: 1,
      lastIndex: 4,
      hardState: { term: 2, vote: 1, commit: 3 },
      snapshot: undefined,
      tornTail: undefined,
    });
    expect(readAll(wal)).toEqual([...entries(1, 3, 1), ...entries(4, 4, 2, 10_000)]);
    expect([wal.term(0), wal.term(3), wal.term(4)]).toEqual([0, 1, 2]);
    expect(events).toEqual([]);
    wal.close();
  });

  test("payloads in shared memory are written from where they lie", () => {
    const { wal } = openWal(realDisk, directory, { segmentBytes: 1 << 20 });
    const big = entry(1, 1, 300_000);
    const shared = new Uint8Array(new SharedArrayBuffer(big.data.byteLength + 5)).subarray(5);
    shared.set(big.data);
    wal.append({ entries: [{ ...big, data: shared }] });
    wal.sync();
    expect(readAll(wal)).toEqual([big]);
    wal.close();
    const again = openWal(realDisk, directory);
    expect(readAll(again.wal)).toEqual([big]);
    again.wal.close();
  });

  test("segments are cut, and compacted through a marker", () => {
    const { wal } = openWal(realDisk, directory);
    for (let i = 1; i <= 40; i++) {
      wal.append({ entries: entries(i, i, 1, 500) });
      wal.sync();
    }
    const before = wal.stats().segments;
    expect(before).toBeGreaterThan(4);
    expect(wal.compact(40)).toBe(0); // no marker, nothing is known to be durable elsewhere
    wal.append({ entries: [], snapshot: marker(30, 1) });
    expect(wal.compact(20)).toBeGreaterThan(0);
    expect(wal.firstIndex).toBeGreaterThan(10);
    expect(wal.firstIndex).toBeLessThanOrEqual(21);
    const kept = readAll(wal);
    expect(errorOf(() => wal.readEntries(1, 2, 100)).code).toBe("COMPACTED");
    expect(wal.compact(20, { maxSegments: 1 })).toBeGreaterThan(0);
    expect(wal.firstIndex).toBeLessThanOrEqual(31);
    wal.close();
    const again = openWal(realDisk, directory);
    expect(again.recovered.firstIndex).toBe(wal.firstIndex);
    expect(again.recovered.confState).toEqual(marker(30, 1).confState);
    expect(readAll(again.wal)).toEqual(kept.filter((e) => e.index >= wal.firstIndex));
    again.wal.close();
  });

  test("one batch larger than a segment gets a segment of its size", () => {
    const { wal } = openWal(realDisk, directory);
    wal.append({ entries: entries(1, 5, 1, 3 << 20) });
    wal.sync();
    wal.append({ entries: entries(6, 6, 1) });
    wal.close();
    const again = openWal(realDisk, directory);
    expect(again.recovered.lastIndex).toBe(6);
    expect(readAll(again.wal)).toEqual([...entries(1, 5, 1, 3 << 20), entry(6, 1)]);
    again.wal.close();
  });

  test("a second user of the directory is refused", () => {
    const { wal } = openWal(realDisk, directory);
    const error = errorOf(() => openWal(realDisk, directory));
    expect(error.code).toBe("LOCKED");
    expect(error.message).toContain(directory);
    wal.close();
    openWal(realDisk, directory).wal.close();
  });

  test("no log, and nobody asked for one", () => {
    expect(errorOf(() => openWal(realDisk, directory, { create: false })).code).toBe("NOT_FOUND");
    expect(readdirSync(root)).toEqual([]);
  });

  test("the next segment is prepared ahead, and a left-over one is removed", () => {
    const { wal } = openWal(realDisk, directory);
    wal.append({ entries: entries(1, 1, 1, 3_000) });
    wal.sync();
    wal.maintain();
    expect(readdirSync(directory)).toContain("prepared.tmp");
    wal.close();
    const again = openWal(realDisk, directory);
    expect(readdirSync(directory)).not.toContain("prepared.tmp");
    again.wal.close();
  });
});
