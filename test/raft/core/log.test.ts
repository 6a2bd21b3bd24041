import { describe, expect, test } from "bun:test";
import { entriesSize, entrySize, limitSize, type Snapshot } from "../../../src/raft/core/index.ts";
import { NO_TERM, RaftLog } from "../../../src/raft/core/log/raft-log.ts";
import { UnstableLog } from "../../../src/raft/core/log/unstable.ts";
import { varintLength } from "../../../src/raft/core/sizes.ts";
import { MemoryStorage } from "../../support/raft/memory-storage.ts";
import { confState } from "../support/group.ts";

const UNLIMITED = Number.POSITIVE_INFINITY;

/** Entries `from`, `from + 1`, ... with the given terms and 10 bytes each. */
function entries(from: number, ...terms: readonly number[]) {
  return terms.map((term, i) => ({ term, index: from + i, type: 0, data: new Uint8Array(10) }) as const);
}

function snapshot(index: number, term: number): Snapshot {
  return { metadata: { index, term, confState: confState([1]) }, data: new Uint8Array(0) };
}

function logWith(
  stable: readonly number[],
  unstable: readonly number[],
  maxApplyingBytes = UNLIMITED,
): RaftLog {
  const storage = new MemoryStorage();
  storage.append(entries(1, ...stable));
  const log = new RaftLog(storage, maxApplyingBytes);
  log.append(entries(stable.length + 1, ...unstable));
  return log;
}

const indexes = (list: readonly { readonly index: number }[]): readonly number[] =>
  list.map(({ index }) => index);

describe("sizes", () => {
  test("varints", () => {
    const cases: readonly (readonly [number, number])[] = [
      [0, 1],
      [127, 1],
      [128, 2],
      [16383, 2],
      [16384, 3],
      [2 ** 21 - 1, 3],
      [2 ** 21, 4],
      [2 ** 28 - 1, 4],
      [2 ** 28, 5],
      [2 ** 35 - 1, 5],
      [2 ** 35, 6],
      [2 ** 42, 7],
      [2 ** 49, 8],
      [Number.MAX_SAFE_INTEGER, 8],
    ];
    for (const [value, length] of cases) expect([value, varintLength(value)]).toEqual([value, length]);
  });

  test("an entry is counted as it is encoded", () => {
    expect(entrySize({ term: 1, index: 1, type: 0, data: new Uint8Array(0) })).toBe(6);
    expect(entrySize({ term: 1, index: 128, type: 0, data: new Uint8Array(1) })).toBe(7 + 3);
    expect(entrySize({ term: 300, index: 5, type: 2, data: new Uint8Array(200) })).toBe(7 + 203);
  });

  test("a page is the longest that fits, but never empty", () => {
    const list = entries(1, 1, 1, 1);
    const one = entrySize(list[0] as (typeof list)[number]);
    expect(limitSize(list, 0).length).toBe(1);
    expect(limitSize(list, 2 * one - 1).length).toBe(1);
    expect(limitSize(list, 2 * one).length).toBe(2);
    expect(limitSize(list, entriesSize(list)).length).toBe(3);
  });
});

describe("the unstable log", () => {
  test("what is replaced while it is written is handed out again", () => {
    const log = new UnstableLog(5);
    log.truncateAndAppend(entries(5, 1, 1, 1));
    expect(indexes(log.nextEntries())).toEqual([5, 6, 7]);
    log.acceptInProgress();
    expect(log.nextEntries()).toEqual([]);
    log.truncateAndAppend(entries(6, 2));
    expect([log.offset, log.offsetInProgress, log.lastIndex]).toEqual([5, 6, 6]);
    expect(indexes(log.nextEntries())).toEqual([6]);
  });

  test("replacing everything, or what is stable already, starts anew", () => {
    for (const from of [5, 3]) {
      const log = new UnstableLog(5);
      log.truncateAndAppend(entries(5, 1, 1));
      log.acceptInProgress();
      log.truncateAndAppend(entries(from, 2));
      expect([log.offset, log.offsetInProgress, log.lastIndex]).toEqual([from, from, from]);
      expect(indexes(log.nextEntries())).toEqual([from]);
    }
  });

  test("appending behind what is written keeps it in progress", () => {
    const log = new UnstableLog(5);
    log.truncateAndAppend(entries(5, 1));
    log.acceptInProgress();
    log.truncateAndAppend(entries(6, 1));
    expect(indexes(log.nextEntries())).toEqual([6]);
  });

  test("an acknowledgement counts only for the entries it names", () => {
    const log = new UnstableLog(5);
    log.truncateAndAppend(entries(5, 1, 1, 2));
    log.acceptInProgress();
    log.stableTo(6, 2);
    log.stableTo(9, 2);
    log.stableTo(4, 1);
    expect([log.offset, log.length]).toEqual([5, 3]);
    log.stableTo(6, 1);
    expect([log.offset, log.offsetInProgress, log.length, log.term(7)]).toEqual([7, 8, 1, 2]);
    log.stableTo(7, 2);
    expect([log.offset, log.length, log.lastIndex]).toEqual([8, 0, undefined]);
  });

  test("what is acknowledged is not handed out, even if it never was", () => {
    const log = new UnstableLog(5);
    log.truncateAndAppend(entries(5, 1, 1, 1));
    log.stableTo(6, 1);
    expect([log.offset, log.offsetInProgress]).toEqual([7, 7]);
    expect(indexes(log.nextEntries())).toEqual([7]);
  });

  test("many acknowledged entries leave memory, and the rest stays in place", () => {
    const log = new UnstableLog(1);
    log.truncateAndAppend(entries(1, ...new Array<number>(3000).fill(1)));
    for (let index = 1; index < 2990; index += 7) log.stableTo(index, 1);
    const first = log.offset;
    expect(indexes(log.slice(first, 3001))).toEqual(
      Array.from({ length: 3001 - first }, (_, i) => first + i),
    );
  });

  test("a snapshot replaces all, is handed out once, and goes when it is installed", () => {
    const log = new UnstableLog(5);
    log.truncateAndAppend(entries(5, 1, 1));
    log.restore(snapshot(20, 3));
    expect([log.offset, log.length, log.firstIndex, log.lastIndex, log.term(20)]).toEqual([21, 0, 21, 20, 3]);
    expect(log.nextSnapshot()?.metadata.index).toBe(20);
    log.truncateAndAppend(entries(21, 3));
    log.acceptInProgress();
    expect([log.nextSnapshot(), log.hasNextEntries()]).toEqual([null, false]);
    log.stableSnapshotTo(19);
    expect(log.snapshot?.metadata.index).toBe(20);
    log.stableSnapshotTo(20);
    expect([log.snapshot, log.lastIndex]).toEqual([null, 21]);
  });

  test("a newer snapshot during the installation of an older one is handed out too", () => {
    const log = new UnstableLog(5);
    log.restore(snapshot(20, 3));
    log.acceptInProgress();
    log.restore(snapshot(30, 3));
    expect(log.nextSnapshot()?.metadata.index).toBe(30);
    log.acceptInProgress();
    log.stableSnapshotTo(20);
    expect(log.snapshot?.metadata.index).toBe(30);
  });

  test("a hole stops the node", () => {
    const log = new UnstableLog(5);
    expect(() => log.truncateAndAppend(entries(6, 1))).toThrow(/offset=5, length=0, from=6/);
  });
});

describe("the log", () => {
  test("terms across storage and memory", () => {
    const log = logWith([1, 1, 2], [2, 3]);
    expect([0, 1, 3, 4, 5, 6, -1].map((index) => log.term(index))).toEqual([0, 1, 2, 2, 3, NO_TERM, NO_TERM]);
    expect([log.firstIndex, log.lastIndex, log.lastTerm]).toEqual([1, 5, 3]);
  });

  test("slices respect the limit across the border, and give an oversized first entry alone", () => {
    const log = logWith([1, 1, 1], [1, 1, 1]);
    const one = entrySize(log.slice(1, 2, UNLIMITED)[0] as never);
    for (let fit = 1; fit <= 6; fit++) {
      for (const extra of [0, one - 1]) {
        const limit = fit * one + extra;
        expect(indexes(log.slice(1, 7, limit))).toEqual(Array.from({ length: fit }, (_, i) => i + 1));
      }
    }
    expect(indexes(log.slice(2, 7, 0))).toEqual([2]);
    expect(indexes(log.slice(5, 7, 0))).toEqual([5]);
    expect(log.slice(3, 3, 0)).toEqual([]);
  });

  test("what is compacted away is an expected error, what does not exist stops the node", () => {
    const storage = new MemoryStorage();
    storage.append(entries(1, 1, 1, 1, 1));
    const log = new RaftLog(storage, UNLIMITED);
    storage.compact(2);
    expect(() => log.slice(2, 4, UNLIMITED)).toThrow(expect.objectContaining({ code: "COMPACTED" }));
    expect(indexes(log.slice(3, 5, UNLIMITED))).toEqual([3, 4]);
    expect([log.term(1), log.term(2)]).toEqual([NO_TERM, 1]);
    expect(() => log.slice(3, 6, UNLIMITED)).toThrow(/lastIndex=4/);
  });

  test("an append that conflicts replaces the tail; one that is known changes nothing", () => {
    const log = logWith([1, 1, 2], [2, 2]);
    expect(log.tryAppend(3, 2, entries(4, 2, 2), 3)).toBe(5);
    expect([log.unstable.offset, log.committed]).toEqual([4, 3]);
    expect(log.tryAppend(3, 2, entries(4, 3), 9)).toBe(4);
    expect([log.lastIndex, log.lastTerm, log.committed]).toEqual([4, 3, 4]);
    expect(log.tryAppend(5, 3, [], 9)).toBeUndefined();
  });

  test("replacing what is on disk makes it unstable again", () => {
    const log = logWith([1, 1, 1], []);
    expect(log.tryAppend(1, 1, entries(2, 2), 0)).toBe(2);
    expect([log.unstable.offset, log.lastIndex]).toEqual([2, 2]);
  });

  test("a leader whose entry contradicts a committed one stops the node", () => {
    const log = logWith([1, 1, 1], []);
    log.commitTo(2);
    expect(() => log.tryAppend(1, 1, entries(2, 2), 2)).toThrow(/conflict=2, committed=2/);
    expect(() => log.append(entries(2, 1))).toThrow(/index=2, committed=2/);
    expect(() => log.commitTo(4)).toThrow(/index=4, lastIndex=3, committed=2/);
  });

  test("an entry of an earlier term is not committed by counting (paper, figure 8)", () => {
    const log = logWith([1, 2], []);
    expect(log.maybeCommit(2, 4)).toBe(false);
    expect(log.maybeCommit(2, 2)).toBe(true);
    expect(log.maybeCommit(2, 2)).toBe(false);
  });

  test("conflict hints skip whole terms", () => {
    const log = logWith([1, 1, 1], [2, 2, 5, 5, 5]);
    expect(log.findConflictByTerm(8, 4)).toEqual({ index: 5, term: 2 });
    expect(log.findConflictByTerm(8, 1)).toEqual({ index: 3, term: 1 });
    expect(log.findConflictByTerm(8, 5)).toEqual({ index: 8, term: 5 });
    expect(log.findConflictByTerm(3, 0)).toEqual({ index: 0, term: 0 });
    expect(log.findConflictByTerm(9, 3)).toEqual({ index: 9, term: 0 });
  });

  test("up to date: by last term, then by length (paper, 5.4.1)", () => {
    const log = logWith([1, 1], [2]);
    expect([log.isUpToDate(1, 3), log.isUpToDate(9, 1), log.isUpToDate(3, 2), log.isUpToDate(2, 2)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

describe("committed entries", () => {
  const one = 6 + 2 + 10;

  test("only what is stable, unless told otherwise", () => {
    const log = logWith([1, 1], [1, 1]);
    log.commitTo(4);
    expect(indexes(log.nextCommitted(false))).toEqual([1, 2]);
    expect(indexes(log.nextCommitted(true))).toEqual([1, 2, 3, 4]);
  });

  test("pages wait for the acknowledgement of what is out", () => {
    const log = logWith([1, 1, 1, 1, 1], [], 2 * one);
    log.commitTo(5);
    const page = log.nextCommitted(false);
    expect(indexes(page)).toEqual([1, 2]);
    log.acceptApplying(2, entriesSize(page), false);
    expect(log.hasNextCommitted(false)).toBe(false);
    // Part of what is out leaves space for as much again.
    log.appliedTo(1, one);
    expect(indexes(log.nextCommitted(false))).toEqual([3]);
    log.acceptApplying(3, one, false);
    log.appliedTo(3, 2 * one);
    expect(indexes(log.nextCommitted(false))).toEqual([4, 5]);
  });

  test("a page that was cut short holds back the next, though there is space for a byte", () => {
    const log = logWith([1, 1, 1], [], 2 * one + 1);
    log.commitTo(3);
    const page = log.nextCommitted(false);
    expect(indexes(page)).toEqual([1, 2]);
    log.acceptApplying(2, entriesSize(page), false);
    expect(log.hasNextCommitted(false)).toBe(false);
    log.appliedTo(1, one);
    expect(indexes(log.nextCommitted(false))).toEqual([3]);
  });

  test("an entry above the limit goes alone, and holds back what follows", () => {
    const log = logWith([1, 1], [], 1);
    log.commitTo(2);
    expect(indexes(log.nextCommitted(false))).toEqual([1]);
    log.acceptApplying(1, one, false);
    expect(log.hasNextCommitted(false)).toBe(false);
    log.appliedTo(1, one);
    expect(indexes(log.nextCommitted(false))).toEqual([2]);
  });

  test("nothing is applied over a snapshot that is to be installed", () => {
    const log = logWith([1, 1], []);
    log.restore(snapshot(10, 2));
    log.append(entries(11, 2));
    log.commitTo(11);
    expect(log.hasNextCommitted(true)).toBe(false);
    log.unstable.stableSnapshotTo(10);
    log.appliedTo(10, 0);
    expect(indexes(log.nextCommitted(true))).toEqual([11]);
  });

  test("applied neither goes back nor passes the commit index", () => {
    const log = logWith([1, 1, 1], []);
    log.commitTo(2);
    log.appliedTo(2, 0);
    expect(() => log.appliedTo(1, 0)).toThrow(/index=1, applied=2/);
    expect(() => log.appliedTo(3, 0)).toThrow(/index=3.*committed=2/);
  });
});
