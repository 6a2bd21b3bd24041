/** fast-check's properties, with a limit on the time for shrinking alone: a property that holds gets all its runs. */
import fc from "fast-check";

const SHRINK_MS = 20_000;

/** @throws Error with the smallest counterexample that was found, and the seed. */
export async function checkProperty<T>(
  property: fc.IRawProperty<T>,
  { seed, numRuns, again }: { readonly seed: number; readonly numRuns: number; readonly again: string },
): Promise<void> {
  const first = await fc.check(property, { seed, numRuns, endOnFailure: true });
  if (!first.failed) return;
  const shrunk = await fc.check(property, {
    seed,
    path: first.counterexamplePath ?? "",
    numRuns: 1,
    interruptAfterTimeLimit: SHRINK_MS,
  });
  const report = shrunk.failed ? shrunk : first;
  const { errorInstance } = report;
  const what = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  throw new Error(`${again}: ${await fc.asyncDefaultReportMessage(report)}\n${what}`);
}
