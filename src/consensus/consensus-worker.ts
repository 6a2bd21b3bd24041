/**
 * The consensus thread as a Worker: the Worker waits for log and keyspace, checks that both belong together, and
 * runs.
 */

import type { PeerLink } from "../cluster/types.ts";
import type { ConsensusToControl, ControlToConsensus } from "../messages/messages.ts";
import { watchEventLoopLag } from "../monitoring/event-loop-lag.ts";
import { createLogger, type Logger } from "../monitoring/log.ts";
import { answerMetrics } from "../monitoring/port-source.ts";
import { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import { PeerTransport } from "../peer/index.ts";
import type { PeerTransportOptions } from "../peer/transport.ts";
import { transportMetrics } from "../peer/transport-metrics.ts";
import { systemClock } from "../platform/clock.ts";
import { realNetwork } from "../platform/network/real-network.ts";
import { systemRandom } from "../platform/random.ts";
import { watchdog } from "../platform/service-manager.ts";
import { systemTimers } from "../platform/timers.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import { PortChannel } from "../threads/channel.ts";
import { PublishedState } from "../threads/shared-state.ts";
import { hostThread } from "../threads/worker-host.ts";
import { ConsensusThread } from "./consensus-thread.ts";
import { JoinDoor } from "./join-door.ts";
import { LogClient } from "./log-client.ts";
import { consensusThreadMetrics } from "./metrics.ts";
import type { ConsensusWorkerInit } from "./options.ts";

export type { ConsensusWorkerInit } from "./options.ts";

hostThread<ConsensusWorkerInit>(async (init, fatal) => {
  const log: Logger = createLogger({ thread: "consensus", level: init.logLevel, format: init.logFormat });
  const metrics = new ThreadMetrics("consensus");
  answerMetrics(metrics, init.metricsPort);
  watchEventLoopLag(metrics, systemClock);
  const counted = transportMetrics(metrics);
  const network = realNetwork(init.peer?.tls, () => counted.handshakeFailed("tls"));
  const control = new JoinDoor(
    new PortChannel<ControlToConsensus, ConsensusToControl>(init.controlPort),
    () => {
      try {
        network.reload();
      } catch (error) {
        fatal(`the renewed certificate cannot be used: ${String(error)}`, error);
      }
    },
  );
  const thread = new ConsensusThread({
    identity: init.identity,
    initialCluster: init.initialCluster,
    join: init.join,
    peer: peerLink(init, { network, metrics: counted, onJoin: control.ask.bind(control) }),
    raft: init.raft,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    published: new PublishedState(init.published),
    control,
    gateways: init.gatewayPorts.map((port) => new PortChannel(port)),
    store: new PortChannel(init.storePort),
    snapshots: new PortChannel(init.snapshotPort),
    blob: init.blobPort === undefined ? undefined : new PortChannel(init.blobPort),
    blobs: init.blobs,
    log: new LogClient({
      channel: new PortChannel(init.logPort),
      maxSegments: init.maxWalFiles,
      fatal,
      onDiskFull: (full) => {
        control.send({ kind: "disk-full", full });
      },
    }),
    metrics: consensusThreadMetrics(metrics),
    logger: log,
    version: init.version,
    fatal,
    alive: watchdog(init.serviceManager, systemClock.monotonicMs, (message) => log.warn(message)),
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
    // A node without peers has neither TLS nor a cluster secret, so the log line names neither.
    tls: init.peer && init.peer.tls !== undefined,
    clusterSecret: init.peer && init.peer.secrets.length > 0,
  });
  metrics.onCollect(() => thread.observe());
  thread.start();
  const { recovered, applied } = await thread.opened;
  return { replay: recovered.lastIndex - applied.index };
});

function peerLink(
  { peer, raft }: ConsensusWorkerInit,
  shared: Pick<PeerTransportOptions, "network" | "metrics"> & Required<Pick<PeerTransportOptions, "onJoin">>,
): PeerLink | undefined {
  if (peer === undefined) return undefined;
  const { network, metrics, onJoin } = shared;
  return {
    advertise: peer.advertise,
    tls: peer.tls !== undefined,
    transport: (callbacks) =>
      new PeerTransport({
        ...callbacks,
        ...(peer.tls?.joins === true ? { onJoin } : {}),
        authentication: { secrets: peer.secrets, tls: peer.tls !== undefined },
        listen: peer.listen,
        lanes: peer.lanes,
        maxInflightMsgs: raft.maxInflightMsgs,
        maxSizePerMsgBytes: raft.maxSizePerMsgBytes,
        maxInflightBytes: raft.maxInflightBytes,
        metrics,
        network,
        clock: systemClock,
        timers: systemTimers,
        random: systemRandom,
      }),
  };
}
