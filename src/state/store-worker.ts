/** The store thread as a Worker. */
import { createLogger, type LogFormat, type LogLevel, type SharedLogLevel } from "../monitoring/log.ts";
import { answerMetrics } from "../monitoring/port-source.ts";
import { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import { realDisk } from "../platform/disk/real-disk.ts";
import { systemTimers } from "../platform/timers.ts";
import { SqliteGenerations } from "../store/generations/sqlite-generations.ts";
import type { StoreIdentity } from "../store/generations/store-identity.ts";
import type { FsmSyncMode } from "../store/types.ts";
import { PortChannel, type PortLike } from "../threads/channel.ts";
import { PublishedState } from "../threads/shared-state.ts";
import { hostThread } from "../threads/worker-host.ts";
import { type StoreFileSizes, storeThreadMetrics } from "./metrics.ts";
import { StoreThread } from "./store-thread.ts";

export interface StoreWorkerInit {
  /** The directory DATA/keyspace. */
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly fsmSyncMode: FsmSyncMode;
  readonly retentionMs: number;
  readonly published: SharedArrayBuffer;
  readonly consensusPort: PortLike;
  readonly controlPort: PortLike;
  readonly gateways: readonly { readonly port: PortLike; readonly clientId: Uint8Array }[];
  readonly blobPort?: PortLike;
  readonly metricsPort: PortLike;
  readonly logLevel: LogLevel | SharedLogLevel;
  readonly logFormat: LogFormat;
}

/** The worker has started when consensus has said how to open the keyspace, and the keyspace is open. */
hostThread<StoreWorkerInit>(async (init, fatal) => {
  const log = createLogger({ thread: "store", level: init.logLevel, format: init.logFormat });
  const metrics = new ThreadMetrics("store");
  const generations = new SqliteGenerations({
    directory: init.directory,
    fsmSyncMode: init.fsmSyncMode,
    identity: init.identity,
    disk: realDisk,
  });
  const thread = new StoreThread({
    generations,
    timers: systemTimers,
    log,
    published: new PublishedState(init.published),
    consensus: new PortChannel(init.consensusPort),
    control: new PortChannel(init.controlPort),
    gateways: init.gateways.map(({ port, clientId }) => ({ channel: new PortChannel(port), clientId })),
    blob: init.blobPort === undefined ? undefined : new PortChannel(init.blobPort),
    retentionMs: init.retentionMs,
    metrics: storeThreadMetrics(metrics, () => fileSizes(generations), init.fsmSyncMode),
    seconds: () => performance.now() / 1000,
    fatal,
  });
  const applied = await thread.start();
  answerMetrics(metrics, init.metricsPort);
  log.info("keyspace open", {
    path: generations.databaseFile(),
    applied: applied.index,
    term: applied.term,
    sync: init.fsmSyncMode,
  });
  return applied;
});

function fileSizes(generations: SqliteGenerations): StoreFileSizes {
  const size = (file: string): number => realDisk.stat(file)?.bytes ?? 0;
  const path = generations.databaseFile();
  return { database: size(path), wal: size(`${path}-wal`) };
}
