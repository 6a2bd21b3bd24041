/**
 * Ticks measure a promise (an election timeout is a number of ticks), so ticks must not come faster than time
 * passes. After a late tick, a timer may fire early, or several times at once. Ten ticks that pass this gate take
 * at least 8.1 intervals.
 */
export class TickGate {
  readonly #intervalMs: number;
  #dueMs = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Whether a tick at `nowMs` counts. */
  pass(nowMs: number): boolean {
    if (nowMs < this.#dueMs) return false;
    this.#dueMs = nowMs + this.#intervalMs * 0.9;
    return true;
  }
}
