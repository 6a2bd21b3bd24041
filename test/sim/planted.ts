/**
 * Shows that the simulator is strong enough: turns on one planted bug after the other (src/platform/planted.ts) and runs
 * seeds until something notices it.
 *
 *     bun test/sim/planted.ts                  all of them
 *     bun test/sim/planted.ts forgetVote ...   these
 *
 * `--seeds n` (default 60): give up on a bug after so many. Ends with 1 when one escapes: then the simulator is too weak.
 */
import { parseArgs } from "node:util";
import { PLANTED } from "../../src/platform/planted.ts";
import { PLANTED_PROFILES, type PlantedBug } from "./lib/planted-profiles.ts";
import { runSeed, verdictOf } from "./lib/run-seed.ts";

const { values, positionals } = parseArgs({
  options: { seeds: { type: "string", default: "60" }, seconds: { type: "string", default: "120" } },
  allowPositionals: true,
});
const maxSeeds = Number(values.seeds);
const maxSeconds = Number(values.seconds);
const all = Object.keys(PLANTED) as PlantedBug[];
for (const name of positionals) {
  if (!all.includes(name as PlantedBug)) {
    console.error(`no planted bug is called ${name}: ${all.join(", ")}`);
    process.exit(2);
  }
}
const chosen = positionals.length === 0 ? all : (positionals as PlantedBug[]);

/** @returns what caught it, or undefined */
async function hunt(bug: PlantedBug): Promise<string | undefined> {
  const profile = PLANTED_PROFILES[bug];
  const begin = performance.now();
  for (let seed = 1; seed <= maxSeeds && performance.now() - begin < maxSeconds * 1000; seed++) {
    PLANTED[bug] = true;
    const result = runSeed({ seed, profile });
    PLANTED[bug] = false;
    await Bun.sleep(0);
    if (result.failure === undefined) continue;
    const took = ((performance.now() - begin) / 1000).toFixed(1);
    // The same seed without the bug must pass, or it was something else that was found.
    const honest = runSeed({ seed, profile });
    await Bun.sleep(0);
    if (honest.failure === undefined) return `seed ${seed} (${took} s): ${verdictOf(result)}`;
    console.log(`  seed ${seed} fails without ${bug} too: ${verdictOf(honest)}`);
  }
  return undefined;
}

let escaped = 0;
for (const bug of chosen) {
  const caught = await hunt(bug);
  if (caught === undefined) escaped++;
  console.log(`${caught === undefined ? "ESCAPED" : "caught "} ${bug.padEnd(24)} ${caught ?? ""}`);
}
console.log(`${chosen.length - escaped} passed, ${escaped} failed`);
process.exit(escaped === 0 ? 0 : 1);
