/**
 * Files, exports and dependencies that nobody uses, found by knip (knip.jsonc) in two runs:
 * 1. the whole tree: what no other file imports is not exported;
 * 2. the product alone: what only tests, benchmarks and scripts import carries `@internal`, and nothing else does.
 */
import { join } from "node:path";

const KNIP = join(import.meta.dir, "../../node_modules/knip/bin/knip.js");
const STRICT = ["--no-progress", "--treat-config-hints-as-errors", "--treat-tag-hints-as-errors"];
const RUNS: readonly { readonly args: readonly string[]; readonly advice: string }[] = [
  { args: [], advice: "remove it, or its `export` where its own file uses it" },
  {
    args: ["--production", "--tags=-internal"],
    advice:
      "only tests use it: move it to test/, or, if the product's file needs it too, say @internal in its docstring",
  },
];

/** Returns knip's findings for the tree at `root`, with advice. Empty: no findings. */
export async function unused(root: string): Promise<string> {
  const said = await Promise.all(
    RUNS.map(async ({ args, advice }) => {
      const words = [process.execPath, KNIP, "--directory", root, ...STRICT, ...args];
      const child = Bun.spawn(words, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      const [out, err, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      return code === 0 ? "" : `${`${out}${err}`.trim()}\n(${advice})`;
    }),
  );
  return said.filter((text) => text !== "").join("\n");
}
