import type { Clock } from "../platform/clock.ts";
import type { Timestamp } from "../store/types.ts";

const LOGICAL_BITS = 16n;

/** Distance from the clock to a new ceiling (docs/design/contract.md, section 4). @internal */
export const HLC_CEILING_WINDOW_MS = 3_000;
/** The leader proposes a new ceiling when the old ceiling is less than this ahead. */
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
 * The physical part never passes a ceiling that precedes, in the Raft log, every entry stamped under the ceiling.
 * The next leader applies that ceiling before it stamps its first entry, and starts above the ceiling. So no
 * timestamp is used twice and none goes back, whatever the clock of the next leader says.
 *
 * The first stamp may be issued before the ceiling is *committed*; the ceiling must only be *before the stamped
 * entry in the log*. A stamp counts only when its entry is committed, and then every earlier entry is committed too.
 * So stamps are only for entries of the log (docs/decisions/032-clock-ceiling.md).
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

  /**
   * Called once when this node becomes leader, with the state of the log: every later timestamp is above both
   * values.
   */
  startAbove(appliedCommitTs: Timestamp, appliedCeilingMs: number): void {
    const floor = timestampFromMs(appliedCeilingMs + 1);
    if (appliedCommitTs > this.#last) this.#last = appliedCommitTs;
    if (appliedCeilingMs > 0 && floor > this.#last) this.#last = floor;
    this.#ceilingMs = 0;
  }

  /**
   * The ceiling to append to the log before the next stamp; undefined while the present ceiling is far enough ahead.
   */
  ceilingDue(): number | undefined {
    const now = Math.max(this.#clock.nowMs(), physicalMs(this.#last));
    if (this.#ceilingMs - now >= HLC_CEILING_RENEW_BELOW_MS) return undefined;
    return now + HLC_CEILING_WINDOW_MS;
  }

  /** The ceiling entry is in the log, before every entry that is stamped later. */
  ceilingLogged(ceilingMs: number): void {
    if (ceilingMs > this.#ceilingMs) this.#ceilingMs = ceilingMs;
  }

  /** Resets the ceiling after its entry did not reach the log. */
  ceilingLost(): void {
    this.#ceilingMs = 0;
  }

  /**
   * Issues a timestamp above every earlier one. When the wall clock jumps after the ceiling check (a paused
   * process), the timestamp stays at the ceiling until the next ceiling.
   * @throws Error when the timestamp would still pass the ceiling (a broken invariant)
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
