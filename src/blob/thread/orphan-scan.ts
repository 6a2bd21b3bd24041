/**
 * Deletes own blobs that nothing refers to and that no sweep will name: uploads that failed, sweeps that a crash cut
 * off, and swept blobs that were pinned.
 */
import type { Timers } from "../../platform/timers.ts";
import type { Fatal } from "../../threads/worker-host.ts";
import type { BlobStore } from "../types.ts";
import type { BlobCounts } from "./counts.ts";
import type { Pins } from "./pins.ts";
import type { Removal } from "./removal.ts";

/** Own blobs that one step looks at. */
const SCAN_PAGE = 128;
const STEP_PAUSE_MS = 10;

export interface OrphanScanOptions {
  readonly store: Pick<BlobStore, "list">;
  readonly counts: Pick<BlobCounts, "isOpen" | "isUnwanted">;
  readonly pins: Pick<Pins, "holds" | "holdsEverything">;
  readonly removal: Pick<Removal, "orphans">;
  /** Physical HLC milliseconds of the newest applied commit timestamp: the time of the log is the age of blobs. */
  readonly appliedMs: () => number;
  readonly timers: Timers;
  /** From the end of a scan to the next. */
  readonly intervalMs: number;
  /** Younger blobs stay. */
  readonly graceMs: number;
  readonly fatal: Fatal;
}

export class OrphanScan {
  readonly #options: OrphanScanOptions;
  #cancel: (() => void) | undefined;

  constructor(options: OrphanScanOptions) {
    this.#options = options;
  }

  start(): void {
    this.#later(undefined, this.#options.intervalMs);
  }

  stop(): void {
    this.#cancel?.();
  }

  #later(after: Uint8Array | undefined, ms: number): void {
    this.#cancel = this.#options.timers.later(() => {
      try {
        const last = this.#step(after);
        this.#later(last, last === undefined ? this.#options.intervalMs : STEP_PAUSE_MS);
      } catch (error) {
        this.#options.fatal(`the scan for blobs without references failed: ${String(error)}`, error);
      }
    }, ms);
  }

  /** Returns where the next step begins; undefined at the end. */
  #step(after: Uint8Array | undefined): Uint8Array | undefined {
    const { store, counts, pins, removal, appliedMs, graceMs } = this.#options;
    if (!counts.isOpen || pins.holdsEverything) return undefined;
    const page = store.list(after, SCAN_PAGE);
    const oldMs = appliedMs() - graceMs;
    const orphans = page
      .filter(
        ({ writtenMs, sha256 }) => writtenMs <= oldMs && !pins.holds(sha256) && counts.isUnwanted(sha256),
      )
      .map(({ sha256 }) => sha256);
    if (orphans.length > 0) removal.orphans(orphans);
    return page.length === SCAN_PAGE ? page.at(-1)?.sha256 : undefined;
  }
}
