/** The blob thread as a Worker. It has started when its blobs are open and peers can connect. */
import { join } from "node:path";
import { formatAddress } from "../../config/address.ts";
import { watchEventLoopLag } from "../../monitoring/event-loop-lag.ts";
import { createLogger, type Logger } from "../../monitoring/log.ts";
import { answerMetrics } from "../../monitoring/port-source.ts";
import { ThreadMetrics } from "../../monitoring/thread-metrics.ts";
import type { TransportMetrics } from "../../peer/index.ts";
import { transportMetrics } from "../../peer/transport-metrics.ts";
import { systemClock } from "../../platform/clock.ts";
import { realDisk } from "../../platform/disk/real-disk.ts";
import { realNetwork } from "../../platform/network/real-network.ts";
import type { Network } from "../../platform/network.ts";
import { systemRandom } from "../../platform/random.ts";
import { systemTimers } from "../../platform/timers.ts";
import { SqliteGenerations } from "../../store/generations/sqlite-generations.ts";
import { PortChannel } from "../../threads/channel.ts";
import { ONLY_GROUP } from "../../threads/group.ts";
import { PublishedState } from "../../threads/shared-state.ts";
import { hostThread } from "../../threads/worker-host.ts";
import { physicalMs } from "../../txn/hlc.ts";
import { BlobConnections } from "../replication/peers.ts";
import { BlobReplicator } from "../replication/replicator.ts";
import type { BlobServer } from "../replication/types.ts";
import { openBlobStore } from "../store/blob-store.ts";
import { BlobThread } from "../thread/blob-thread.ts";
import { blobThreadMetrics, replicationMetrics } from "../thread/metrics.ts";
import { FilePinMark, PIN_MARK } from "../thread/pin-mark.ts";
import { failureOf, localWrite, NO_PEERS } from "../thread/replicate.ts";
import type { BlobPeering, BlobWorkerInit, BlobWorkerStarted } from "./options.ts";

hostThread<BlobWorkerInit>(async (init, fatal): Promise<BlobWorkerStarted> => {
  const log = createLogger({ thread: "blob", level: init.logLevel, format: init.logFormat });
  const metrics = new ThreadMetrics("blob");
  answerMetrics(metrics, init.metricsPort);
  watchEventLoopLag(metrics, systemClock);
  const published = new PublishedState(init.published);
  const appliedMs = (): number => physicalMs(published.group(ONLY_GROUP).appliedCommitTs);
  const store = openBlobStore({
    disk: realDisk,
    directory: init.directory,
    // A node that joins does not know its cluster yet, but its data directory is its own.
    identity: { clusterId: init.instance, nodeId: init.node.name },
    // The age of a blob is counted in the time of the log.
    clock: { nowMs: appliedMs },
    timers: systemTimers,
    onRecovery: (found) => log.info("blobs open", { directory: init.directory, ...found }),
    onFailed: (error) => fatal(error.message, error),
  });
  const counted = transportMetrics(metrics);
  const network = realNetwork(init.peering?.tls, () => counted.handshakeFailed("tls"));
  let connections: BlobConnections | undefined;
  let thread: BlobThread | undefined;
  thread = new BlobThread({
    ownId: init.node.id,
    store,
    openReader: () => new SqliteGenerations({ ...init.keyspace, disk: realDisk }).openReader(),
    appliedMs,
    pinMark: new FilePinMark(realDisk, join(init.directory, PIN_MARK)),
    freeBytes: () => realDisk.space(init.directory).freeBytes,
    gateways: init.gatewayPorts.map((port) => new PortChannel(port)),
    consensus: new PortChannel(init.consensusPort),
    state: new PortChannel(init.storePort),
    control: new PortChannel(init.controlPort),
    connect: (server) => {
      if (init.peering === undefined) return NO_PEERS;
      connections = connect(init, init.peering, server, { network, counted, log });
      return connections;
    },
    reloadCertificate: () => network.reload(),
    replicate: (peers, writeLocal) =>
      new BlobReplicator({
        ownId: init.node.id,
        peers,
        writeLocal: localWrite(writeLocal),
        failureOf,
        minReplicas: init.minReplicas === 0 ? undefined : init.minReplicas,
        clock: systemClock,
        timers: systemTimers,
        metrics: replicationMetrics(metrics),
        logger: log,
      }),
    settings: init.settings,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    log,
    metrics: blobThreadMetrics(metrics, () => thread?.gauges),
    publishMissing: (missing) => published.publishMissingBlobs(missing),
    fatal,
  });
  await connections?.start();
  thread.start();
  return { address: addressOf(init.peering, connections) };
});

function connect(
  init: BlobWorkerInit,
  peering: BlobPeering,
  server: BlobServer,
  shared: { readonly network: Network; readonly counted: TransportMetrics; readonly log: Logger },
): BlobConnections {
  const { network, counted, log } = shared;
  const { boot, version, protocol } = peering;
  return new BlobConnections({
    identity: { ...init.node, instance: init.instance, boot, version, protocol },
    advertise: undefined,
    listen: peering.listen,
    authentication: { secrets: peering.secrets, tls: peering.tls !== undefined },
    server,
    // The gauge counts the lanes of the consensus thread.
    metrics: { ...counted, connected: () => {} },
    network,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger: log,
  });
}

function addressOf(peering: BlobPeering | undefined, connections: BlobConnections | undefined) {
  const address = connections?.address;
  if (peering === undefined || address === undefined) return undefined;
  return formatAddress({ host: peering.advertiseHost, port: address.port });
}
