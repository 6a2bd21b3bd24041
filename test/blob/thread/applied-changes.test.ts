import { describe, expect, test } from "bun:test";
import { AppliedChanges, CHANGES_MAX, CHANGES_PER_TURN } from "../../../src/blob/thread/applied-changes.ts";
import { ManualTime } from "../../support/manual-time.ts";

const name = (n: number): Uint8Array => {
  const sha256 = new Uint8Array(32);
  new DataView(sha256.buffer).setUint32(0, n);
  return sha256;
};
const names = (count: number): Uint8Array[] => Array.from({ length: count }, (_, n) => name(n));

function changesOver() {
  const time = new ManualTime();
  const seen = { referenced: 0, overlooked: 0, swept: [] as number[] };
  const changes = new AppliedChanges({
    store: { has: (sha256) => sha256[3] === 0 },
    backfill: {
      onReferenced: () => {
        seen.referenced++;
      },
      onOverlooked: () => {
        seen.overlooked++;
      },
    },
    removal: { swept: (blobs) => void seen.swept.push(blobs.length) },
    timers: time,
    fatal: (message) => {
      throw new Error(message);
    },
  });
  const add = (referenced: readonly Uint8Array[], swept: readonly Uint8Array[]): void =>
    changes.add({
      kind: "applied",
      referenced: referenced.map((sha256) => ({ sha256, size: 1, source: 2 })),
      swept,
    });
  return { time, seen, changes, add };
}

describe("applied changes", () => {
  test("a small batch is looked at within the call", () => {
    const { seen, add } = changesOver();
    add(names(10), names(3));
    expect(seen).toEqual({ referenced: 9, overlooked: 0, swept: [3] });
  });

  test("a large one in stretches, one in a turn", async () => {
    const { time, seen, changes, add } = changesOver();
    add(names(3 * CHANGES_PER_TURN), names(2 * CHANGES_PER_TURN + 1));
    expect(seen.swept).toEqual([CHANGES_PER_TURN]);
    expect(changes.waiting).toBe(2 * CHANGES_PER_TURN);
    const before = time.turns;
    await time.advance(1);
    expect(seen.swept).toEqual([CHANGES_PER_TURN, CHANGES_PER_TURN, 1]);
    expect(changes.waiting).toBe(0);
    expect(time.turns - before).toBe(2);
  });

  test("what does not fit is left to the backfill", async () => {
    const { time, seen, add } = changesOver();
    add(names(CHANGES_MAX + 5), []);
    expect(seen.overlooked).toBe(5);
    await time.advance(1);
    expect(seen.referenced).toBe(CHANGES_MAX - Math.ceil(CHANGES_MAX / 256));
  });
});
