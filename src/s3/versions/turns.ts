/**
 * Writers of one key of a bucket with versioning take turns within a gateway: each of them decides on the version that
 * the writer before it made, and not on one that is replaced while the decision is on its way. Turns only spare attempts:
 * the conditions of the transactions order the writers.
 */
import { type Timers, within } from "../../platform/timers.ts";

/** Nobody waits longer for a turn: without a leader, the writers of a key would wait for each other's time limits. */
const TURN_MS = 1_000;

export class KeyTurns {
  readonly #timers: Pick<Timers, "later">;
  readonly #last = new Map<string, Promise<void>>();

  constructor(timers: Pick<Timers, "later">) {
    this.#timers = timers;
  }

  /** Runs `work` after the work of the caller before with the same key has ended, in any way, or has taken long. */
  async take<T>(bucket: string, key: string, work: () => Promise<T>): Promise<T> {
    const name = `${bucket}/${key}`;
    const before = this.#last.get(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(name, promise);
    if (before !== undefined) await within(before, this.#timers, TURN_MS);
    try {
      return await work();
    } finally {
      if (this.#last.get(name) === promise) this.#last.delete(name);
      resolve();
    }
  }
}
