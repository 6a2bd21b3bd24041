/**
 * Notices that no file descriptor is left. Bun says nothing then: it tries to accept again at once, with a whole core, and
 * the clients wait. So somebody has to look.
 */
import type { Logger } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";

export interface DescriptorWatchOptions {
  /** Whether a descriptor can be had now. */
  readonly available: () => boolean;
  /** Closes idle connections of S3 clients; returns how many. */
  readonly shed: (count: number) => number;
  /** Cuts all connections of the admin listener. */
  readonly dropAdmin: () => void;
  /** Counts a look that found none. */
  readonly onExhausted: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Kept apart for everything that is not a client of S3: the log, SQLite, peers, the admin listener. */
const RESERVED_SHARE = 1 / 4;
const RESERVED_MIN = 64;
const RESERVED_MAX = 4096;
const SHED = 64;
/** Looks in a row that found none. */
const DROP_ADMIN_AFTER = 3;
/** Readiness says it for so long after the last time, or nobody would see it: what asks needs a descriptor, too. */
const REMEMBERED_MS = 10_000;
const LOG_INTERVAL_MS = 60_000;

/** How many client connections the limit leaves room for. */
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

  /** None was left a moment ago. */
  get exhausted(): boolean {
    return this.#options.clock.monotonicMs() - this.#exhaustedMs < REMEMBERED_MS;
  }

  /** Looks once; call it about once a second. */
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
    // S3 clients are kept below the limit, so it was not they. The admin listener is the other one that anybody may reach.
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
