import { expect, test } from "bun:test";
import { DiskReserve } from "../../src/node/disk-reserve.ts";

function reserveOf(reserveBytes: number) {
  const state = { free: 10_000, changes: [] as boolean[] };
  const reserve = new DiskReserve({
    freeBytes: () => state.free,
    reserveBytes,
    onChange: (below) => state.changes.push(below),
  });
  const look = (free: number): boolean => {
    state.free = free;
    reserve.check();
    return reserve.below;
  };
  return { look, state };
}

test("below the reserve writes stop; they go on when there is clearly more", () => {
  const { look, state } = reserveOf(800);
  expect(look(800)).toBe(false);
  expect(look(799)).toBe(true);
  expect(look(100)).toBe(true);
  // A little more than the reserve would be gone at once.
  expect(look(899)).toBe(true);
  expect(look(900)).toBe(false);
  expect(look(800)).toBe(false);
  expect(state.changes).toEqual([true, false]);
});

test("no reserve, no opinion", () => {
  const { look, state } = reserveOf(0);
  expect(look(0)).toBe(false);
  expect(state.changes).toEqual([]);
});
