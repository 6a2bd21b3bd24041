import { expect, test } from "bun:test";
import { readContext, readIdOf } from "../../src/consensus/read-context.ts";

const LIFE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const NEXT_LIFE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 9);

test("a read finds its answer", () => {
  for (const id of [1, 255, 2 ** 40]) expect(readIdOf(LIFE, readContext(LIFE, id))).toBe(id);
});

test("the answer to an earlier life with the same number is nobody's", () => {
  expect(readIdOf(NEXT_LIFE, readContext(LIFE, 1))).toBeUndefined();
});

test("another layout is nobody's", () => {
  expect(readIdOf(LIFE, new Uint8Array(8))).toBeUndefined();
  expect(readIdOf(LIFE, new Uint8Array(24))).toBeUndefined();
});
