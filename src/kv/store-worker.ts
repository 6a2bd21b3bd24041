/** The store room as a Worker. */
import { statSync } from "node:fs";
import { createLogger, type LogFormat, type LogLevel } from "../monitoring/log.ts";
import { answerMetrics } from "../monitoring/port-source.ts";
import { RoomMetrics } from "../monitoring/room-metrics.ts";
import { PortChannel, type PortLike } from "../rooms/channel.ts";
import { PublishedState } from "../rooms/published-state.ts";
import { hostRoom } from "../rooms/worker-host.ts";
import { SqliteStore } from "../store/index.ts";
import { claimStore, type StoreIdentity } from "../store/store-identity.ts";
import type { FsmSyncMode } from "../store/types.ts";
import { type StoreFileSizes, storeRoomMetrics } from "./room-metrics.ts";
import { StoreRoom } from "./store-room.ts";

export interface StoreWorkerInit {
  readonly path: string;
  readonly identity: StoreIdentity;
  readonly syncMode: FsmSyncMode;
  readonly retentionMs: number;
  readonly origin: Uint8Array;
  readonly published: SharedArrayBuffer;
  readonly consensusPort: PortLike;
  readonly frontPort: PortLike;
  readonly metricsPort: PortLike;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

hostRoom<StoreWorkerInit>((init, fatal) => {
  const log = createLogger({ room: "store", level: init.logLevel, format: init.logFormat });
  const metrics = new RoomMetrics("store");
  const store = new SqliteStore({ file: init.path, fsmSyncMode: init.syncMode });
  claimStore(store, init.path, init.identity);
  const room = new StoreRoom({
    store,
    published: new PublishedState(init.published),
    consensus: new PortChannel(init.consensusPort),
    front: new PortChannel(init.frontPort),
    origin: init.origin,
    retentionMs: init.retentionMs,
    metrics: storeRoomMetrics(metrics, () => fileSizes(init.path), init.syncMode),
    seconds: () => performance.now() / 1000,
    later: (task, delayMs) => void setTimeout(task, delayMs),
    fatal,
  });
  room.start();
  answerMetrics(metrics, init.metricsPort);
  const applied = store.appliedState();
  log.info("keyspace open", {
    path: init.path,
    applied: applied.index,
    term: applied.term,
    sync: init.syncMode,
  });
  return applied;
});

function fileSizes(path: string): StoreFileSizes {
  const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return { database: size(path), wal: size(`${path}-wal`) };
}
