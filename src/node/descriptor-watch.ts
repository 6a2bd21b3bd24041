/**
 * Detects that no file descriptor is left. Bun reports nothing then: it retries accept at once with a whole core,
 * and the clients wait. This watch checks at intervals instead.
 */
import type { Logger } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";

export interface DescriptorWatchOptions {
  /** True when a descriptor is available now. */
  readonly available: () => boolean;
  /** Closes idle connections of S3 clients; returns how many. */
  readonly shed: (count: number) => number;
  /** Cuts all connections of the admin listener. */
  readonly dropAdmin: () => void;
  /** Counts a check that found no descriptor. */
  readonly onExhausted: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Share of descriptors that S3 clients may not use: log, SQLite, peers and the admin listener need them. */
const RESERVED_SHARE = 1 / 4;
const RESERVED_MIN = 64;
const RESERVED_MAX = 4096;
const SHED = 64;
/** Number of failed checks in a row after which admin connections are cut. */
const DROP_ADMIN_AFTER = 3;
/**
 * Time for which readiness reports the problem: a probe needs a descriptor itself and could not see a shorter
 * report.
 */
const REMEMBERED_MS = 10_000;
const LOG_INTERVAL_MS = 60_000;

/** Number of client connections that the limit allows. */
export function connectionsFor(wanted: number, limit: number | undefined): number {
  if (limit === undefined) return wanted;
  const reserved = Math.min(RESERVED_MAX, Math.max(RESERVED_MIN, Math.ceil(limit * RESERVED_SHARE)));
  return Math.max(1, Math.min(wanted, limit - reserved));
}

export class DescriptorWatch {
  readonly #options: DescriptorWatchOptions;
  #exhaustedMs = Number.NEGATIVE_INFINITY;
  #loggedMs = Number.NEGATIVE_INFINITY;
  #inARow = 0;

  constructor(options: DescriptorWatchOptions) {
    this.#options = options;
  }

  /** No descriptor was left within the last REMEMBERED_MS. */
  get exhausted(): boolean {
    return this.#options.clock.monotonicMs() - this.#exhaustedMs < REMEMBERED_MS;
  }

  /** Checks once; call `check` about once a second. */
  check(): void {
    const { available, shed, onExhausted, clock, log } = this.#options;
    if (available()) {
      this.#inARow = 0;
      return;
    }
    const now = clock.monotonicMs();
    this.#exhaustedMs = now;
    onExhausted();
    const closed = shed(SHED);
    // S3 clients are kept below the limit, so they are not the cause. The admin listener is the other listener open
    // to strangers.
    this.#inARow++;
    if (this.#inARow % DROP_ADMIN_AFTER === 0) this.#dropAdmin();
    if (now - this.#loggedMs < LOG_INTERVAL_MS) return;
    this.#loggedMs = now;
    log.error("no file descriptor is left: new connections wait (LimitNOFILE in the unit, or ulimit -n)", {
      idleConnectionsClosed: closed,
    });
  }

  #dropAdmin(): void {
    const { dropAdmin, log } = this.#options;
    log.warn("all connections of the admin address are cut: no file descriptor is left");
    dropAdmin();
  }
}
