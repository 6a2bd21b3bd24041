import { expect, test } from "bun:test";
import { readContext, readOf } from "../../src/consensus/read-context.ts";

const LIFE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const NEXT_LIFE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 9);

test("a read finds its answer", () => {
  for (const id of [1, 255, 2 ** 40]) {
    for (const gateway of [0, 1, 255]) {
      expect(readOf(LIFE, readContext(LIFE, { gateway, id }))).toEqual({ gateway, id });
    }
  }
});

test("the answer to an earlier life with the same number is nobody's", () => {
  expect(readOf(NEXT_LIFE, readContext(LIFE, { gateway: 0, id: 1 }))).toBeUndefined();
});

test("another layout is nobody's", () => {
  expect(readOf(LIFE, new Uint8Array(8))).toBeUndefined();
  expect(readOf(LIFE, new Uint8Array(24))).toBeUndefined();
});
