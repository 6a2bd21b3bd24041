import type { Clock } from "../platform/clock.ts";
import type { Timestamp } from "../store/types.ts";

const LOGICAL_BITS = 16n;

/** How far ahead of the clock a ceiling is set (docs/design/contract.md, section 4). @internal */
export const HLC_CEILING_WINDOW_MS = 3_000;
/** A new ceiling is proposed when less than this is left of the old one. */
const HLC_CEILING_RENEW_BELOW_MS = 2_000;

/** The physical half of a timestamp, Unix milliseconds. */
export function physicalMs(ts: Timestamp): number {
  return Number(ts >> LOGICAL_BITS);
}

/** The first timestamp of a Unix millisecond. */
export function timestampFromMs(ms: number): Timestamp {
  return BigInt(Math.floor(ms)) << LOGICAL_BITS;
}

/**
 * Hybrid logical clock of a leader (Kulkarni et al., 2014): 48 bits Unix milliseconds, 16 bits logical.
 *
 * The physical part never passes a ceiling that precedes, in the Raft log, every entry stamped under it. Whoever
 * leads next has applied that ceiling before it stamps anything, and starts above it: whatever its own clock says, no
 * timestamp is used twice and none goes back.
 *
 * The ceiling need not be *committed* before the first stamp under it is handed out, only be *before it in the log*:
 * a stamp matters once its entry is committed, and then so is everything before it. So stamps are for entries of the log
 * and for nothing else (docs/decisions/032-clock-ceiling.md).
 */
export class HybridLogicalClock {
  readonly #clock: Clock;
  #last: Timestamp = 0n;
  #ceilingMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get last(): Timestamp {
    return this.#last;
  }

  get ceilingMs(): number {
    return this.#ceilingMs;
  }

  /** Milliseconds by which the clock's physical half runs ahead of this machine's wall clock (negative = behind). */
  skewMs(): number {
    return physicalMs(this.#last) - this.#clock.nowMs();
  }

  /** Called once on becoming leader, with what the log holds: everything issued from now on is above both. */
  startAbove(appliedCommitTs: Timestamp, appliedCeilingMs: number): void {
    const floor = timestampFromMs(appliedCeilingMs + 1);
    if (appliedCommitTs > this.#last) this.#last = appliedCommitTs;
    if (appliedCeilingMs > 0 && floor > this.#last) this.#last = floor;
    this.#ceilingMs = 0;
  }

  /** The ceiling to put into the log before the next stamp, or undefined while the present one has space. */
  ceilingDue(): number | undefined {
    const now = Math.max(this.#clock.nowMs(), physicalMs(this.#last));
    if (this.#ceilingMs - now >= HLC_CEILING_RENEW_BELOW_MS) return undefined;
    return now + HLC_CEILING_WINDOW_MS;
  }

  /** The ceiling entry is in the log, ahead of whatever is stamped from now on. */
  ceilingLogged(ceilingMs: number): void {
    if (ceilingMs > this.#ceilingMs) this.#ceilingMs = ceilingMs;
  }

  /** Puts a ceiling back that did not make it into the log. */
  ceilingLost(): void {
    this.#ceilingMs = 0;
  }

  /**
   * A timestamp above every one issued before. Under a wall clock that has leapt since the ceiling was looked at (a
   * paused process) it stays at the ceiling until the next one. @throws Error when the ceiling would be passed all the
   * same (a broken invariant).
   */
  issue(): Timestamp {
    const nowMs = this.#clock.nowMs();
    const physical = timestampFromMs(this.#ceilingMs > 0 ? Math.min(nowMs, this.#ceilingMs) : nowMs);
    const next = physical > this.#last ? physical : this.#last + 1n;
    if (physicalMs(next) > this.#ceilingMs) {
      throw new Error(
        `HLC would pass its ceiling: next=${next} (${physicalMs(next)} ms) ceiling=${this.#ceilingMs} ms last=${this.#last}`,
      );
    }
    this.#last = next;
    return next;
  }
}
