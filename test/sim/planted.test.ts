import { expect, test } from "bun:test";
import { join } from "node:path";
import { PLANTED } from "../../src/platform/planted.ts";
import { PLANTED_PROFILES } from "./lib/planted-profiles.ts";

const SRC = join(import.meta.dir, "../../src");

async function sources(): Promise<{ file: string; text: string }[]> {
  const files = [...new Bun.Glob("**/*.ts").scanSync(SRC)].filter((file) => !file.startsWith("gen/"));
  return await Promise.all(
    files.map(async (file) => ({ file, text: await Bun.file(join(SRC, file)).text() })),
  );
}

/** Comments may say what they like. */
function code(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
}

/** An assignment to a switch, or the object itself in hands that could do it. */
const WRITES = /PLANTED\s*(?:\.\s*\w+|\[[^\]]*\])\s*(?:[|&?+*-]*=(?!=)|\+\+|--)/;
const PASSED_ON = /PLANTED(?!\s*[.\w])/;

test("every planted bug is off", () => {
  expect(Object.values(PLANTED).filter(Boolean)).toEqual([]);
});

test("nothing in src turns one on", async () => {
  for (const { file, text } of await sources()) {
    if (file === "platform/planted.ts") continue;
    // Imports are the one place where the object stands alone.
    const rest = code(text).replaceAll(/^import[\s\S]*?from\s+"[^"]+";$/gm, "");
    expect({ file, writes: WRITES.test(rest), passedOn: PASSED_ON.test(rest) }).toEqual({
      file,
      writes: false,
      passedOn: false,
    });
  }
});

test("that test can fail", () => {
  for (const bad of ["PLANTED.forgetVote = true", "PLANTED['x'] ||= true", "PLANTED.x = y"])
    expect(WRITES.test(bad)).toBe(true);
  for (const bad of ["Object.assign(PLANTED, { x: true })", "const p = PLANTED;"])
    expect(PASSED_ON.test(bad)).toBe(true);
  for (const good of ["if (PLANTED.forgetVote) return;", "x = PLANTED.y === true"]) {
    expect(WRITES.test(good) || PASSED_ON.test(good)).toBe(false);
  }
});

test("every planted bug is used at least once in src, and hunted", async () => {
  const text = (await sources())
    .filter(({ file }) => file !== "platform/planted.ts")
    .map((source) => code(source.text))
    .join("\n");
  const names = Object.keys(PLANTED);
  expect(names.filter((name) => !text.includes(`PLANTED.${name}`))).toEqual([]);
  expect(Object.keys(PLANTED_PROFILES).toSorted()).toEqual(names.toSorted());
  expect(names.length).toBeGreaterThanOrEqual(12);
});
