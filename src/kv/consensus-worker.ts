/** The consensus room as a Worker: waits for the log and the keyspace, checks that they belong together, and runs. */

import { watchEventLoopLag } from "../monitoring/event-loop-lag.ts";
import { createLogger, type Logger } from "../monitoring/log.ts";
import { answerMetrics } from "../monitoring/port-source.ts";
import { RoomMetrics } from "../monitoring/room-metrics.ts";
import { systemClock } from "../platform/clock.ts";
import { realNetwork } from "../platform/network/real-network.ts";
import { systemRandom } from "../platform/random.ts";
import { systemTimers } from "../platform/timers.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import { PeerTransport } from "../raft/transport/index.ts";
import { PortChannel } from "../rooms/channel.ts";
import { PublishedState } from "../rooms/published-state.ts";
import { hostRoom } from "../rooms/worker-host.ts";
import { assembleConsensus } from "./consensus-assembly.ts";
import type { ConsensusWorkerInit, PeerLink } from "./consensus-options.ts";
import { LogMail } from "./log-mail.ts";
import type { ConsensusToFront, FrontToConsensus } from "./messages.ts";
import { consensusRoomMetrics } from "./room-metrics.ts";
import { transportMetrics } from "./transport-metrics.ts";

export type { ConsensusWorkerInit } from "./consensus-options.ts";

hostRoom<ConsensusWorkerInit>(async (init, fatal) => {
  const log: Logger = createLogger({ room: "consensus", level: init.logLevel, format: init.logFormat });
  const metrics = new RoomMetrics("consensus");
  answerMetrics(metrics, init.metricsPort);
  watchEventLoopLag(metrics, systemClock);
  const front = new PortChannel<FrontToConsensus, ConsensusToFront>(init.frontPort);
  const { room, opened } = assembleConsensus({
    identity: init.identity,
    initialCluster: init.initialCluster,
    join: init.join,
    peer: peerLink(init, metrics),
    raft: init.raft,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    published: new PublishedState(init.published),
    front,
    store: new PortChannel(init.storePort),
    snapshots: new PortChannel(init.snapshotPort),
    log: new LogMail({
      channel: new PortChannel(init.logPort),
      maxSegments: init.maxWalFiles,
      fatal,
      onDiskFull: (full) => {
        front.send({ kind: "disk-full", full });
      },
    }),
    metrics: consensusRoomMetrics(metrics),
    logger: log,
    version: init.version,
    fatal,
  });
  const { maxInflightMsgs, maxInflightBytes, maxSizePerMsgBytes, snapshotCount } = init.raft;
  log.info("consensus starts", {
    node: init.identity.name,
    id: raftIdOf(init.identity.name),
    instance: init.identity.instance,
    cluster: init.identity.clusterId,
    maxInflightMsgs,
    maxInflightBytes,
    maxSizePerMsgBytes,
    snapshotCount,
    lanes: init.peer?.lanes,
    peerAddress: init.peer?.advertise,
    tls: init.peer?.tls !== undefined,
    clusterSecret: (init.peer?.secrets.length ?? 0) > 0,
  });
  metrics.onCollect(() => room.observe());
  room.start();
  const { recovered, applied } = await opened;
  return { replay: recovered.lastIndex - applied.index };
});

function peerLink(init: ConsensusWorkerInit, metrics: RoomMetrics): PeerLink | undefined {
  const { peer, raft } = init;
  if (peer === undefined) return undefined;
  const counted = transportMetrics(metrics);
  const network = realNetwork(peer.tls, () => counted.handshakeFailed("tls"));
  return {
    advertise: peer.advertise,
    tls: peer.tls !== undefined,
    transport: (callbacks) =>
      new PeerTransport({
        ...callbacks,
        authentication: { secrets: peer.secrets, tls: peer.tls !== undefined },
        listen: peer.listen,
        lanes: peer.lanes,
        maxInflightMsgs: raft.maxInflightMsgs,
        maxSizePerMsgBytes: raft.maxSizePerMsgBytes,
        maxInflightBytes: raft.maxInflightBytes,
        metrics: counted,
        network,
        clock: systemClock,
        timers: systemTimers,
        random: systemRandom,
      }),
  };
}
