import { describe, expect, test } from "bun:test";
import { Proposals } from "../../src/consensus/proposals.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { decodeCommand } from "../../src/txn/command.ts";
import { HLC_CEILING_WINDOW_MS, physicalMs } from "../../src/txn/hlc.ts";
import { encodeTxn } from "../support/encode-txn.ts";

const ENTRY_BYTES = 1 << 20;

/** A log that takes every proposal and neither commits nor applies any by itself. */
function holding(maxHeldBytes: number) {
  const taken: Uint8Array[] = [];
  const released: number[] = [];
  const dropped: number[] = [];
  const proposals = new Proposals({
    clock: systemClock,
    append: (entries) => {
      taken.push(...entries.filter((data) => data.byteLength >= ENTRY_BYTES));
      return true;
    },
    onReleased: (_, slabIds) => released.push(...slabIds),
    maxHeldBytes,
  });
  const encode = (sequence: number): Uint8Array => {
    const payload = new Uint8Array(ENTRY_BYTES);
    const key = payload.subarray(0, 8);
    return encodeTxn(
      { conditions: [], mutations: [{ kind: "put", key, value: key, payload }] },
      { origin: new Uint8Array(8), sequence, acknowledgedBelow: 1 },
    );
  };
  const propose = (sequence: number): void => {
    const slab = encode(sequence);
    const place = { sequences: [sequence], offsets: [0], lengths: [slab.byteLength] };
    if (!proposals.own(0, { kind: "propose", group: 0, slabId: sequence, slab, ...place }))
      dropped.push(sequence);
  };
  const evictOldest = (): void => {
    const data = taken.shift();
    if (data === undefined) throw new Error("nothing was taken");
    proposals.evicted([{ index: 1, term: 1, type: 0, data }]);
  };
  return { propose, proposals, encode, evictOldest, taken, dropped, released };
}

test("what is neither applied nor refused is bounded in bytes: a store that stands still is not a leak", () => {
  const log = holding(3.5 * ENTRY_BYTES);
  for (let sequence = 1; sequence <= 10; sequence++) log.propose(sequence);
  expect(log.taken.length).toBe(3);
  expect(log.dropped).toEqual([4, 5, 6, 7, 8, 9, 10]);
  log.evictOldest();
  expect(log.released).toEqual([1]);
  log.propose(11);
  log.propose(12);
  expect(log.taken.length).toBe(3);
  expect(log.dropped.at(-1)).toBe(12);
});

test("proposals of other nodes count too, and have no slab to give back", () => {
  const log = holding(1.5 * ENTRY_BYTES);
  expect(log.proposals.foreign([log.encode(1)])).toBe(true);
  expect(log.proposals.foreign([log.encode(2)])).toBe(false);
  log.evictOldest();
  expect(log.released).toEqual([]);
  expect(log.proposals.foreign([log.encode(3)])).toBe(true);
});

test("an entry larger than the bound is taken when nothing else is held: it could never be otherwise", () => {
  const log = holding(1_000);
  log.propose(1);
  log.propose(2);
  expect(log.taken.length).toBe(1);
  expect(log.dropped).toEqual([2]);
});

test("what another node sends that is no transaction is not appended: every replica would stop at it", () => {
  const log = holding(ENTRY_BYTES);
  expect(() => log.proposals.foreign([new Uint8Array(100)])).toThrow(/no transaction/);
});

describe("ceilings (decision 032)", () => {
  const START_MS = 1_700_000_000_000;

  /** What each append to the log is, in order: a stamp's milliseconds after the start, or a ceiling's. */
  function leader() {
    const state = { nowMs: START_MS, takes: true };
    const clock = { nowMs: () => state.nowMs, monotonicMs: () => state.nowMs };
    const appends: string[][] = [];
    let last = 0n;
    const proposals = new Proposals({
      clock,
      append: (entries) => {
        const commands = entries.map((entry) => decodeCommand(entry));
        for (const { commitTs } of commands) {
          expect(commitTs).toBeGreaterThan(last);
          last = commitTs;
        }
        appends.push(
          commands.map((command) =>
            command.kind === "hlc-ceiling"
              ? `ceiling ${command.ceilingMs - START_MS}`
              : `stamp ${physicalMs(command.commitTs) - START_MS}`,
          ),
        );
        return state.takes;
      },
      onReleased: () => {},
      maxHeldBytes: 1 << 20,
    });
    let sequence = 0;
    const propose = (): boolean => {
      const key = new Uint8Array(8);
      const origin = new Uint8Array(8);
      const mutations = [{ kind: "put" as const, key, value: key }];
      return proposals.foreign([
        encodeTxn({ conditions: [], mutations }, { origin, sequence: ++sequence, acknowledgedBelow: 1 }),
      ]);
    };
    return { state, appends, proposals, propose };
  }

  test("lie before the first stamp under them, in one append with it; new ones come on demand, and none while nothing is written", () => {
    const { state, appends, propose } = leader();
    propose();
    state.nowMs += 1_000;
    propose();
    state.nowMs += 1;
    propose();
    state.nowMs += 3_600_000;
    expect(appends).toHaveLength(3);
    propose();
    expect(appends).toEqual([
      [`ceiling ${HLC_CEILING_WINDOW_MS}`, "stamp 0"],
      ["stamp 1000"],
      [`ceiling ${1_001 + HLC_CEILING_WINDOW_MS}`, "stamp 1001"],
      [`ceiling ${3_601_001 + HLC_CEILING_WINDOW_MS}`, "stamp 3601001"],
    ]);
  });

  test("that the log did not take cover nothing", () => {
    const { state, appends, propose } = leader();
    state.takes = false;
    expect(propose()).toBe(false);
    state.takes = true;
    expect(propose()).toBe(true);
    expect(appends[1]).toEqual([`ceiling ${HLC_CEILING_WINDOW_MS}`, "stamp 0"]);
  });

  test("of an earlier leadership cover nothing: the next one starts above what its log holds, with its own", () => {
    const { appends, proposals, propose } = leader();
    propose();
    // Another leader's clock was a minute ahead.
    proposals.startLeading(0n, START_MS + 60_000);
    propose();
    expect(appends[1]).toEqual([`ceiling ${60_001 + HLC_CEILING_WINDOW_MS}`, "stamp 60001"]);
  });
});

test("what is released goes back to the gateway whose slab it is", () => {
  const released: [number, readonly number[]][] = [];
  const taken: Uint8Array[] = [];
  const proposals = new Proposals({
    clock: systemClock,
    append: (entries) => {
      taken.push(...entries);
      return true;
    },
    onReleased: (gateway, slabIds) => released.push([gateway, slabIds]),
    maxHeldBytes: 1 << 20,
  });
  const propose = (gateway: number, slabId: number): void => {
    const entry = encodeTxn(
      { conditions: [], mutations: [{ kind: "delete", key: new Uint8Array(8) }] },
      { origin: new Uint8Array(8), sequence: 1, acknowledgedBelow: 1 },
    );
    const place = { sequences: [1], offsets: [0], lengths: [entry.byteLength] };
    expect(proposals.own(gateway, { kind: "propose", group: 0, slabId, slab: entry, ...place })).toBe(true);
  };
  // The same number at both: ids of slabs are a gateway's own.
  propose(0, 7);
  propose(1, 7);
  propose(1, 8);
  proposals.evicted(taken.map((data, index) => ({ index, term: 1, type: 0, data })));
  expect(released).toEqual([
    [0, [7]],
    [1, [7, 8]],
  ]);
});
