/**
 * A broken invariant: the log, the quorum arithmetic or a caller's promise contradicts itself. The core throws it
 * and never returns it, and no caller may catch it and continue. The node stops, because any further step could lose
 * data.
 */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
  /** Every number of the failed check, for the later analysis. */
  readonly numbers: Readonly<Record<string, number | string | boolean>>;

  constructor(what: string, numbers: Readonly<Record<string, number | string | boolean>>) {
    const listed = Object.entries(numbers).map(([name, value]) => `${name}=${value}`);
    super(listed.length === 0 ? what : `${what} (${listed.join(", ")})`);
    this.numbers = numbers;
  }
}

/**
 * Throws InvariantViolation. Call it inside an `if`, so that the numbers are gathered only for a broken invariant.
 */
export function violated(
  what: string,
  numbers: Readonly<Record<string, number | string | boolean>> = {},
): never {
  throw new InvariantViolation(what, numbers);
}
