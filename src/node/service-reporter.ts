/**
 * Reports this node's state to the service manager (systemd): READY=1 when the node serves, STATUS= in words, more
 * time while a start makes progress or waits for other nodes, STOPPING=1. WATCHDOG=1 comes from the consensus
 * thread.
 */
import type { Readiness } from "../admin/types.ts";
import type { ServiceManager } from "../platform/service-manager.ts";
import type { Timers } from "../platform/timers.ts";

/** Interval of the checks. */
const LOOK_MS = 250;
/**
 * Time that a start may take without progress, as TimeoutStartSec of the unit. A start that waits for other nodes
 * (peers, a leader) always gets more time: a new start would wait for the same nodes.
 */
const PATIENCE_MS = 300_000;
/** Minimum time between two requests for more time. */
const EXTEND_EVERY_MS = 10_000;
/** A start that reads less than this between two checks makes no progress, unless it applies entries. */
const PROGRESS_BYTES = 1 << 20;
/** Time beyond the grace of requests in flight, for consensus, store and listeners to end. */
const STOP_MARGIN_MS = 30_000;

/** Reasons for which the node is not ready although it serves: a restart by systemd would not help. */
const SERVES = new Set(["disk-full", "out-of-descriptors", "draining"]);
/** Reasons for which the start waits for other nodes. */
const WAITS = new Set(["forming", "joining", "no-leader", "catching-up", "sealing-key"]);

export interface ServiceReporterOptions {
  readonly manager: ServiceManager;
  readonly readiness: () => Readiness;
  /** Log positions; zeros before the log is open. */
  readonly position: () => { readonly applied: number; readonly committed: number };
  /** Bytes that this process has read so far. */
  readonly bytesRead: () => number;
  /** Text for a node that serves, with its address. */
  readonly serving: () => string;
  /** What an operator should know of a node that is ready all the same; undefined: nothing. */
  readonly note: () => string | undefined;
  readonly monotonicMs: () => number;
  /** CLOCK_MONOTONIC, which a reload has to name (sd_notify(3)). */
  readonly systemMonotonicMs: () => number;
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

  /** A reload begins. Says nothing before the node is ready: the end of the reload would count as ready. */
  reloading(): void {
    if (!this.#ready) return;
    const usec = Math.floor(this.#options.systemMonotonicMs() * 1000);
    this.#options.manager.notify("RELOADING=1", `MONOTONIC_USEC=${usec}`);
  }

  reloaded(): void {
    if (this.#ready) this.#options.manager.notify("READY=1");
  }

  /** @param graceMs time for requests in flight. */
  stopping(graceMs: number, inFlight: number): void {
    this.#stopLooking();
    const time = `EXTEND_TIMEOUT_USEC=${microseconds(graceMs + STOP_MARGIN_MS)}`;
    this.#options.manager.notify("STOPPING=1", time, `STATUS=stopping; requests in flight: ${inFlight}`);
  }

  /** Reports the reason of the end, and nothing afterwards. */
  ended(reason: string): void {
    this.#stopLooking();
    this.#options.manager.notify(`STATUS=ends: ${reason}`);
  }

  #look(): void {
    const { manager, readiness, serving, note, monotonicMs } = this.#options;
    const said = readiness();
    const reasons = said.ready ? [] : said.reasons;
    const holds = reasons.filter(({ code }) => !SERVES.has(code));
    const lines: string[] = [];
    if (holds.length === 0 && !this.#ready) {
      this.#ready = true;
      lines.push("READY=1");
    }
    const noted = note();
    const words = [...reasons.map(({ message }) => message), ...(noted === undefined ? [] : [noted])];
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
    // The check itself reads a few bytes, so progress is counted in whole PROGRESS_BYTES.
    const progress = [position().applied, Math.floor(bytesRead() / PROGRESS_BYTES)];
    const moves = progress.some((value, index) => value !== this.#progress[index]);
    this.#progress = progress;
    if (!moves && !holds.some(({ code }) => WAITS.has(code))) return false;
    this.#extendedMs = nowMs;
    return true;
  }
}

const microseconds = (ms: number): number => Math.ceil(ms) * 1000;
