/**
 * Where requests wait while this node could only refuse them: there is no leader, or the node is still starting. Some
 * clients ask once, or three times in a tenth of a second (docs/clients.md), so a refusal during an election of two
 * seconds is an error to their users; a request that waits is not. Nothing of a body has been read, so that a request
 * that waits costs its head; how many may wait, and for how long, is bounded.
 */
import type { Timers } from "../../platform/timers.ts";

/** Longer than a lost quorum that is back after 5 s and three elections of 2 s; below every client's patience but one. */
export const HOLD_MS = 15_000;
/** The 503 of a HEAD has no body whose code could tell a client to come back slowly: it is the last to be refused. */
export const HOLD_HEAD_MS = 25_000;
/** A head and its objects are some 10 KiB of memory. @internal */
export const HOLD_REQUESTS_MAX = 4_096;

/** `open`: go on. `late`: it has waited long enough. `full`: too many wait. `gone`: the client has left. */
export type HoldOutcome = "open" | "late" | "full" | "gone";

export interface RequestHoldOptions {
  readonly timers: Pick<Timers, "later">;
  readonly maxWaiting?: number;
  /** Once for each request that did not pass at once. */
  readonly onEnded?: (outcome: HoldOutcome) => void;
}

export class RequestHold {
  readonly #options: RequestHoldOptions;
  readonly #waiting = new Set<(outcome: HoldOutcome) => void>();
  #open = false;
  #endedAs: HoldOutcome | undefined;

  constructor(options: RequestHoldOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  setOpen(open: boolean): void {
    this.#open = open;
    if (open) this.#release("open");
  }

  /** Those who wait are refused, and nobody waits any more: the node stops. */
  giveUp(): void {
    this.#endedAs = "late";
    this.#release("late");
  }

  /** Waits until the way is open, `ms` at most. Never rejects. @param signal the client has left */
  enter(ms: number, signal: AbortSignal): Promise<HoldOutcome> {
    if (this.#open) return Promise.resolve("open");
    const { timers, maxWaiting = HOLD_REQUESTS_MAX, onEnded } = this.#options;
    const atOnce = this.#endedAs ?? (this.#waiting.size >= maxWaiting ? "full" : undefined);
    if (atOnce !== undefined) {
      onEnded?.(atOnce);
      return Promise.resolve(atOnce);
    }
    return new Promise((resolve) => {
      const end = (outcome: HoldOutcome): void => {
        cancel();
        signal.removeEventListener("abort", onAbort);
        this.#waiting.delete(end);
        onEnded?.(outcome);
        resolve(outcome);
      };
      const onAbort = (): void => end("gone");
      const cancel = timers.later(() => end("late"), ms);
      this.#waiting.add(end);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #release(outcome: HoldOutcome): void {
    for (const end of [...this.#waiting]) end(outcome);
  }
}
