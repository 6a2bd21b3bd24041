/**
 * Fresh seeds for a while, or one seed once more (docs/simulator.md):
 *
 *     bun test/sim/run.ts --seconds 60            random seeds, printed
 *     bun test/sim/run.ts --seed 7 --seconds 60   seeds 7, 8, 9 ...
 *     bun test/sim/run.ts --seed 7 --trace        seed 7 alone, with everything that happens
 *
 * `--nodes k` fixes the size of the clusters; `--store memory` or `--store sqlite` what their keyspaces are kept in; `--blobs`: every
 * seed has content beside the log, not only every third. Ends with 1 when a seed failed.
 */
import { parseArgs } from "node:util";
import { blobsOf, type Profile, storeOf } from "./lib/profile.ts";
import { runSeed, verdictOf } from "./lib/run-seed.ts";
import type { RunResult } from "./lib/world.ts";

/** Of what happened before a failure. */
const LAST_LINES = 60;
const MAX_FAILURES = 5;
/** Every so manieth seed is run twice: it must be the same run. */
const AGAIN_EVERY = 20;
/** Of the seeds, to end with a history about which nothing is known (the ledger holds all the same); one is always forgiven. */
const MAX_UNDECIDED_SHARE = 0.01;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seconds: { type: "string" },
    nodes: { type: "string" },
    store: { type: "string" },
    trace: { type: "boolean", default: false },
    blobs: { type: "boolean", default: false },
  },
});

function integer(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    console.error(`--${name} ${text}: not a number`);
    process.exit(2);
  }
  return value;
}

const nodes = integer("nodes", values.nodes);
const givenStore = storeGiven(values.store);

function storeGiven(text: string | undefined): Profile["store"] | undefined {
  if (text === undefined || text === "memory" || text === "sqlite") return text;
  console.error(`--store ${text}: not memory or sqlite`);
  process.exit(2);
}

/** Of a seed: what the command line insists on, and which store it runs. */
function overridesOf(seed: number): Partial<Profile> {
  const blobs = values.blobs === true || blobsOf(seed);
  return { store: givenStore ?? storeOf(seed), blobs, ...(nodes === undefined ? {} : { nodes }) };
}
const given = integer("seed", values.seed);
const seconds = integer("seconds", values.seconds);

function replay({ seed, hash }: RunResult): void {
  const lines: string[] = [];
  const again = runSeed({ seed, profile: overridesOf(seed), trace: (line) => lines.push(line) });
  if (again.hash !== hash) console.log(`  NOT THE SAME RUN: ${hash} before, ${again.hash} now`);
  for (const line of lines.slice(-LAST_LINES)) console.log(`    ${line}`);
}

function report(result: RunResult): void {
  const {
    seed,
    profile,
    simulatedMs,
    events,
    calls,
    answered,
    applied,
    leaders,
    ledger,
    uploads,
    history,
    hash,
  } = result;
  const faults = Object.entries(result.faults).map(([name, count]) => `${name}:${count}`);
  console.log(
    `seed ${seed}: ${verdictOf(result)} (${profile.nodes} nodes, ${profile.store}${profile.blobs ? ", blobs" : ""}, ${(simulatedMs / 1000).toFixed(0)} s, ${events} events, ` +
      `${answered}/${calls} calls, ${ledger} written once, ${profile.blobs ? `${uploads} objects, ` : ""}${applied} entries, ${leaders} terms${hard(history)}, ${hash}) ` +
      faults.join(" "),
  );
}

function hard({ undecided, retried }: RunResult["history"]): string {
  if (undecided > 0) return `, ${undecided} UNDECIDED`;
  return retried > 0 ? `, ${retried} decided at the second look` : "";
}

function failed(result: RunResult): void {
  const { seed, failure } = result;
  console.log(`  ${failure?.stack ?? failure}`);
  console.log(`  the last of what happened in seed ${seed}:`);
  replay(result);
  const nodesFlag = nodes === undefined ? "" : ` --nodes ${nodes}`;
  const storeFlag = givenStore === undefined ? "" : ` --store ${givenStore}`;
  console.log(`  replay: bun test/sim/run.ts --seed ${seed}${nodesFlag}${storeFlag} --trace`);
}

if (values.trace) {
  const seed = given ?? 1;
  const result = runSeed({ seed, profile: overridesOf(seed), trace: (line) => console.log(line) });
  report(result);
  if (result.failure !== undefined) console.log(result.failure.stack ?? String(result.failure));
  process.exit(result.failure === undefined ? 0 : 1);
}

const start = given ?? Math.floor(Math.random() * 1e9);
console.log(`seeds from ${start}`);
const begin = performance.now();
const until = begin + (seconds ?? 0) * 1000;
let failures = 0;
let undecided = 0;
let events = 0;
let seed = start;
do {
  const result = runSeed({ seed, profile: overridesOf(seed) });
  events += result.events;
  report(result);
  if (result.failure !== undefined) {
    failures++;
    failed(result);
  }
  if (result.history.undecided > 0) undecided++;
  if ((seed - start + 1) % AGAIN_EVERY === 0) {
    const again = runSeed({ seed, profile: overridesOf(seed) });
    if (again.hash !== result.hash) {
      failures++;
      console.log(`seed ${seed} IS NOT A RUN: ${result.hash}, and then ${again.hash}`);
    }
  }
  seed++;
  // VoteGuard of processes that died in a run are never settled; whatever they rejected is nobody's business.
  await Bun.sleep(0);
} while (performance.now() < until && failures < MAX_FAILURES);
const took = (performance.now() - begin) / 1000;
console.log(`${seed - start} seeds in ${took.toFixed(1)} s, ${Math.round(events / took)} events/s`);
if (undecided > 0) console.log(`${undecided} seeds with an undecided history`);
if (undecided > Math.max(1, (seed - start) * MAX_UNDECIDED_SHARE)) {
  console.log("too many of them: nothing is known about those histories");
  failures++;
}
console.log(`${seed - start - failures} passed, ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
