/** The consensus room as a Worker: waits for the log and the keyspace, checks that they belong together, and runs. */

import { watchEventLoopLag } from "../monitoring/event-loop-lag.ts";
import { createLogger, type LogFormat, type Logger, type LogLevel } from "../monitoring/log.ts";
import { answerMetrics } from "../monitoring/port-source.ts";
import { RoomMetrics } from "../monitoring/room-metrics.ts";
import { systemClock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import { PortChannel, type PortLike } from "../rooms/channel.ts";
import { PublishedState } from "../rooms/published-state.ts";
import { hostRoom } from "../rooms/worker-host.ts";
import { assembleConsensus, type RaftSettings } from "./consensus-assembly.ts";
import { LogMail } from "./log-mail.ts";
import type { ConsensusToFront, FrontToConsensus } from "./messages.ts";
import { consensusRoomMetrics } from "./room-metrics.ts";

export interface ConsensusWorkerInit {
  readonly nodeId: number;
  readonly raft: RaftSettings;
  /** Log segments kept at most once nothing needs the older ones. */
  readonly maxWalFiles: number;
  readonly published: SharedArrayBuffer;
  readonly frontPort: PortLike;
  readonly storePort: PortLike;
  readonly logPort: PortLike;
  readonly metricsPort: PortLike;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

hostRoom<ConsensusWorkerInit>(async (init, fatal) => {
  const log: Logger = createLogger({ room: "consensus", level: init.logLevel, format: init.logFormat });
  const metrics = new RoomMetrics("consensus");
  answerMetrics(metrics, init.metricsPort);
  watchEventLoopLag(metrics, systemClock);
  const front = new PortChannel<FrontToConsensus, ConsensusToFront>(init.frontPort);
  const { room, recovered, applied } = await assembleConsensus({
    nodeId: init.nodeId,
    raft: init.raft,
    clock: systemClock,
    random: systemRandom,
    published: new PublishedState(init.published),
    front,
    store: new PortChannel(init.storePort),
    log: new LogMail({
      channel: new PortChannel(init.logPort),
      maxSegments: init.maxWalFiles,
      fatal,
      onDiskFull: (full) => {
        front.send({ kind: "disk-full", full });
      },
    }),
    metrics: consensusRoomMetrics(metrics),
    fatal,
  });
  log.info("consensus starts", {
    node: init.nodeId,
    term: recovered.hardState.term,
    firstIndex: recovered.firstIndex,
    lastIndex: recovered.lastIndex,
    applied: applied.index,
  });
  metrics.onCollect(() => room.observe());
  room.start();
  // A late tick must show as late, so each one is compared with when it was due and not with the one before.
  let due = performance.now() + init.raft.tickMs;
  setInterval(() => {
    const now = performance.now();
    room.tick(Math.max(0, now - due) / 1000);
    due = now + init.raft.tickMs;
  }, init.raft.tickMs);
  return { replay: recovered.lastIndex - applied.index };
});
