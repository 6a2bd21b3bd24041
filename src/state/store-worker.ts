/** The store room as a Worker. */
import { statSync } from "node:fs";
import { createLogger, type LogFormat, type LogLevel } from "../monitoring/log.ts";
import { answerMetrics } from "../monitoring/port-source.ts";
import { RoomMetrics } from "../monitoring/room-metrics.ts";
import { systemTimers } from "../platform/timers.ts";
import { SqliteDepot } from "../store/generations/sqlite-generations.ts";
import type { StoreIdentity } from "../store/generations/store-identity.ts";
import type { FsmSyncMode } from "../store/types.ts";
import { PortChannel, type PortLike } from "../threads/channel.ts";
import { PublishedState } from "../threads/shared-state.ts";
import { hostRoom } from "../threads/worker-host.ts";
import { type StoreFileSizes, storeRoomMetrics } from "./metrics.ts";
import { StoreRoom } from "./store-thread.ts";

export interface StoreWorkerInit {
  /** DATA/keyspace. */
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly fsmSyncMode: FsmSyncMode;
  readonly retentionMs: number;
  readonly origin: Uint8Array;
  readonly published: SharedArrayBuffer;
  readonly consensusPort: PortLike;
  readonly frontPort: PortLike;
  readonly metricsPort: PortLike;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** Has started when consensus has said how to open the keyspace, and it is open. */
hostRoom<StoreWorkerInit>(async (init, fatal) => {
  const log = createLogger({ room: "store", level: init.logLevel, format: init.logFormat });
  const metrics = new RoomMetrics("store");
  const depot = new SqliteDepot({
    directory: init.directory,
    fsmSyncMode: init.fsmSyncMode,
    identity: init.identity,
  });
  const room = new StoreRoom({
    depot,
    timers: systemTimers,
    log,
    published: new PublishedState(init.published),
    consensus: new PortChannel(init.consensusPort),
    front: new PortChannel(init.frontPort),
    origin: init.origin,
    retentionMs: init.retentionMs,
    metrics: storeRoomMetrics(metrics, () => fileSizes(depot), init.fsmSyncMode),
    seconds: () => performance.now() / 1000,
    fatal,
  });
  const applied = await room.start();
  answerMetrics(metrics, init.metricsPort);
  log.info("keyspace open", {
    path: depot.databaseFile(),
    applied: applied.index,
    term: applied.term,
    sync: init.fsmSyncMode,
  });
  return applied;
});

function fileSizes(depot: SqliteDepot): StoreFileSizes {
  const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const path = depot.databaseFile();
  return { database: size(path), wal: size(`${path}-wal`) };
}
