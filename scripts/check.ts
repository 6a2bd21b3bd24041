/**
 * `make check`: formatting and lint, types, import arrows, generated code, lockfiles, references, lengths, and
 * unused code. All checks run, and each failure is shown.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkLayers, checkSource, checkTree } from "./check/arrows.ts";
import { compareLockfiles, type Manifest } from "./check/lockfiles.ts";
import { deadReferences } from "./check/references.ts";
import { unused } from "./check/unused.ts";

const root = join(import.meta.dir, "..");
const read = (path: string): Promise<string> => Bun.file(join(root, path)).text();

interface Check {
  readonly name: string;
  /** Resolves with the problems; empty = none. */
  run(): Promise<string>;
}

const CHECKS: readonly Check[] = [
  {
    name: "format and lint",
    run: () =>
      command(process.execPath, "node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings"),
  },
  { name: "types", run: () => command(process.execPath, "node_modules/typescript/bin/tsc", "--noEmit") },
  { name: "import arrows", run: arrows },
  { name: "generated code", run: () => command("sh", "scripts/gen-proto.sh", "--check") },
  { name: "lockfiles", run: lockfiles },
  { name: "references", run: references },
  { name: "lengths", run: lengths },
  { name: "unused", run: () => unused(root) },
];

async function command(...words: string[]): Promise<string> {
  const child = Bun.spawn(words, { cwd: root, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return code === 0 ? "" : `${out}${err}`.trim() || `exit code ${code}`;
}

async function arrows(): Promise<string> {
  const sources = new Map<string, string>();
  for await (const file of new Bun.Glob("src/**/*.ts").scan({ cwd: root })) {
    if (!file.startsWith("src/gen/")) sources.set(file, await read(file));
  }
  const violations = [...checkLayers(), ...checkTree(sources)];
  for (const [file, source] of sources) violations.push(...checkSource(file, source));
  return violations
    .map(({ file, message }) => `${file}: ${message}`)
    .sort()
    .join("\n");
}

async function lockfiles(): Promise<string> {
  const manifest = JSON.parse(await read("package.json")) as Manifest;
  return compareLockfiles(manifest, await read("package-lock.json"), await read("bun.lock")).join("\n");
}

/** Checks references in new files too, before they are committed. */
async function references(): Promise<string> {
  const child = Bun.spawn(["git", "ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    stdout: "pipe",
    stderr: "pipe",
  });
  const listed = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) return `git ls-files: ${await new Response(child.stderr).text()}`;
  const files = new Set(
    listed
      .trim()
      .split("\n")
      .filter((path) => existsSync(join(root, path))),
  );
  const tree = { files, text: (path: string) => readFileSync(join(root, path), "utf8") };
  return deadReferences(tree)
    .map(({ file, line, message }) => `${file}:${line}: ${message}`)
    .join("\n");
}

const LINES_MAX = 400;

/** A file over the limit must say why (docs/ARCHITECTURE.md, "Folders"). */
async function lengths(): Promise<string> {
  const problems: string[] = [];
  for await (const file of new Bun.Glob("{src,test,bench,scripts}/**/*.ts").scan({ cwd: root })) {
    if (file.startsWith("src/gen/")) continue;
    const lines = (await read(file)).split("\n");
    const saysWhy = lines.slice(0, 40).join("\n").includes(`More than ${LINES_MAX} lines: `);
    if (lines.length - 1 > LINES_MAX && !saysWhy) {
      problems.push(
        `${file}: ${lines.length - 1} lines; say "More than ${LINES_MAX} lines: ..." in its head, or divide it`,
      );
    }
  }
  return problems.join("\n");
}

const results = await Promise.all(
  CHECKS.map(async ({ name, run }) => {
    const start = performance.now();
    const problem = await run().catch((error: unknown) => String(error));
    console.log(
      `${problem === "" ? "ok  " : "FAIL"}  ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`,
    );
    return { name, problem };
  }),
);
const failed = results.filter(({ problem }) => problem !== "");
for (const { name, problem } of failed) console.error(`\n--- ${name} ---\n${problem}`);
console.log(`check: ${results.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
