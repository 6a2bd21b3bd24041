/**
 * Removes pending writes that no upload continues; their stored content then becomes garbage
 * (s3/content/pending-writes.ts).
 *
 * A crash leaves pending writes behind, and two sweeps remove them. At start, one sweep removes the pending writes
 * of this node's earlier starts, because no thread works on them. At an interval, another sweep removes the pending
 * writes of any node that were not renewed within the inactivity TTL.
 */
import type { Logger } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import { PENDING_WRITES_PREFIX } from "../s3/records/keys.ts";
import { decodePendingWrite, type PendingWriteRecord } from "../s3/records/pending-write.ts";
import { keyAfter, prefixEnd } from "../store/key-encoding.ts";
import type { ScanItem } from "../store/types.ts";
import type { Condition, KvClient, KvGroup } from "../txn/types.ts";

/** Time between two sweeps for inactive pending writes. */
const SWEEP_INTERVAL_MS = 60_000;
const SCAN_PAGE = 256;

export interface PendingWriteSweeperOptions {
  readonly group: KvGroup;
  readonly clock: Clock;
  /** The name of this node, which is the same in all its starts. */
  readonly node: string;
  /** 8 bytes that identify this start of this node. */
  readonly origin: Uint8Array;
  readonly ttlMs: number;
}

/** Sweeps every group, at once and then at an interval. Returns a function that ends the sweeps. */
export function startPendingWriteSweeps(
  options: Omit<PendingWriteSweeperOptions, "group"> & {
    readonly kv: KvClient;
    readonly timers: Timers;
    readonly log: Logger;
  },
): () => void {
  const { kv, timers, log, ...shared } = options;
  const sweepers = kv.groups.map((group) => new PendingWriteSweeper({ ...shared, group }));
  const report = (removed: number): void => {
    if (removed > 0) log.info("abandoned uploads removed", { writes: removed });
  };
  const failed = (error: unknown): void =>
    log.warn("sweep of abandoned uploads stopped", { error: String(error) });
  for (const each of sweepers) each.sweepEarlierStarts().then(report, failed);
  const sweep = (): void => {
    for (const each of sweepers) each.sweepInactive().then(report, failed);
  };
  return timers.every(sweep, SWEEP_INTERVAL_MS);
}

/** @internal */
export class PendingWriteSweeper {
  readonly #options: PendingWriteSweeperOptions;

  constructor(options: PendingWriteSweeperOptions) {
    this.#options = options;
  }

  /**
   * Sweeps once at start, before or after serving begins. Returns the number of removed pending writes. @throws
   * KvError
   */
  sweepEarlierStarts(): Promise<number> {
    const { node, origin } = this.#options;
    return this.#sweep((write) => write.node === node && Buffer.compare(write.origin, origin) !== 0);
  }

  /** Sweeps at an interval. Returns the number of removed pending writes. @throws KvError */
  sweepInactive(): Promise<number> {
    const { clock, ttlMs } = this.#options;
    return this.#sweep((write) => write.seenMs + ttlMs <= clock.nowMs());
  }

  async #sweep(stale: (write: PendingWriteRecord) => boolean): Promise<number> {
    const view = await this.#options.group.snapshot();
    const end = prefixEnd(PENDING_WRITES_PREFIX);
    let start = PENDING_WRITES_PREFIX;
    let removed = 0;
    for (;;) {
      const page = await view.scan(start, end, { limit: SCAN_PAGE });
      for (const row of page) {
        if (stale(decodePendingWrite(row.value)) && (await this.#remove(row))) removed++;
      }
      const last = page[page.length - 1];
      if (last === undefined || page.length < SCAN_PAGE) return removed;
      start = keyAfter(last.key);
    }
  }

  /** Removes the pending write on condition that it was not renewed or ended after the read. */
  async #remove(row: ScanItem): Promise<boolean> {
    const unchanged: Condition = { kind: "version-equals", key: row.key, commitTs: row.commitTs };
    const outcome = await this.#options.group.transact({
      conditions: [unchanged],
      mutations: [{ kind: "delete", key: row.key }],
    });
    return outcome.ok;
  }
}
