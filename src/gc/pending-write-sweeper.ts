/**
 * Removes pending writes that nobody goes on with; what they have stored becomes garbage by it (s3/content/pending-writes.ts).
 *
 * What a crash leaves behind goes in two ways: at start, pending writes of this node's earlier starts (nobody can be working
 * on them); at any time, those that have not been renewed for the inactivity TTL, whoever wrote them.
 */
import type { Logger } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import { PENDING_WRITES_PREFIX } from "../s3/records/keys.ts";
import { decodePendingWrite, type PendingWriteRecord } from "../s3/records/pending-write.ts";
import { keyAfter, prefixEnd } from "../store/key-encoding.ts";
import type { ScanItem } from "../store/types.ts";
import type { Condition, KvClient, KvGroup } from "../txn/types.ts";

/** Between two looks for writes that have become inactive. */
const SWEEP_INTERVAL_MS = 60_000;
const SCAN_PAGE = 256;

export interface PendingWriteSweeperOptions {
  readonly group: KvGroup;
  readonly clock: Clock;
  /** This node, across its starts. */
  readonly node: string;
  /** 8 bytes: this start of this node. */
  readonly origin: Uint8Array;
  readonly ttlMs: number;
}

/** Sweeps every group, at once and then again and again. Returns its end. */
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

  /** Once at start, before or after serving begins. Returns how many were removed. @throws KvError */
  sweepEarlierStarts(): Promise<number> {
    const { node, origin } = this.#options;
    return this.#sweep((write) => write.node === node && Buffer.compare(write.origin, origin) !== 0);
  }

  /** Every so often. Returns how many were removed. @throws KvError */
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

  /** On condition that it was not renewed or ended since it was read. */
  async #remove(row: ScanItem): Promise<boolean> {
    const unchanged: Condition = { kind: "version-equals", key: row.key, commitTs: row.commitTs };
    const outcome = await this.#options.group.transact({
      conditions: [unchanged],
      mutations: [{ kind: "delete", key: row.key }],
    });
    return outcome.ok;
  }
}
