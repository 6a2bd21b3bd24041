/**
 * Counts failed logins by address. Tokens have 256 random bits, so nobody guesses one; the limit keeps a client with
 * a wrong token from filling the log and from asking the leader with every request. A valid token is always
 * accepted, so nobody locks operators out who share an address.
 */
import { addressGroup } from "../http/connection.ts";
import type { Clock } from "../platform/clock.ts";

/** Failed logins that one address may have in one window. @internal */
export const FAILURES_MAX = 10;
/** @internal */
export const WINDOW_MS = 60_000;
/** Addresses that are remembered; above the limit the oldest is forgotten. */
const ADDRESSES_MAX = 4_096;

interface Window {
  readonly endsAtMs: number;
  failures: number;
}

export class FailedLogins {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** Seconds until this address may fail again; 0: it may fail now. */
  retryAfterSeconds(address: string): number {
    const window = this.#windows.get(addressGroup(address));
    const nowMs = this.#clock.monotonicMs();
    if (window === undefined || window.failures < FAILURES_MAX || window.endsAtMs <= nowMs) return 0;
    return Math.ceil((window.endsAtMs - nowMs) / 1000);
  }

  failed(address: string): void {
    const group = addressGroup(address);
    const nowMs = this.#clock.monotonicMs();
    const window = this.#windows.get(group);
    if (window !== undefined && window.endsAtMs > nowMs) {
      window.failures++;
      return;
    }
    this.#windows.delete(group);
    if (this.#windows.size >= ADDRESSES_MAX) {
      const oldest = this.#windows.keys().next().value;
      if (oldest !== undefined) this.#windows.delete(oldest);
    }
    this.#windows.set(group, { endsAtMs: nowMs + WINDOW_MS, failures: 1 });
  }
}
