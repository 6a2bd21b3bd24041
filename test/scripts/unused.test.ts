import { afterEach, expect, test } from "bun:test";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unused } from "../../scripts/check/unused.ts";

const REPOSITORY = join(import.meta.dir, "../..");
const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

const CLEAN = {
  "package.json": '{ "name": "planted", "type": "module" }',
  "tsconfig.json": '{ "compilerOptions": { "allowImportingTsExtensions": true, "noEmit": true } }',
  "knip.json": JSON.stringify({
    entry: ["src/main.ts!", "test/**/*.test.ts"],
    project: ["src/**/*.ts!", "test/**/*.ts"],
  }),
  "src/main.ts": 'import { used } from "./part.ts";\nused();\n',
  "src/part.ts": "export function used(): void {}\n",
  "test/part.test.ts": 'import { used } from "../src/part.ts";\nused();\n',
};

function check(changed: Readonly<Record<string, string>>): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "unused-"));
  roots.push(root);
  for (const [path, text] of Object.entries({ ...CLEAN, ...changed })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return unused(root);
}

const PART = CLEAN["src/part.ts"];
const FORGOTTEN = `${PART}export function forgotten(): void {}\n`;
const TESTED = {
  "test/part.test.ts": 'import { forgotten } from "../src/part.ts";\nforgotten();\n',
};

test("a tree where everything is used has nothing to say", async () => {
  expect(await check({})).toBe("");
});

test("an export, a type, a file and a dependency that nobody uses are named", async () => {
  const said = await check({
    "src/part.ts": `${FORGOTTEN}export interface Unwanted {}\n`,
    "src/lonely.ts": "export {};\n",
    "package.json": '{ "name": "planted", "type": "module", "dependencies": { "left-pad": "1.3.0" } }',
  });
  for (const name of ["forgotten", "Unwanted", "src/lonely.ts", "left-pad"]) expect(said).toContain(name);
});

test("an export that only a test uses wants @internal", async () => {
  expect(await check({ ...TESTED, "src/part.ts": FORGOTTEN })).toContain("forgotten");
  const tagged = FORGOTTEN.replace(
    "export function forgotten",
    "/** @internal */\nexport function forgotten",
  );
  expect(await check({ ...TESTED, "src/part.ts": tagged })).toBe("");
});

test("@internal excuses nothing that nobody uses, and is wrong where the product uses it", async () => {
  const tagged = FORGOTTEN.replace(
    "export function forgotten",
    "/** @internal */\nexport function forgotten",
  );
  expect(await check({ "src/part.ts": tagged })).toContain("forgotten");
  const stale = `/** @internal */\n${PART}`;
  expect(await check({ "src/part.ts": stale })).toMatch(/^Unused tag in .*: used → @internal$/m);
});

test("this repository's own settings find an export planted in a copy of its sources", async () => {
  const root = mkdtempSync(join(tmpdir(), "unused-"));
  roots.push(root);
  const files = [
    "package.json",
    "tsconfig.json",
    "knip.jsonc",
    "src",
    "test",
    "bench",
    "scripts",
    "Makefile",
  ];
  for (const file of files) cpSync(join(REPOSITORY, file), join(root, file), { recursive: true });
  appendFileSync(join(root, "src/platform/exit-codes.ts"), "export const planted = 1;\n");
  expect(await unused(root)).toMatch(/^planted +src\/platform\/exit-codes\.ts/m);
}, 60_000);
