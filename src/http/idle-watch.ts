/** A wait for the other end that needs a time limit. */
export interface Watched {
  onIdle(): void;
}

/** Ticks per timeout: a wait is ended after 1 to 1 + 1/TICKS timeouts. */
const TICKS = 4;

/**
 * One coarse timer for all waits of a kind: entering and leaving a wait is a Map operation, not a timer, because
 * every piece of every body does it.
 */
export class IdleWatch {
  readonly #since = new Map<Watched, number>();
  readonly #timer: ReturnType<typeof setInterval>;
  #tick = 0;

  constructor(timeoutMs: number) {
    this.#timer = setInterval(() => this.#sweep(), Math.max(1, timeoutMs / TICKS));
    this.#timer.unref();
  }

  enter(target: Watched): void {
    this.#since.set(target, this.#tick);
  }

  leave(target: Watched): void {
    this.#since.delete(target);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#since.clear();
  }

  #sweep(): void {
    this.#tick++;
    // Insertion order is age order, so the first young one ends the search.
    for (const [target, since] of this.#since) {
      if (this.#tick - since <= TICKS) return;
      this.#since.delete(target);
      target.onIdle();
    }
  }
}
