/** Patterns match as a table of all begins says, in time that does not explode. */
import { expect, test } from "bun:test";
import { ANY, Glob, type PatternPart, STAR } from "../../../src/iam/policy/glob.ts";
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

test("patterns that explode for others are decided at once", () => {
  const text = `${"a".repeat(1023)}`;
  const patterns = [
    "*a".repeat(600),
    `${"*a?".repeat(300)}b`,
    `*${"a".repeat(500)}b*`,
    `*${"a?".repeat(250)}b*`,
  ];
  const started = performance.now();
  for (const pattern of patterns) {
    for (let i = 0; i < 20; i++) expect(globOf(pattern).matches(text)).toBe(pattern === patterns[0]);
  }
  expect(performance.now() - started).toBeLessThan(2_000);
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
