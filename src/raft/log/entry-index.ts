/**
 * The location of each entry, in 8 bytes per entry (there may be millions): offset and data length in typed arrays;
 * segment and term as runs, because they change rarely.
 */

export interface EntryLocation {
  readonly sequence: number;
  /** Offset of the record's header in the segment. */
  readonly offset: number;
  readonly dataBytes: number;
}

interface Run {
  readonly firstIndex: number;
  readonly value: number;
}

const INITIAL_SLOTS = 1_024;

export class EntryIndex {
  #baseIndex: number;
  #baseTerm: number;
  /** Slot of the entry at `#baseIndex + 1`: slots before it are unused. */
  #head = 0;
  #count = 0;
  #offsets = new Uint32Array(INITIAL_SLOTS);
  #lengths = new Uint32Array(INITIAL_SLOTS);
  #terms: Run[] = [];
  #sequences: Run[] = [];

  constructor(baseIndex: number, baseTerm: number) {
    this.#baseIndex = baseIndex;
    this.#baseTerm = baseTerm;
  }

  /** The position before the first entry. */
  get baseIndex(): number {
    return this.#baseIndex;
  }

  get lastIndex(): number {
    return this.#baseIndex + this.#count;
  }

  get lastTerm(): number {
    return this.#terms.at(-1)?.value ?? this.#baseTerm;
  }

  /** Removes all entries; the next entry is the one after `baseIndex`. */
  reset(baseIndex: number, baseTerm: number): void {
    this.#baseIndex = baseIndex;
    this.#baseTerm = baseTerm;
    this.#head = 0;
    this.#count = 0;
    this.#terms = [];
    this.#sequences = [];
  }

  /** Adds the entry after the last one. */
  push(term: number, location: EntryLocation): void {
    const slot = this.#head + this.#count;
    if (slot === this.#offsets.length) this.#makeSpace();
    this.#offsets[this.#head + this.#count] = location.offset;
    this.#lengths[this.#head + this.#count] = location.dataBytes;
    this.#count++;
    const index = this.lastIndex;
    if (this.#terms.at(-1)?.value !== term) this.#terms.push({ firstIndex: index, value: term });
    if (this.#sequences.at(-1)?.value !== location.sequence) {
      this.#sequences.push({ firstIndex: index, value: location.sequence });
    }
  }

  /** Removes the entry at `index` and all later ones. `index` is above the base. */
  truncateFrom(index: number): void {
    this.#count = Math.min(this.#count, index - this.#baseIndex - 1);
    for (const runs of [this.#terms, this.#sequences]) {
      while ((runs.at(-1)?.firstIndex ?? 0) >= index) runs.pop();
    }
  }

  /** Removes the entries in segments below `sequence`. */
  dropSegmentsBelow(sequence: number): void {
    const kept = this.#sequences.find((run) => run.value >= sequence);
    const through = kept === undefined ? this.lastIndex : kept.firstIndex - 1;
    if (through <= this.#baseIndex) return;
    const term = this.term(through);
    if (kept === undefined) {
      this.reset(through, term);
      return;
    }
    const dropped = through - this.#baseIndex;
    this.#head += dropped;
    this.#count -= dropped;
    this.#baseIndex = through;
    this.#baseTerm = term;
    this.#terms = dropRuns(this.#terms, through);
    this.#sequences = dropRuns(this.#sequences, through);
  }

  /** The term of the entry at `index`, which is in [baseIndex, lastIndex]. */
  term(index: number): number {
    if (index === this.#baseIndex) return this.#baseTerm;
    return valueAt(this.#terms, index);
  }

  /** The first index of each term, from the base on. */
  termRuns(): { readonly index: number; readonly term: number }[] {
    const base = { index: this.#baseIndex, term: this.#baseTerm };
    return [base, ...this.#terms.map(({ firstIndex, value }) => ({ index: firstIndex, term: value }))];
  }

  /** The location of the entry at `index`, which is in (baseIndex, lastIndex]. */
  locate(index: number): EntryLocation {
    const slot = this.#head + (index - this.#baseIndex - 1);
    return {
      sequence: valueAt(this.#sequences, index),
      offset: this.#offsets[slot] as number,
      dataBytes: this.#lengths[slot] as number,
    };
  }

  /**
   * Moves the live slots to the start of the arrays; doubles the arrays when more than half of the slots are live.
   */
  #makeSpace(): void {
    const slots = this.#count * 2 > this.#offsets.length ? this.#offsets.length * 2 : this.#offsets.length;
    this.#offsets = moved(this.#offsets, this.#head, this.#count, slots);
    this.#lengths = moved(this.#lengths, this.#head, this.#count, slots);
    this.#head = 0;
  }
}

function moved(from: Uint32Array, head: number, count: number, slots: number): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(slots);
  to.set(from.subarray(head, head + count));
  return to;
}

/** The last run that begins at or before `index`. */
function runAt(runs: readonly Run[], index: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((runs[middle] as Run).firstIndex <= index) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function valueAt(runs: readonly Run[], index: number): number {
  return (runs[runAt(runs, index)] as Run).value;
}

/** The runs of the entries after `through`. */
function dropRuns(runs: readonly Run[], through: number): Run[] {
  const first = runAt(runs, through + 1);
  return runs
    .slice(Math.max(first, 0))
    .map((run) => ({ firstIndex: Math.max(run.firstIndex, through + 1), value: run.value }));
}
