import { describe, expect, test } from "bun:test";
import { describeDifference, runCases } from "../interaction/runner.ts";
import { SeededRandom, seeds } from "../support/random.ts";
import { RandomScript } from "../support/script.ts";

const DIRECTIVES = 400;

describe("random interaction scripts, every directive, three to seven nodes", () => {
  for (const seed of seeds(25)) {
    test(`seed ${seed}`, () => {
      const script = new RandomScript(new SeededRandom(seed));
      let at = 0;
      try {
        while (at < DIRECTIVES && script.step()) at++;
      } catch (error) {
        const tail = script.text.split("\n").slice(-40).join("\n");
        throw new Error(
          `RAFT_SEED=${seed} directive ${at}: ${error instanceof Error ? error.stack : error}\n${tail}`,
        );
      }
      // What was printed is a case file that can be read again; only timeouts were drawn, not fixed.
      if (at === DIRECTIVES && !script.text.includes("tick-election")) {
        const difference = runCases("interaction", script.text);
        expect(difference === null ? "same" : describeDifference(difference)).toBe("same");
      }
    });
  }
});
