/**
 * `bun scripts/build.ts [outfile]`: the binary (docs/operations/build.md). Written beside the target and moved over it, so
 * that a running binary is not disturbed and a broken build leaves the old one.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { WORKER_ENTRYPOINTS } from "../src/rooms/worker-entrypoints.ts";

const root = join(import.meta.dir, "..");
const outfile = process.argv[2] ?? join(root, "dist/elastickv");

/** Main first; the Workers as further entrypoints, or they are missing from the binary. */
const entrypoints = ["main.ts", ...Object.values(WORKER_ENTRYPOINTS)].map((path) => join("src", path));
for (const entrypoint of entrypoints) {
  if (!existsSync(join(root, entrypoint)))
    fail(`${entrypoint} is missing (src/rooms/worker-entrypoints.ts lists it)`);
}

const temporary = `${outfile}.${process.pid}.new`;
mkdirSync(dirname(outfile), { recursive: true });
const build = Bun.spawnSync(
  [
    process.execPath,
    "build",
    "--compile",
    "--minify",
    "--keep-names",
    "--root=src",
    // A bunfig.toml or .env in the working directory of a server must not change what it does.
    "--no-compile-autoload-bunfig",
    "--no-compile-autoload-dotenv",
    // The parser's limit for request line and headers; the edge has the same (src/http/options.ts).
    "--compile-exec-argv=--max-http-header-size=65536",
    `--define=ELASTICKV_BUILD_COMMIT=${JSON.stringify(commit())}`,
    `--outfile=${temporary}`,
    ...entrypoints,
  ],
  { cwd: root, stdout: "pipe", stderr: "pipe" },
);
if (!build.success) {
  rmSync(temporary, { force: true });
  fail(`${build.stdout}${build.stderr}`);
}
renameSync(temporary, outfile);
console.log(`${outfile} (${(statSync(outfile).size / 2 ** 20).toFixed(1)} MiB)`);

/** Short commit, with -dirty when what goes into the binary differs from it; "source" outside a git checkout. */
function commit(): string {
  const head = git("rev-parse", "--short=12", "HEAD");
  if (head === undefined) return "source";
  const changes = git("status", "--porcelain", "--", "src", "proto", "package.json");
  return changes === "" ? head : `${head}-dirty`;
}

function git(...words: string[]): string | undefined {
  try {
    const result = Bun.spawnSync(["git", ...words], { cwd: root, stdout: "pipe", stderr: "ignore" });
    return result.success ? result.stdout.toString().trim() : undefined;
  } catch {
    return undefined; // git is not installed
  }
}

function fail(message: string): never {
  console.error(`build: ${message.trim()}`);
  process.exit(1);
}
