import { withoutRealTime } from "./real-time.ts";
import { type RunOptions, type RunResult, World } from "./world.ts";

/** Runs one seed from the beginning to its verdict. Nothing of it depends on what ran before, or on real time. */
export function runSeed(options: RunOptions): RunResult {
  return withoutRealTime(() => {
    const world = new World(options);
    try {
      return world.run();
    } finally {
      world.dispose();
    }
  });
}

/** What a failed run was about, in a few words: the property of a Violation, or the kind of error. */
export function verdictOf({ failure }: Pick<RunResult, "failure">): string {
  if (failure === undefined) return "ok";
  if ("property" in failure) return String(failure.property);
  return failure.name === "Error" ? (failure.message.split("\n")[0] ?? "error").slice(0, 100) : failure.name;
}
