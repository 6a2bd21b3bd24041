import type { Clock } from "../../../src/platform/clock.ts";
import type { Timers } from "../../../src/platform/timers.ts";
import type { Scheduler, SimThread } from "./scheduler.ts";

/** Unix milliseconds at which every run begins. */
const EPOCH_MS = 1_800_000_000_000;

/** The clocks of one machine: a monotonic one that drifts, and a wall clock that may also jump. */
export class NodeClock implements Clock {
  readonly #scheduler: Scheduler;
  #rate = 1;
  #sinceReal = 0;
  #sinceLocal: number;
  #wallOffsetMs: number;

  /** As the run begins: @param originMs what the monotonic clock shows, @param skewMs by how much the wall clock is wrong */
  constructor(scheduler: Scheduler, originMs: number, skewMs: number) {
    this.#scheduler = scheduler;
    this.#sinceLocal = originMs;
    this.#wallOffsetMs = skewMs - originMs;
  }

  nowMs(): number {
    return Math.floor(EPOCH_MS + this.#wallOffsetMs + this.#local());
  }

  monotonicMs(): number {
    // A thread that runs ahead of time sees it pass; the others must not.
    return this.#local();
  }

  get rate(): number {
    return this.#rate;
  }

  /** From now on a second of real time takes `rate` seconds here. */
  setRate(rate: number): void {
    this.#sinceLocal = this.#local();
    this.#sinceReal = this.#scheduler.moment;
    this.#rate = rate;
  }

  /** Somebody sets the wall clock: it is wrong by so much. */
  setSkew(ms: number): void {
    this.#wallOffsetMs += EPOCH_MS + this.#scheduler.moment + ms - this.nowMs();
  }

  /** Real time that this machine takes for `localMs` of its own. */
  realMs(localMs: number): number {
    return localMs / this.#rate;
  }

  #local(): number {
    return this.#sinceLocal + (this.#scheduler.moment - this.#sinceReal) * this.#rate;
  }
}

/** The timers of one thread. They end with its process. */
export function simTimers(thread: SimThread, clock: NodeClock): Timers {
  return {
    later: (task, delayMs) => {
      let cancelled = false;
      thread.post(clock.realMs(Math.max(0, delayMs)), "timer", () => {
        if (!cancelled) task();
      });
      return () => {
        cancelled = true;
      };
    },
    every: (task, intervalMs) => {
      let ended = false;
      const again = (): void => {
        thread.post(clock.realMs(intervalMs), "interval", () => {
          if (ended) return;
          again();
          task();
        });
      };
      again();
      return () => {
        ended = true;
      };
    },
    soon: (task) => void thread.post(0, "soon", task),
  };
}
