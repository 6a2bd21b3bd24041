import type { RoomMetrics } from "../../monitoring/room-metrics.ts";
import type { LogRoomMetrics } from "./log-thread.ts";
import type { RecoveredLog } from "./types.ts";

/** The numbers of the log room, as the metrics table names them. */
export function logRoomMetrics(
  metrics: RoomMetrics,
  recovered: RecoveredLog,
  segmentCount: () => number,
): LogRoomMetrics {
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
