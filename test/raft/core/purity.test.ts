import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const CORE = resolve(import.meta.dir, "../../../src/raft/core");

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((each) =>
    each.isDirectory() ? sources(join(folder, each.name)) : [join(folder, each.name)],
  );
}

/** The code without comments and strings. */
function code(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/\/\/.*$/gm, "")
    .replaceAll(/`(?:[^`\\$]|\\.|\$(?!\{))*`|"(?:[^"\\]|\\.)*"/g, '""');
}

const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ["clocks", /\bDate\b|\bperformance\b|\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bqueueMicrotask\b/],
  ["randomness", /\bMath\s*\.\s*random\b|\bcrypto\b/],
  ["promises", /\basync\b|\bawait\b|\bPromise\b/],
  [
    "the environment",
    /\bprocess\b|\bBun\b|\bglobalThis\b|\bconsole\b|\brequire\b|\bimport\s*\(|\bimport\.meta\b/,
  ],
  ["the network", /\bfetch\b|\bWebSocket\b|\bpostMessage\b|\bWorker\b/],
];

describe("the core is pure", () => {
  for (const file of sources(CORE)) {
    const name = relative(CORE, file);
    const text = readFileSync(file, "utf8");

    test(`${name} imports nothing from outside`, () => {
      for (const [, from] of text.matchAll(/^\s*(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"/gm)) {
        const target = from ?? "";
        expect(target).toStartWith(".");
        expect(relative(CORE, resolve(dirname(file), target))).not.toStartWith("..");
      }
      expect(text).not.toMatch(/^\s*import\s+"/m);
    });

    test(`${name} has no I/O, clock, randomness or promise`, () => {
      for (const [what, pattern] of FORBIDDEN) {
        expect([what, code(text).match(pattern)?.[0]]).toEqual([what, undefined]);
      }
    });
  }

  test("the patterns find what they are for", () => {
    const impure = "const a = Date.now() + Math.random(); async () => await fetch(process.env.X);";
    for (const [what, pattern] of FORBIDDEN) {
      expect([what, pattern.test(impure)]).toEqual([what, true]);
    }
    expect(code('"Date" // Date\n/* Date */ `Date`')).not.toContain("Date");
  });
});
