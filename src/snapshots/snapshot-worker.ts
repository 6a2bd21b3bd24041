/** The snapshot thread as a Worker. */
import { createLogger, type LogFormat, type LogLevel, type SharedLogLevel } from "../monitoring/log.ts";
import { answerMetrics } from "../monitoring/port-source.ts";
import { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import { realDisk } from "../platform/disk/real-disk.ts";
import { systemTimers } from "../platform/timers.ts";
import { SqliteGenerations } from "../store/generations/sqlite-generations.ts";
import type { StoreIdentity } from "../store/generations/store-identity.ts";
import type { FsmSyncMode } from "../store/types.ts";
import { PortChannel, type PortLike } from "../threads/channel.ts";
import { hostThread } from "../threads/worker-host.ts";
import { SnapshotThread } from "./snapshot-thread.ts";

export interface SnapshotWorkerInit {
  /** DATA/keyspace. */
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly fsmSyncMode: FsmSyncMode;
  readonly consensusPort: PortLike;
  readonly metricsPort: PortLike;
  readonly logLevel: LogLevel | SharedLogLevel;
  readonly logFormat: LogFormat;
}

hostThread<SnapshotWorkerInit>((init, fatal) => {
  const log = createLogger({ thread: "snapshot", level: init.logLevel, format: init.logFormat });
  new SnapshotThread({
    generations: new SqliteGenerations({
      directory: init.directory,
      fsmSyncMode: init.fsmSyncMode,
      identity: init.identity,
      disk: realDisk,
    }),
    channel: new PortChannel(init.consensusPort),
    timers: systemTimers,
    fatal,
  }).start();
  answerMetrics(new ThreadMetrics("snapshot"), init.metricsPort);
  log.debug("ready", { directory: init.directory });
});
