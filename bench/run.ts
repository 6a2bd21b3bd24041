/**
 * `make bench`: every figure as a ratio to a limit measured in the same run. docs/bench.md says how and why.
 *
 *   bun bench/run.ts [--quick] [--profile] [--only small,large,list,memory,blobs,cluster,raft-core,policies]
 *
 * A table on standard output, JSON in bench/results/. The exit code says whether it ran, not how fast: a figure that
 * falls short is shown, with where the time goes; --strict makes it an error.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { blobs } from "./cases/blobs.ts";
import { cluster } from "./cases/cluster.ts";
import { largeObjects } from "./cases/large-objects.ts";
import { list } from "./cases/list.ts";
import { memory } from "./cases/memory.ts";
import { policies } from "./cases/policies.ts";
import { raftCore } from "./cases/raft-core.ts";
import { smallObjects } from "./cases/small-objects.ts";
import type { BenchContext } from "./lib/context.ts";
import type { Figure } from "./lib/figure.ts";
import { summarizeProfiles } from "./lib/profile.ts";
import { printTable, writeJson } from "./lib/report.ts";

const CASES = {
  small: smallObjects,
  large: largeObjects,
  list,
  memory,
  blobs,
  cluster,
  "raft-core": raftCore,
  policies,
} as const;
type CaseName = keyof typeof CASES;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    strict: { type: "boolean", default: false },
    only: { type: "string", default: Object.keys(CASES).join(",") },
  },
});

const startedAt = new Date();
const names = values.only.split(",");
for (const name of names) {
  if (!(name in CASES))
    throw new Error(`--only: no case "${name}"; there are ${Object.keys(CASES).join(", ")}`);
}

const figures: Figure[] = [];
for (const name of names as CaseName[]) {
  const profileDirectory = values.profile ? join(import.meta.dir, "results/profiles", name) : undefined;
  if (profileDirectory !== undefined) mkdirSync(profileDirectory, { recursive: true });
  const context: BenchContext = {
    quick: values.quick,
    rounds: values.quick ? 2 : 5,
    secondsPerSample: values.quick ? 1 : 2,
    profileDirectory,
    log: (line) => console.error(`  ${line}`),
  };
  console.error(`== ${name}`);
  figures.push(...(await CASES[name](context)));
  if (profileDirectory !== undefined) summarizeProfiles(profileDirectory);
}

printTable(figures);
console.log(`\n${writeJson(figures, values.quick ? "quick" : "full", startedAt)}`);
const short = figures.filter((figure) => !figure.met);
console.log(
  `${figures.length} figures, ${short.length} fall short, ${Math.round((Date.now() - startedAt.getTime()) / 1000)} s`,
);
process.exit(values.strict && short.length > 0 ? 1 : 0);
