/**
 * `bun run raft:interaction FILE_OR_DIR...`: runs interaction cases against the Raft core. For each file `ok NAME` or
 * its first difference (and `skip NAME` for what a folder has beside files), then `N passed, M failed`. Exit status 0 only when everything matched.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { describeDifference, runCases, suiteOf } from "./runner.ts";

/**
 * The file itself; of a folder all files, whatever their suffix. What is passed over (hidden names, and what is neither
 * file nor folder) is said: a case that nobody runs must not look like one that passed.
 */
function casesIn(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => {
      const inner = join(path, name);
      const stat = statSync(inner, { throwIfNoEntry: false });
      if (!name.startsWith(".") && (stat?.isDirectory() || stat?.isFile())) return casesIn(inner);
      console.log(`skip ${inner}`);
      return [];
    });
}

/** null when everything matched. */
function runFile(path: string): string | null {
  try {
    const difference = runCases(suiteOf(resolve(path)), readFileSync(path, "utf8"));
    return difference === null ? null : describeDifference(difference);
  } catch (error) {
    return `  ${error instanceof Error ? error.message : String(error)}\n`;
  }
}

function main(paths: readonly string[]): number {
  if (paths.length === 0) {
    console.error("usage: bun run raft:interaction FILE_OR_DIR...");
    return 2;
  }
  let passed = 0;
  let failed = 0;
  const missing = paths.filter((path) => !existsSync(path));
  for (const path of [...missing, ...paths.filter(existsSync).flatMap(casesIn)]) {
    const failure = runFile(path);
    if (failure === null) passed++;
    else failed++;
    console.log(failure === null ? `ok ${path}` : `FAIL ${path}\n${failure.trimEnd()}`);
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
