import type { ThreadMetrics } from "../../monitoring/thread-metrics.ts";
import type { LogThreadMetrics } from "./log-thread.ts";
import type { RecoveredLog } from "./types.ts";

/** The metrics of the log thread, with the names of the metrics table. */
export function logThreadMetrics(
  metrics: ThreadMetrics,
  recovered: RecoveredLog,
  segmentCount: () => number,
): LogThreadMetrics {
  const seconds = metrics.histogram("walFsyncSeconds").labels();
  const entries = metrics.counter("walEntries").labels();
  const batchEntries = metrics.histogram("walBatchEntries").labels();
  const bytes = metrics.counter("walWrittenBytes").labels();
  const segments = metrics.gauge("walSegments").labels();
  const tornTails = metrics.counter("walTornTails").labels();
  if (recovered.tornTail !== undefined) tornTails.inc();
  metrics.onCollect(() => segments.set(segmentCount()));
  return {
    synced: (group) => {
      seconds.observe(group.seconds);
      entries.inc(group.entries);
      batchEntries.observe(group.entries);
      bytes.inc(group.bytes);
    },
  };
}
