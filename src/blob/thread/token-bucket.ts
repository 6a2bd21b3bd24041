/** A rate limit that may go into debt: bytes are taken when any are left, so a blob above the burst passes too. */
import type { Clock } from "../../platform/clock.ts";

export interface TokenBucketOptions {
  /** Bytes a second. */
  readonly rate: number;
  /** Bytes that may be taken at once after a pause. */
  readonly burst: number;
}

export class TokenBucket {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledMs: number;

  constructor(clock: Pick<Clock, "monotonicMs">, options: TokenBucketOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledMs = clock.monotonicMs();
  }

  /** Milliseconds until bytes may be taken; 0: now. */
  waitMs(): number {
    this.#fill();
    return this.#tokens > 0 ? 0 : Math.max(1, (-this.#tokens / this.#options.rate) * 1_000);
  }

  take(bytes: number): void {
    this.#fill();
    this.#tokens -= bytes;
  }

  #fill(): void {
    const { rate, burst } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledMs) / 1_000) * rate);
    this.#filledMs = nowMs;
  }
}
