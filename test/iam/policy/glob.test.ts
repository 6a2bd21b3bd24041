/** Patterns match as a table of all begins says, in time that does not explode. */
import { describe, expect, test } from "bun:test";
import { ANY, Glob, type PatternPart, STAR } from "../../../src/iam/policy/glob.ts";
import { work } from "../../../src/iam/policy/pieces.ts";
import { seeded } from "../../s3/support/seeded.ts";

function globOf(pattern: string): Glob {
  const parts = [...pattern].map((c): PatternPart => (c === "*" ? STAR : c === "?" ? ANY : c));
  return new Glob(parts);
}

/** The pattern as a regular expression, for short texts. */
function expected(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern.replaceAll("*", "[^]*").replaceAll("?", "[^]")}$`).test(text);
}

test("random short patterns and texts", () => {
  const random = seeded(3);
  const word = (letters: string, most: number): string =>
    Array.from({ length: random.int(most + 1) }, () => random.pick([...letters])).join("");
  let matched = 0;
  for (let i = 0; i < 50_000; i++) {
    const [pattern, text] = [word("ab*?", 7), word("ab", 8)];
    const matches = globOf(pattern).matches(text);
    if (matches) matched++;
    if (matches !== expected(pattern, text)) throw new Error(`${pattern} ${text}: ${matches}`);
  }
  expect(matched).toBeGreaterThan(5_000);
});

test("pieces longer than a word of bits, with and without ?", () => {
  const random = seeded(4);
  const letters = (length: number): string => Array.from({ length }, () => random.pick(["a", "b"])).join("");
  for (const length of [31, 32, 33, 63, 64, 65, 200]) {
    const piece = letters(length);
    const open = piece.slice(0, 3) + "?".repeat(5) + piece.slice(8);
    const almost = `${piece.slice(0, -1)}${piece.endsWith("a") ? "b" : "a"}`;
    for (const pattern of [piece, open]) {
      const glob = globOf(`*${pattern}*`);
      expect(glob.matches(letters(150) + piece + letters(10))).toBe(true);
      expect(glob.matches(almost)).toBe(false);
      expect(glob.matches(piece)).toBe(true);
      expect(globOf(`x*${pattern}*${pattern}*`).matches(`x${piece}${almost.slice(1)}`)).toBe(false);
      expect(globOf(`x*${pattern}*${pattern}*y`).matches(`x${piece}${piece}zy`)).toBe(true);
    }
  }
});

/** Distinct characters of two bytes each. */
const distinct = (length: number): string =>
  Array.from({ length }, (_, i) => String.fromCharCode(0x400 + i)).join("");

/** Steps of one match after the first, which prepares the pattern. */
function stepsOf(pattern: string, text: string): number {
  const glob = globOf(pattern);
  glob.matches(text);
  const before = work.steps;
  glob.matches(text);
  return work.steps - before;
}

describe("patterns that explode for others cost steps in proportion to the pattern and the text", () => {
  const text = `${"a".repeat(1023)}`;

  test.each([
    ["many stars", "*a".repeat(600), text],
    ["a piece that almost matches everywhere", `*${"a".repeat(500)}b*`, text],
    [
      "a period that never ends right",
      `*${"a".repeat(300)}b${"a".repeat(300)}*`,
      `${"a".repeat(301)}b`.repeat(5),
    ],
    ["960 distinct characters", `*${distinct(960)}*`, distinct(959).repeat(2)],
    ["7,000 distinct characters", `*${distinct(7_000)}*`, distinct(6_999).repeat(2)],
  ])("%s", (_, pattern, given) => {
    expect(stepsOf(pattern, given)).toBeLessThan(3 * (pattern.length + given.length));
  });

  test.each([
    ["?", `*${"a?".repeat(250)}b*`, text],
    ["many stars and ?", `${"*a?".repeat(300)}b`, text],
    ["distinct characters and ?", `*${distinct(960)}?*`, distinct(960).repeat(2)],
  ])("a step for 32 characters of a piece with %s", (_, pattern, given) => {
    const words = Math.ceil(pattern.length / 32) + 1;
    expect(stepsOf(pattern, given)).toBeLessThan(pattern.length + given.length * words);
  });

  test.each([
    ["without ?", `*${distinct(7_000)}*`],
    ["with ?", `*?${distinct(7_000)}*`],
  ])("what a search needs is made once, in one pass: %s", (_, pattern) => {
    const glob = globOf(pattern);
    // Too short to search.
    glob.matches("a");
    const given = "a".repeat(7_001);
    const before = work.steps;
    glob.matches(given);
    const first = work.steps - before;
    glob.matches(given);
    const second = work.steps - before - first;
    expect(first).toBeLessThan(3 * (pattern.length + given.length));
    expect(first - second).toBeGreaterThanOrEqual(7_000);
  });
});

test("literal texts of a pattern", () => {
  expect([globOf("abc").literal, globOf("a?c").literal, globOf("ab*").literal]).toEqual([
    "abc",
    undefined,
    undefined,
  ]);
  expect([globOf("ab*").literalPrefix, globOf("a?c*").literalPrefix, globOf("abc").literalPrefix]).toEqual([
    "ab",
    "a",
    "abc",
  ]);
  expect(globOf("").matches("")).toBe(true);
  expect(globOf("").matches("a")).toBe(false);
});
