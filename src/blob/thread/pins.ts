/**
 * Pins: blobs that this node has acknowledged and must keep, although no reference to them is applied yet. Pins are
 * bounded by the time of the log: the transaction that would refer to a blob carries the condition `not-after`, so
 * that no reference can come after the pin has ended (docs/decisions/093-blobs.md). No wall clock decides.
 *
 * An applied reference does not end a pin. Two uploads may store the same content: when one of the two is referenced,
 * deleted and swept while the other is still in progress, the other upload's pin is what keeps the copy.
 */

import { mapKeyOf } from "../../platform/bytes.ts";
import type { Clock } from "../../platform/clock.ts";
import type { PinMark } from "./pin-mark.ts";

export interface PinsOptions {
  readonly clock: Clock;
  /** Physical HLC milliseconds of the newest applied commit timestamp. */
  readonly appliedMs: () => number;
  /** What lasts longer, from the later one of applied time and this node's clock, is a mistake. Milliseconds. */
  readonly pinMaxMs: number;
  readonly mark: PinMark;
  /** Pins that are kept one by one. */
  readonly maxPins: number;
}

/** Ended pins that one call of `expire` removes. @internal */
export const EXPIRED_PER_CALL = 4_096;

export class Pins {
  readonly #options: PinsOptions;
  /** Physical HLC milliseconds, by SHA-256. The pins that were made first come first. */
  readonly #untilMs = new Map<string, number>();
  /** Every blob is kept until the applied time has passed this. */
  #everythingUntilMs = Number.POSITIVE_INFINITY;
  /** As long as the pins last that did not fit. */
  #crowdedUntilMs = 0;
  /** Pins of earlier starts. */
  readonly #markedMs: number;
  #serving = false;

  constructor(options: PinsOptions) {
    this.#options = options;
    this.#markedMs = options.mark.untilMs;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  /** True while no blob at all may be deleted: after the start, or because there were more pins than fit. */
  get holdsEverything(): boolean {
    return this.#options.appliedMs() <= Math.max(this.#everythingUntilMs, this.#crowdedUntilMs);
  }

  /** The node has applied everything that was committed before its start. */
  serving(): void {
    if (this.#serving) return;
    this.#serving = true;
    this.#everythingUntilMs = this.#markedMs;
  }

  /** False for a pin that nothing sensible asks for. */
  accepts(untilMs: number): boolean {
    return untilMs <= this.#latestMs();
  }

  /**
   * A later pin of the same blob counts. The mark on disk is raised first, in long steps.
   * @throws BlobError DISK_FULL, IO
   */
  pin(sha256: Uint8Array, untilMs: number): void {
    const { mark, pinMaxMs } = this.#options;
    if (untilMs > mark.untilMs) mark.raise(untilMs + pinMaxMs);
    const key = mapKeyOf(sha256);
    const earlier = this.#untilMs.get(key);
    if (earlier !== undefined) {
      if (earlier >= untilMs) return;
      this.#untilMs.delete(key);
    } else if (this.#untilMs.size >= this.#options.maxPins) {
      this.#crowdedUntilMs = Math.max(this.#crowdedUntilMs, untilMs);
      return;
    }
    this.#untilMs.set(key, untilMs);
  }

  holds(sha256: Uint8Array): boolean {
    if (this.holdsEverything) return true;
    const untilMs = this.#untilMs.get(mapKeyOf(sha256));
    return untilMs !== undefined && this.#options.appliedMs() <= untilMs;
  }

  /** Forgets pins that have ended. */
  expire(): void {
    const appliedMs = this.#options.appliedMs();
    let looked = 0;
    for (const [key, untilMs] of this.#untilMs) {
      if (appliedMs <= untilMs || looked++ === EXPIRED_PER_CALL) return;
      this.#untilMs.delete(key);
    }
  }

  /** An idle cluster applies nothing, so its applied time stands still while clocks go on. */
  #latestMs(): number {
    const { clock, appliedMs, pinMaxMs } = this.#options;
    return Math.max(appliedMs(), clock.nowMs()) + pinMaxMs;
  }
}
