/**
 * Requests wait here while this node could only refuse them: there is no leader, or the node is still starting. Some
 * clients send one request, or three in a tenth of a second (docs/clients.md). Such a client reports an error for a
 * refusal during an election of two seconds, but no error for a wait. The server has read no body, so a waiting
 * request costs only its head. The number of waiting requests and the time of a wait are bounded.
 */
import type { Timers } from "../../platform/timers.ts";

/** Longer than a quorum loss of 5 s plus three elections of 2 s; below the timeout of every client but one. */
export const HOLD_MS = 15_000;
/**
 * The 503 of a HEAD has no body with a code that tells a client to retry slowly, so a HEAD waits longer than other
 * requests.
 */
export const HOLD_HEAD_MS = 25_000;
/** The head of a request and its objects need about 10 KiB of memory. @internal */
export const HOLD_REQUESTS_MAX = 4_096;
/** The part of the places that requests without a signature may take: nobody without a key fills the hold. */
const UNSIGNED_SHARE = 0.5;

/**
 * `open`: the request continues. `late`: the time of the wait is over. `full`: too many requests wait. `gone`: the
 * client has disconnected.
 */
export type HoldOutcome = "open" | "late" | "full" | "gone";

export interface RequestHoldOptions {
  readonly timers: Pick<Timers, "later">;
  readonly maxWaiting?: number;
  /** Called once for each request that did not pass at once. */
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

  /** The node stops: waiting requests are refused, and no request waits any more. */
  giveUp(): void {
    this.#endedAs = "late";
    this.#release("late");
  }

  /**
   * Waits until the hold is open, `ms` at most. Never rejects.
   * @param signal aborts when the client disconnects. @param signed false: the request has no checked signature
   */
  enter(ms: number, signal: AbortSignal, signed = true): Promise<HoldOutcome> {
    if (this.#open) return Promise.resolve("open");
    const { timers, onEnded } = this.#options;
    const places = this.#options.maxWaiting ?? HOLD_REQUESTS_MAX;
    const maxWaiting = signed ? places : places * UNSIGNED_SHARE;
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
