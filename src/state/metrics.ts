/** The metrics of the store thread, with the names of the metrics table. */
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import type { FsmSyncMode } from "../store/types.ts";
import type { StoreThreadMetrics } from "./store-thread.ts";

/** File sizes in bytes. */
export interface StoreFileSizes {
  readonly database: number;
  readonly wal: number;
}

export function storeThreadMetrics(
  metrics: ThreadMetrics,
  fileSizes: () => StoreFileSizes,
  syncMode: FsmSyncMode,
): StoreThreadMetrics {
  const entries = metrics.counter("fsmAppliedEntries").labels();
  const seconds = metrics.histogram("fsmApplySeconds").labels();
  const refused = metrics.counter("fsmFailedConditions").labels();
  const repeated = metrics.counter("fsmDuplicates").labels();
  const compacted = metrics.counter("storeCompactedRows").labels();
  const database = metrics.gauge("storeDatabaseBytes").labels();
  const wal = metrics.gauge("storeWalBytes").labels();
  for (const mode of ["sync", "nosync"] as const) {
    metrics
      .gauge("fsmApplySyncMode")
      .labels({ mode })
      .set(mode === syncMode ? 1 : 0);
  }
  metrics.onCollect(() => {
    const sizes = fileSizes();
    database.set(sizes.database);
    wal.set(sizes.wal);
  });
  return {
    applied: (result, entryCount, took) => {
      entries.inc(entryCount);
      seconds.observe(took);
      refused.inc(result.refused);
      repeated.inc(result.repeated);
    },
    compacted: (rows) => compacted.inc(rows),
  };
}
