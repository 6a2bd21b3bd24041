import type { TermRun } from "../log/types.ts";

/** The term of every entry of a log, stored as the few indexes where the term changes. */
export class TermRuns {
  /** Ascending by index, never empty: the first run begins at the position before the first entry. */
  #runs: TermRun[];
  #lastIndex: number;

  /** @param runs ascending, not empty. @param lastIndex end of the log */
  constructor(runs: readonly TermRun[], lastIndex: number) {
    this.#runs = [...runs];
    this.#lastIndex = lastIndex;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** The lowest index whose term is known. */
  get baseIndex(): number {
    return (this.#runs[0] as TermRun).index;
  }

  /** The term of the entry at `index`; undefined outside of [baseIndex, lastIndex]. */
  at(index: number): number | undefined {
    if (index > this.#lastIndex || index < this.baseIndex) return undefined;
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle] as TermRun).index <= index) low = middle + 1;
      else high = middle;
    }
    return (this.#runs[low - 1] as TermRun).term;
  }

  /** The entry at `index` (at most one after the end) has this term; later entries are removed. */
  set(index: number, term: number): void {
    while (this.#runs.length > 1 && (this.#runs.at(-1) as TermRun).index >= index) this.#runs.pop();
    if (this.#runs.at(-1)?.term !== term) this.#runs.push({ index, term });
    this.#lastIndex = index;
  }

  reset(index: number, term: number): void {
    this.#runs = [{ index, term }];
    this.#lastIndex = index;
  }
}
