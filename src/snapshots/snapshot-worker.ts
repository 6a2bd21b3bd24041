/** The snapshot room as a Worker. */
import { createLogger, type LogFormat, type LogLevel } from "../monitoring/log.ts";
import { answerMetrics } from "../monitoring/port-source.ts";
import { RoomMetrics } from "../monitoring/room-metrics.ts";
import { systemTimers } from "../platform/timers.ts";
import { SqliteDepot } from "../store/generations/sqlite-generations.ts";
import type { StoreIdentity } from "../store/generations/store-identity.ts";
import type { FsmSyncMode } from "../store/types.ts";
import { PortChannel, type PortLike } from "../threads/channel.ts";
import { hostRoom } from "../threads/worker-host.ts";
import { SnapshotRoom } from "./snapshot-thread.ts";

export interface SnapshotWorkerInit {
  /** DATA/keyspace. */
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly fsmSyncMode: FsmSyncMode;
  readonly consensusPort: PortLike;
  readonly metricsPort: PortLike;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

hostRoom<SnapshotWorkerInit>((init, fatal) => {
  const log = createLogger({ room: "snapshot", level: init.logLevel, format: init.logFormat });
  new SnapshotRoom({
    depot: new SqliteDepot({
      directory: init.directory,
      fsmSyncMode: init.fsmSyncMode,
      identity: init.identity,
    }),
    channel: new PortChannel(init.consensusPort),
    timers: systemTimers,
    fatal,
  }).start();
  answerMetrics(new RoomMetrics("snapshot"), init.metricsPort);
  log.debug("ready", { directory: init.directory });
});
