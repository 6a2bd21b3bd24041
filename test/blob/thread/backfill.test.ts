import { expect, test } from "bun:test";
import { Backfill, RETRY_MS } from "../../../src/blob/thread/backfill.ts";
import { ManualTime } from "../../support/manual-time.ts";
import { blobOf } from "./support/blob-node.ts";

const HOUR = 3_600_000;

test("references that were overlooked are found by a walk that begins at once, and counted until its end", async () => {
  const time = new ManualTime();
  const blob = blobOf("a");
  const rows = [{ sha256: blob.sha256, size: 1, references: 1 }];
  const offered: Uint8Array[] = [];
  let held = true;
  let waiting = 0;
  const backfill = new Backfill({
    store: { has: () => held },
    counts: { page: (after) => (after === undefined ? rows : []) },
    queue: {
      offer: ({ sha256 }) => {
        offered.push(sha256);
        waiting = 1;
        return "queued";
      },
      get size() {
        return waiting;
      },
      get waiting() {
        return waiting;
      },
    },
    timers: time,
    intervalMs: HOUR,
    refillBelow: 10,
    fatal: (message) => {
      throw new Error(message);
    },
  });
  backfill.restart();
  await time.advance(100);
  expect(backfill.missing).toBe(0);
  held = false;
  backfill.onOverlooked();
  backfill.onOverlooked();
  expect(backfill.missing).toBe(2);
  await time.advance(100);
  expect(offered).toEqual([blob.sha256, blob.sha256]);
  expect(backfill.missing).toBe(1);
  // The walk over everything still comes.
  offered.length = 0;
  await time.advance(HOUR);
  expect(offered).toEqual([blob.sha256]);
});

test("while a later walk is under way, what was missing before it still counts", async () => {
  const time = new ManualTime();
  const rows = Array.from({ length: 600 }, (_, n) => ({ ...blobOf(`row ${n}`), size: 1, references: 1 }))
    .map(({ sha256, size, references }) => ({ sha256, size, references }))
    .sort((a, b) => Buffer.compare(a.sha256, b.sha256));
  const last = rows.at(-1)?.sha256;
  let missing = true;
  const backfill = new Backfill({
    store: { has: (sha256) => !missing || sha256 !== last },
    counts: {
      page: (after, limit) => {
        const from = after === undefined ? 0 : rows.findIndex(({ sha256 }) => sha256 === after) + 1;
        return rows.slice(from, from + limit);
      },
    },
    queue: { offer: () => "full", size: 0, waiting: 100 },
    timers: time,
    intervalMs: HOUR,
    refillBelow: 10,
    fatal: (message) => {
      throw new Error(message);
    },
  });
  backfill.restart();
  expect(backfill.missing).toBeUndefined();
  await time.advance(100);
  expect(backfill.missing).toBe(1);
  // The next walk sees the last row in its third step only.
  for (let step = 0; step < 10; step++) {
    await time.advance(step === 0 ? HOUR - 100 : 3);
    expect(backfill.missing).toBe(1);
  }
  missing = false;
  await time.advance(HOUR + 100);
  expect(backfill.missing).toBe(0);
});

test("a blob that nobody could be asked for is looked for again soon, later each time, and by the interval once all are there", async () => {
  const time = new ManualTime();
  const blob = blobOf("a");
  const offeredAt: number[] = [];
  let queued = 0;
  const backfill: Backfill = new Backfill({
    store: { has: () => false },
    counts: {
      page: (after) => (after === undefined ? [{ sha256: blob.sha256, size: 1, references: 1 }] : []),
    },
    queue: {
      offer: () => {
        offeredAt.push(time.monotonicMs());
        queued = 1;
        return "queued";
      },
      get size() {
        return queued;
      },
      get waiting() {
        return queued;
      },
    },
    timers: time,
    intervalMs: HOUR,
    refillBelow: 10,
    fatal: (message) => {
      throw new Error(message);
    },
  });
  const end = (how: "unreachable" | "not-found" | "stored"): void => {
    queued = 0;
    backfill.onFetchEnd(how);
  };
  backfill.restart();
  await time.advance(100);
  expect(offeredAt.length).toBe(1);
  for (const [retry, pauseMs] of [RETRY_MS, 2 * RETRY_MS, 4 * RETRY_MS].entries()) {
    end("unreachable");
    expect(backfill.missing).toBe(1);
    await time.advance(pauseMs - 1);
    expect(offeredAt.length).toBe(retry + 1);
    await time.advance(100);
    expect(offeredAt.length).toBe(retry + 2);
  }
  // Everybody was asked: by the interval. After that walk, without a failure, a retry is soon again.
  end("not-found");
  expect(backfill.missing).toBe(1);
  await time.advance(HOUR - 1_000);
  expect(offeredAt.length).toBe(4);
  await time.advance(1_000);
  expect(offeredAt.length).toBe(5);
  end("unreachable");
  await time.advance(RETRY_MS + 100);
  expect(offeredAt.length).toBe(6);
  end("stored");
  expect(backfill.missing).toBe(0);
});
