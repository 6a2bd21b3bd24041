import { describe, expect, test } from "bun:test";
import { type ConfState, type Entry, EntryType, isStorageError } from "../../../src/raft/core/index.ts";
import { LogCache } from "../../../src/raft/engine/log-cache.ts";
import { LogPages, PAGES_BYTES_MAX } from "../../../src/raft/engine/log-pages.ts";
import { TermRuns } from "../../../src/raft/engine/term-runs.ts";
import { seededRandom } from "../log/support/seeded-random.ts";

const CONF: ConfState = { voters: [1], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };

function entry(index: number, term: number, bytes = 8): Entry {
  return { index, term, type: EntryType.Normal, data: new Uint8Array(bytes) };
}

function range(from: number, to: number, term: number, bytes = 8): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, term, bytes));
}

function code(work: () => unknown): string {
  for (const expected of ["PENDING", "COMPACTED", "UNAVAILABLE"] as const) {
    try {
      work();
      return "ok";
    } catch (error) {
      if (isStorageError(error, expected)) return expected;
    }
  }
  return "other";
}

/** The WAL retains 11..20 (terms 2 and 3), all of them applied; memory holds what is appended. */
function afterStart(withReader = true) {
  const reads: (readonly [number, number])[] = [];
  const cache = new LogCache({
    hardState: { term: 3, vote: 0, commit: 20 },
    confState: CONF,
    index: 20,
    term: 3,
    retained: {
      firstIndex: 11,
      terms: [
        { index: 10, term: 1 },
        { index: 11, term: 2 },
        { index: 16, term: 3 },
      ],
    },
  });
  if (withReader) cache.readFrom((low, high) => reads.push([low, high]));
  return { cache, reads };
}

const terms = (entries: readonly Entry[]): readonly number[] => entries.map(({ index }) => index);

describe("LogCache", () => {
  test("knows the term of everything that the log retains, and of the position before it", () => {
    const { cache } = afterStart();
    expect([cache.firstIndex(), cache.lastIndex()]).toEqual([11, 20]);
    expect([10, 11, 15, 16, 20].map((index) => cache.term(index))).toEqual([1, 2, 2, 3, 3]);
    expect(code(() => cache.term(9))).toBe("COMPACTED");
    expect(code(() => cache.term(21))).toBe("UNAVAILABLE");
  });

  test("says PENDING once it has asked for a page, asks once, and then serves it and reads ahead", () => {
    const { cache, reads } = afterStart();
    expect(code(() => cache.entries(12, 21, 1 << 20))).toBe("PENDING");
    expect(code(() => cache.entries(12, 21, 1 << 20))).toBe("PENDING");
    // `code` tries once for each answer that it knows: however often it was asked, one read is under way.
    expect(reads).toEqual([[12, 21]]);
    cache.loaded(12, range(12, 15, 2));
    expect(terms(cache.entries(12, 21, 1 << 20))).toEqual([12, 13, 14, 15]);
    expect(terms(cache.entries(13, 21, 1))).toEqual([13]);
    expect(terms(cache.entries(13, 15, 1 << 20))).toEqual([13, 14]);
    expect(reads).toEqual([
      [12, 21],
      [16, 21],
    ]);
  });

  test("a failed read means that the log has dropped it: COMPACTED, and a snapshot", () => {
    const { cache } = afterStart();
    expect(code(() => cache.entries(12, 21, 1 << 20))).toBe("PENDING");
    cache.loaded(12, []);
    expect(code(() => cache.entries(12, 21, 1 << 20))).toBe("COMPACTED");
    expect(cache.firstIndex()).toBe(13);
    expect(cache.term(12)).toBe(2);
  });

  test("without a reader, what is not in memory is compacted", () => {
    const { cache } = afterStart(false);
    expect(cache.firstIndex()).toBe(21);
    expect(code(() => cache.entries(12, 21, 1 << 20))).toBe("COMPACTED");
  });

  test("what memory lets go of is still in the log", () => {
    const { cache, reads } = afterStart();
    cache.append(range(21, 30, 4, 100));
    expect(terms(cache.evictApplied(25, 0))).toEqual([21, 22, 23, 24, 25]);
    expect(terms(cache.entries(26, 31, 1 << 20))).toEqual([26, 27, 28, 29, 30]);
    expect(code(() => cache.entries(24, 31, 1 << 20))).toBe("PENDING");
    expect(reads).toEqual([[24, 26]]);
    expect([cache.term(21), cache.bytes]).toEqual([4, 500]);
  });

  test("evicts nothing that is not applied, whatever it weighs", () => {
    const { cache } = afterStart();
    cache.append(range(21, 24, 4, 1 << 20));
    expect(terms(cache.evictApplied(22, 0))).toEqual([21, 22]);
    expect(cache.evictApplied(22, 0)).toEqual([]);
  });

  test("a new leader's entries replace a suffix, and its terms", () => {
    const { cache } = afterStart();
    cache.append([...range(21, 23, 4), ...range(24, 26, 5)]);
    expect(terms(cache.append(range(23, 24, 6)))).toEqual([23, 24, 25, 26]);
    expect([22, 23, 24].map((index) => cache.term(index))).toEqual([4, 6, 6]);
    expect(cache.lastIndex()).toBe(24);
    expect(() => cache.append([entry(26, 6)])).toThrow("leaves a gap");
  });

  test("begins anew behind an installed snapshot; an answer to an older read is ignored", () => {
    const { cache, reads } = afterStart();
    cache.append(range(21, 23, 4));
    expect(code(() => cache.entries(12, 21, 1 << 20))).toBe("PENDING");
    expect(terms(cache.restart(100, 9))).toEqual([21, 22, 23]);
    cache.loaded(12, range(12, 15, 2));
    expect([cache.firstIndex(), cache.lastIndex(), cache.term(100)]).toEqual([101, 100, 9]);
    expect(code(() => cache.term(99))).toBe("COMPACTED");
    cache.append(range(101, 102, 9));
    expect(terms(cache.entries(101, 103, 1 << 20))).toEqual([101, 102]);
    expect(reads.length).toBe(1);
  });

  test("offers a snapshot of the applied position with its configuration", () => {
    const { cache } = afterStart();
    const confState = { ...CONF, voters: [1, 2] };
    cache.setApplied({ index: 25, term: 4 }, confState);
    expect(cache.snapshot().metadata).toEqual({ index: 25, term: 4, confState });
  });

  test("a log that says something else than memory knows stops the node", () => {
    const { cache } = afterStart();
    expect(code(() => cache.entries(12, 21, 1 << 20))).toBe("PENDING");
    expect(() => cache.loaded(12, range(12, 13, 9))).toThrow("entry 12 has term 9 in the log, 2 in memory");
  });
});

describe("LogPages", () => {
  test("hold a bounded number of bytes and let the least recently used go", () => {
    const pages = new LogPages();
    const bytes = PAGES_BYTES_MAX / 4;
    for (let i = 1; i <= 3; i++) pages.add([entry(i, 1, bytes)]);
    expect(pages.from(1)).toBeDefined();
    pages.add([entry(4, 1, bytes)]);
    expect([1, 2, 3, 4].map((index) => pages.has(index))).toEqual([true, false, true, true]);
    expect(pages.bytes).toBeLessThanOrEqual(PAGES_BYTES_MAX);
  });
});

describe("TermRuns", () => {
  test("agree with a plain list of terms under any sequence of appends and replacements", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seededRandom(seed);
      const model: number[] = [1];
      const runs = new TermRuns([{ index: 0, term: 1 }], 0);
      let term = 1;
      for (let step = 0; step < 200; step++) {
        if (random.nextInt(10) === 0) {
          term++;
          if (random.nextInt(2) === 0) model.length = 1 + random.nextInt(model.length);
        }
        runs.set(model.length, term);
        model.push(term);
        expect(runs.lastIndex).toBe(model.length - 1);
      }
      for (let index = 0; index <= model.length; index++) expect(runs.at(index)).toBe(model[index] as number);
    }
  });
});
