/** Clock and timers that go on when they are told to. */
import type { Clock } from "../../src/platform/clock.ts";
import type { Timers } from "../../src/platform/timers.ts";

export class ManualTime implements Clock, Timers {
  #ms: number;
  #tasks: { readonly at: number; readonly run: () => void }[] = [];
  /** Tasks that have run. */
  turns = 0;

  constructor(startMs = 1_000_000_000) {
    this.#ms = startMs;
  }

  nowMs(): number {
    return Math.floor(this.#ms);
  }

  monotonicMs(): number {
    return this.#ms;
  }

  later(task: () => void, delayMs: number): () => void {
    const waiting = { at: this.#ms + delayMs, run: task };
    this.#tasks.push(waiting);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== waiting);
    };
  }

  every(task: () => void, intervalMs: number): () => void {
    let cancel = (): void => {};
    const again = (): void => {
      cancel = this.later(() => {
        again();
        task();
      }, intervalMs);
    };
    again();
    return () => cancel();
  }

  soon(task: () => void): void {
    this.later(task, 0);
  }

  /** The first of those that are due first. */
  #next() {
    let next = this.#tasks[0];
    for (const task of this.#tasks) if (next !== undefined && task.at < next.at) next = task;
    return next;
  }

  /** Runs what is due within `ms`, in order of time, letting messages arrive in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#ms + ms;
    for (;;) {
      await settle();
      const due = this.#next();
      if (due === undefined || due.at > until) break;
      this.#tasks.splice(this.#tasks.indexOf(due), 1);
      this.#ms = Math.max(this.#ms, due.at);
      this.turns++;
      due.run();
    }
    this.#ms = until;
  }
}

/** Lets everything that was sent arrive. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
