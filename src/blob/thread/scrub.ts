/**
 * Reads every own blob at a bounded rate, so that damage is found while other nodes still have the blob. The place is
 * not stored: a restarted node begins at a random place, and goes round.
 */
import type { Random } from "../../platform/random.ts";
import type { Timers } from "../../platform/timers.ts";
import type { Fatal } from "../../threads/worker-host.ts";
import { SHA256_BYTES } from "../../txn/references.ts";
import type { BlobStore, StoredBlob } from "../types.ts";
import type { OwnCopies } from "./own-copies.ts";
import type { BlobMetrics } from "./types.ts";

const SCRUB_PAGE = 64;
/** Time for one blob at least: a disk with small blobs only is read one by one too. */
const STEP_PAUSE_MS = 5;

export interface ScrubOptions {
  readonly store: Pick<BlobStore, "list">;
  readonly own: Pick<OwnCopies, "state">;
  readonly random: Random;
  readonly timers: Timers;
  /** Bytes a second. */
  readonly rate: number;
  /** From the end of a round to the next. */
  readonly intervalMs: number;
  readonly metrics: Pick<BlobMetrics, "scrubbed">;
  readonly fatal: Fatal;
}

export class Scrub {
  readonly #options: ScrubOptions;
  #page: StoredBlob[] = [];
  #after: Uint8Array | undefined;
  /** The blobs before the random place have been reached too. */
  #goneRound = false;
  #cancel: (() => void) | undefined;

  constructor(options: ScrubOptions) {
    this.#options = options;
  }

  start(): void {
    this.#after = this.#options.random.bytes(SHA256_BYTES);
    this.#later(STEP_PAUSE_MS);
  }

  stop(): void {
    this.#cancel?.();
  }

  #later(ms: number): void {
    this.#cancel = this.#options.timers.later(() => {
      try {
        this.#later(this.#step());
      } catch (error) {
        this.#options.fatal(`the scrub of blobs failed: ${String(error)}`, error);
      }
    }, ms);
  }

  /** Reads one blob. Returns the pause until the next one, in milliseconds. */
  #step(): number {
    const { store, own, rate, intervalMs, metrics } = this.#options;
    if (this.#page.length === 0) this.#page = store.list(this.#after, SCRUB_PAGE);
    const next = this.#page.shift();
    if (next === undefined) {
      this.#after = undefined;
      const pauseMs = this.#goneRound ? intervalMs : STEP_PAUSE_MS;
      this.#goneRound = true;
      return pauseMs;
    }
    this.#after = next.sha256;
    // The blob may have been deleted since the list.
    if (own.state(next.sha256, true) === "missing") return STEP_PAUSE_MS;
    metrics.scrubbed(next.size);
    return Math.max(STEP_PAUSE_MS, (next.size / rate) * 1_000);
  }
}
