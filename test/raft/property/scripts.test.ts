import { describe, expect, test } from "bun:test";
import { checkSteps } from "../../support/steps.ts";
import { describeDifference, runCases } from "../interaction/runner.ts";
import { SeededRandom, seeds } from "../support/random.ts";
import { RandomScript } from "../support/script.ts";

const DIRECTIVES = 400;

describe("random interaction scripts, every directive, three to seven nodes", () => {
  for (const seed of seeds(25)) {
    test(`seed ${seed}`, () => {
      checkSteps({ seed, count: DIRECTIVES, again: `RAFT_SEED=${seed}` }, (steps) => run(seed, steps));
    });
  }
});

function run(seed: number, steps: readonly number[]): void {
  const random = new SeededRandom(seed);
  const script = new RandomScript(random);
  let ended = false;
  try {
    for (const step of steps) {
      random.reseed(step);
      ended = !script.step();
      if (ended) break;
    }
  } catch (error) {
    const tail = script.text.split("\n").slice(-40).join("\n");
    throw new Error(`${error instanceof Error ? error.stack : error}\n${tail}`);
  }
  // What was printed is a case file that can be read again; only timeouts were drawn, not fixed.
  if (!ended && !script.text.includes("tick-election")) {
    const difference = runCases("interaction", script.text);
    expect(difference === null ? "same" : describeDifference(difference)).toBe("same");
  }
}
