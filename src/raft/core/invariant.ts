/**
 * A broken invariant: the log, the quorum arithmetic or a caller's promise contradicts itself. It is thrown, never
 * returned, and nobody may catch it and go on: the node stops, because whatever it did next could lose data.
 */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
  /** Every number that took part, for the post-mortem. */
  readonly numbers: Readonly<Record<string, number | string | boolean>>;

  constructor(what: string, numbers: Readonly<Record<string, number | string | boolean>>) {
    const listed = Object.entries(numbers).map(([name, value]) => `${name}=${value}`);
    super(listed.length === 0 ? what : `${what} (${listed.join(", ")})`);
    this.numbers = numbers;
  }
}

/** Throws InvariantViolation. Called behind an `if`, so that the numbers are only gathered when it is broken. */
export function violated(
  what: string,
  numbers: Readonly<Record<string, number | string | boolean>> = {},
): never {
  throw new InvariantViolation(what, numbers);
}
