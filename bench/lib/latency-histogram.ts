/** Latencies in logarithmic buckets (about 2% wide), so that a run of any length takes the same memory. */
const BUCKETS = 2048;
const PER_OCTAVE = 36;
/** The first bucket ends here. */
const FLOOR_MS = 0.001;

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;
  #max = 0;

  record(ms: number): void {
    const bucket =
      ms <= FLOOR_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log2(ms / FLOOR_MS) * PER_OCTAVE));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total++;
    if (ms > this.#max) this.#max = ms;
  }

  /** Upper bound of the bucket that holds the quantile, in ms; 0 when nothing was recorded. */
  quantile(q: number): number {
    let left = q * this.#total;
    for (let i = 0; i < BUCKETS; i++) {
      left -= this.#counts[i] ?? 0;
      if (left <= 0) return Math.min(this.#max, FLOOR_MS * 2 ** (i / PER_OCTAVE));
    }
    return this.#max;
  }

  get max(): number {
    return this.#max;
  }
}
