/**
 * `bun scripts/build.ts [outfile]`: builds the binary (docs/operations/build.md). The binary is written beside the
 * target and then renamed, so that a running binary is not changed and a failed build leaves the old one.
 */

import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { BunPlugin } from "bun";
import { WORKER_ENTRYPOINTS } from "../src/threads/worker-entrypoints.ts";
import { releaseOf } from "./package/release.ts";

const root = join(import.meta.dir, "..");
const outfile = process.argv[2] ?? join(root, "dist/elastickv");

/** Main is first. The Workers must be entrypoints too; otherwise they are missing from the binary. */
const entrypoints = ["main.ts", ...Object.values(WORKER_ENTRYPOINTS)].map((path) => join("src", path));
for (const entrypoint of entrypoints) {
  if (!existsSync(join(root, entrypoint)))
    fail(`${entrypoint} is missing (src/threads/worker-entrypoints.ts lists it)`);
}

// Bun writes the file's name into the binary, so the name must be the same in every build.
const workshop = `${outfile}.${process.pid}.new`;
const temporary = join(workshop, "elastickv");
mkdirSync(workshop, { recursive: true });
process.on("exit", () => rmSync(workshop, { recursive: true, force: true }));

/**
 * Planted bugs are for the simulator (src/platform/planted.ts). In the binary every `PLANTED.name` is the constant
 * `false`, and its branch is removed. test/smoke searches the binary for the names.
 */
const withoutPlantedBugs: BunPlugin = {
  name: "without-planted-bugs",
  setup(builder) {
    builder.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const source = await Bun.file(path).text();
      return { loader: "ts", contents: source.replace(/\bPLANTED\.\w+/g, "false") };
    });
  },
};

const release = releaseOf();
const build = await Bun.build({
  entrypoints: entrypoints.map((path) => join(root, path)),
  root: join(root, "src"),
  minify: { whitespace: true, syntax: true, identifiers: true, keepNames: true },
  target: "bun",
  plugins: [withoutPlantedBugs],
  define: {
    ELASTICKV_BUILD_COMMIT: JSON.stringify(release.commit),
    ELASTICKV_BUILD_RELEASE: JSON.stringify(release.name),
  },
  compile: {
    outfile: temporary,
    // A bunfig.toml or .env in a server's working directory must not change the server.
    autoloadBunfig: false,
    autoloadDotenv: false,
    // The parser's limit for request line and headers; the edge has the same (src/http/options.ts).
    execArgv: ["--max-http-header-size=65536"],
  },
  throw: false,
});
if (!build.success) fail(build.logs.join("\n"));
renameSync(temporary, outfile);
console.log(`${outfile} (${(statSync(outfile).size / 2 ** 20).toFixed(1)} MiB)`);

function fail(message: string): never {
  console.error(`build: ${message.trim()}`);
  process.exit(1);
}
