/**
 * Tells the service manager (systemd) where this node stands: READY=1 when it serves, STATUS= in words, more time while a start makes
 * progress or waits for others, STOPPING=1. WATCHDOG=1 comes from the consensus thread.
 */
import type { Readiness } from "../admin/types.ts";
import type { ServiceManager } from "../platform/service-manager.ts";
import type { Timers } from "../platform/timers.ts";

/** Between two looks. */
const LOOK_MS = 250;
/**
 * How long a start may show no progress from now on: as TimeoutStartSec of the unit. A start that waits for others (its peers, a
 * leader) is in no hurry: a new start would wait for the same.
 */
const PATIENCE_MS = 300_000;
/** Systemd is asked for more time this often at most. */
const EXTEND_EVERY_MS = 10_000;
/** A start that reads less than this between two looks stands still, unless it applies entries. */
const PROGRESS_BYTES = 1 << 20;
/** Beyond what the requests in flight may take: consensus, store and listeners end. */
const STOP_MARGIN_MS = 30_000;

/** Not ready, but not for want of anything that systemd could wait for: it serves what it can. */
const SERVES = new Set(["disk-full", "out-of-descriptors"]);
/** The start is up to others. */
const WAITS = new Set(["forming", "joining", "no-leader", "catching-up", "sealing-key"]);

export interface ServiceReporterOptions {
  readonly manager: ServiceManager;
  readonly readiness: () => Readiness;
  /** Log entries, zeros before the log is open. */
  readonly position: () => { readonly applied: number; readonly committed: number };
  /** By this process so far. */
  readonly bytesRead: () => number;
  /** When it serves: in what place. */
  readonly serving: () => string;
  readonly monotonicMs: () => number;
  readonly timers: Pick<Timers, "every">;
}

export class ServiceReporter {
  readonly #options: ServiceReporterOptions;
  #stopLooking = (): void => {};
  #ready = false;
  #status = "";
  #progress: readonly number[] = [];
  #extendedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ServiceReporterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#look();
    this.#stopLooking = this.#options.timers.every(() => this.#look(), LOOK_MS);
  }

  /** @param graceMs how long requests in flight may take. */
  stopping(graceMs: number, inFlight: number): void {
    this.#stopLooking();
    const time = `EXTEND_TIMEOUT_USEC=${microseconds(graceMs + STOP_MARGIN_MS)}`;
    this.#options.manager.notify("STOPPING=1", time, `STATUS=stopping; requests in flight: ${inFlight}`);
  }

  /** Nothing is said any more but why it ended. */
  ended(reason: string): void {
    this.#stopLooking();
    this.#options.manager.notify(`STATUS=ends: ${reason}`);
  }

  #look(): void {
    const { manager, readiness, serving, monotonicMs } = this.#options;
    const said = readiness();
    const reasons = said.ready ? [] : said.reasons;
    const holds = reasons.filter(({ code }) => !SERVES.has(code));
    const lines: string[] = [];
    if (holds.length === 0 && !this.#ready) {
      this.#ready = true;
      lines.push("READY=1");
    }
    const words = reasons.map(({ message }) => message);
    const status = (holds.length > 0 ? [...words, ...this.#behind()] : [serving(), ...words]).join("; ");
    if (status !== this.#status) lines.push(`STATUS=${status}`);
    this.#status = status;
    if (!this.#ready && this.#wantsTime(holds, monotonicMs())) {
      lines.push(`EXTEND_TIMEOUT_USEC=${microseconds(PATIENCE_MS)}`);
    }
    if (lines.length > 0) manager.notify(...lines);
  }

  #behind(): string[] {
    const { applied, committed } = this.#options.position();
    return committed > applied ? [`applied ${applied} of ${committed} log entries`] : [];
  }

  #wantsTime(holds: readonly { readonly code: string }[], nowMs: number): boolean {
    if (nowMs - this.#extendedMs < EXTEND_EVERY_MS) return false;
    const { position, bytesRead } = this.#options;
    // Looking costs a few bytes itself.
    const progress = [position().applied, Math.floor(bytesRead() / PROGRESS_BYTES)];
    const moves = progress.some((value, index) => value !== this.#progress[index]);
    this.#progress = progress;
    if (!moves && !holds.some(({ code }) => WAITS.has(code))) return false;
    this.#extendedMs = nowMs;
    return true;
  }
}

const microseconds = (ms: number): number => Math.ceil(ms) * 1000;
