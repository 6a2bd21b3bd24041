/**
 * Random runs of many steps that shrink. fast-check draws one seed for each step, and a step draws all that is random in it
 * from its own: so a step does much the same when others before it are left out.
 */
import fc from "fast-check";

/** A run that fails is made shorter for so long. A run that passes is not limited. */
const SHRINK_MS = 20_000;

/** Exactly `count` step seeds. Shrunk by leaving out stretches of them, from halves to single steps (Zeller's ddmin). */
class Steps extends fc.Arbitrary<readonly number[]> {
  readonly #count: number;

  constructor(count: number) {
    super();
    this.#count = count;
  }

  override generate(random: fc.Random): fc.Value<readonly number[]> {
    const steps = Array.from({ length: this.#count }, () => random.nextInt(1, 0x7fff_ffff));
    return new fc.Value(steps, undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is readonly number[] {
    return Array.isArray(value);
  }

  /** @param context length of the stretch that could be left out last. */
  override shrink(steps: readonly number[], context: unknown): fc.Stream<fc.Value<readonly number[]>> {
    const half = Math.ceil(steps.length / 2);
    return new fc.Stream(shorter(steps, typeof context === "number" ? Math.min(context, half) : half));
  }
}

function* shorter(steps: readonly number[], from: number): Generator<fc.Value<readonly number[]>> {
  for (let length = from; length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    // From the end: what comes after the failure goes first.
    for (let end = steps.length; end > 0; end -= length) {
      const left = [...steps.slice(0, Math.max(0, end - length)), ...steps.slice(end)];
      yield new fc.Value<readonly number[]>(left, length);
    }
  }
}

/**
 * One run of `count` steps, drawn from `seed`. When it fails, the error has the fewest steps that were found to fail too,
 * and `again`: what to set so that the run is repeated.
 */
export function checkSteps(
  { seed, count, again }: { readonly seed: number; readonly count: number; readonly again: string },
  run: (steps: readonly number[]) => void,
): void {
  const result = fc.check(fc.property(new Steps(count), run), {
    seed,
    numRuns: 1,
    interruptAfterTimeLimit: SHRINK_MS,
  });
  if (!result.failed) return;
  const [steps = []] = result.counterexample ?? [];
  const error = result.errorInstance;
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  throw new Error(
    `${again}: ${count} steps, shrunk to ${steps.length} in ${result.numShrinks} shrinks: [${steps.join(", ")}]\n${what}`,
  );
}
