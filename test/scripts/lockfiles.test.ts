import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { compareLockfiles, type Manifest } from "../../scripts/check/lockfiles.ts";

const root = join(import.meta.dir, "../..");
const text = (path: string) => Bun.file(join(root, path)).text();

const npm = (packages: Record<string, { version: string; optional?: boolean }>) =>
  JSON.stringify({ packages });
const bun = (...identities: string[]) =>
  `{ "packages": { ${identities.map((id, index) => `"k${index}": ["${id}", "", {}, "sha"],`).join("\n")} }, }`;

describe("lockfiles", () => {
  test("ours agree", async () =>
    expect(
      compareLockfiles(
        JSON.parse(await text("package.json")) as Manifest,
        await text("package-lock.json"),
        await text("bun.lock"),
      ),
    ).toEqual([]));

  test("another version is named", () =>
    expect(compareLockfiles({}, npm({ "node_modules/a": { version: "1.0.0" } }), bun("a@1.0.1"))).toEqual([
      "a: package-lock.json has 1.0.0, bun.lock has 1.0.1",
    ]));

  test("a package in one only is named", () => {
    expect(compareLockfiles({}, npm({ "node_modules/@s/a": { version: "1.0.0" } }), bun())).toHaveLength(1);
    expect(compareLockfiles({}, npm({}), bun("@s/a@1.0.0"))).toEqual([
      "@s/a: package-lock.json has none, bun.lock has 1.0.0",
    ]);
  });

  test("two nested versions count as a set", () => {
    const nested = npm({
      "node_modules/a": { version: "1.0.0" },
      "node_modules/b/node_modules/a": { version: "2.0.0" },
    });
    expect(compareLockfiles({}, nested, bun("a@2.0.0", "a@1.0.0"))).toEqual([]);
    expect(compareLockfiles({}, nested, bun("a@1.0.0"))).toHaveLength(1);
  });

  test("another platform's package may be missing from bun.lock", () =>
    expect(
      compareLockfiles({}, npm({ "node_modules/a": { version: "1.0.0", optional: true } }), bun()),
    ).toEqual([]));

  test("package.json must pin, and pin what is locked", () => {
    const locks = [npm({ "node_modules/a": { version: "1.0.0" } }), bun("a@1.0.0")] as const;
    expect(compareLockfiles({ dependencies: { a: "1.0.0" } }, ...locks)).toEqual([]);
    expect(compareLockfiles({ dependencies: { a: "^1.0.0" } }, ...locks)).toEqual([
      "package.json: a is not pinned (^1.0.0)",
    ]);
    expect(compareLockfiles({ devDependencies: { a: "1.0.1" } }, ...locks)).toHaveLength(1);
  });
});
