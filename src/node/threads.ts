/** Starts the Worker threads and connects them with each other, control and the gateways. */
import type { BlobWorkerInit, BlobWorkerStarted } from "../blob/worker/options.ts";
import { BUILD_INFO } from "../cli/version.ts";
import type { Config } from "../config/config.ts";
import type { ConsensusWorkerInit } from "../consensus/options.ts";
import type { BlobToControl, BlobToGateway, ControlToBlob, GatewayToBlob } from "../messages/blobs.ts";
import type {
  ConsensusToControl,
  ConsensusToGateway,
  ControlToConsensus,
  ControlToStore,
  GatewayToConsensus,
  GatewayToStore,
  StoreToControl,
  StoreToGateway,
} from "../messages/messages.ts";
import type { MetricsSource } from "../monitoring/collect.ts";
import type { SharedLogLevel } from "../monitoring/log.ts";
import { portSource } from "../monitoring/port-source.ts";
import { systemRandom } from "../platform/random.ts";
import type { ServiceManagerAddress } from "../platform/service-manager.ts";
import type { LogWorkerInit } from "../raft/log/messages.ts";
import type { SnapshotWorkerInit } from "../snapshots/snapshot-worker.ts";
import type { StoreWorkerInit } from "../state/store-worker.ts";
import { SqliteGenerations } from "../store/generations/sqlite-generations.ts";
import type { KeyspaceReader } from "../store/types.ts";
import { type Channel, PortChannel } from "../threads/channel.ts";
import { PublishedState } from "../threads/shared-state.ts";
import { type OnDeath, spawnThread, ThreadStartError } from "../threads/worker-host.ts";
import { blobSettings } from "./blob-settings.ts";
import { keyspaceDirectory, type NodeIdentity, walDirectory, walIdentity } from "./data-directory.ts";
import { threadFailure } from "./thread-failure.ts";
import type { Topology } from "./topology.ts";

/**
 * One Raft tick. Ten ticks without a leader start an election (docs/design/contract.md, section 5: about a second).
 */
const TICK_MS = 100;
const ELECTION_TICKS = 10;
const HEARTBEAT_TICKS = 1;
/** Bytes of committed entries in one message to the store thread, which applies them in one SQLite transaction. */
const COMMITTED_BYTES_PER_READY = 8 << 20;

/** Channels of one gateway to the other threads. */
interface GatewayPorts {
  readonly consensus: Channel<ConsensusToGateway, GatewayToConsensus>;
  readonly store: Channel<StoreToGateway, GatewayToStore>;
  readonly blob: Channel<BlobToGateway, GatewayToBlob>;
  /** 8 random bytes that identify the gateway's proposals. */
  readonly clientId: Uint8Array;
}

export interface Threads {
  readonly consensus: Channel<ConsensusToControl, ControlToConsensus>;
  readonly store: Channel<StoreToControl, ControlToStore>;
  readonly blob: Channel<BlobToControl, ControlToBlob>;
  readonly gateways: readonly [GatewayPorts, ...GatewayPorts[]];
  readonly openReader: () => KeyspaceReader;
  readonly published: PublishedState;
  /** 8 random bytes of this start of the node, which identify its pending writes. */
  readonly startId: Uint8Array;
  readonly metricsSources: readonly MetricsSource[];
  /** Resolves when log and keyspace are open and belong together. A node that has not met its cluster yet sends
   * bootstrap messages before that, so control must listen already.
   *  @throws StartError with the one line that says which thread could not start, and why. */
  start(): Promise<void>;
}

export interface ThreadsOptions {
  readonly config: Config;
  readonly identity: NodeIdentity;
  readonly topology: Topology;
  /** Secrets of the cluster, with which its nodes prove membership. */
  readonly secrets: readonly Uint8Array[];
  /** Number of gateways; default 1. */
  readonly gateways?: number;
  /** Service manager (systemd) that receives the watchdog messages of the consensus thread. */
  readonly serviceManager?: ServiceManagerAddress | undefined;
  /** The level that all threads share; default: the setting, for good. */
  readonly logLevel?: SharedLogLevel | undefined;
  readonly onDeath: OnDeath;
}

export function makeThreads(options: ThreadsOptions): Threads {
  const { config, identity, onDeath } = options;
  const published = new PublishedState();
  const { logFormat } = config;
  const logLevel = options.logLevel ?? config.logLevel;
  const controlConsensus = new MessageChannel();
  const controlStore = new MessageChannel();
  const gateways = Array.from({ length: options.gateways ?? 1 }, () => ({
    clientId: systemRandom.bytes(8),
    consensus: new MessageChannel(),
    store: new MessageChannel(),
    blob: new MessageChannel(),
  }));
  const controlBlob = new MessageChannel();
  const blobConsensus = new MessageChannel();
  const blobStore = new MessageChannel();
  const consensusStore = new MessageChannel();
  const consensusLog = new MessageChannel();
  const consensusSnapshot = new MessageChannel();
  const metrics = {
    log: new MessageChannel(),
    store: new MessageChannel(),
    consensus: new MessageChannel(),
    snapshot: new MessageChannel(),
    blob: new MessageChannel(),
  };
  const generations = {
    directory: keyspaceDirectory(config.dataDir),
    fsmSyncMode: config.fsmSyncMode,
    identity: { clusterId: identity.clusterId, nodeId: identity.nodeId },
  };
  const storeInit: StoreWorkerInit = {
    ...generations,
    retentionMs: config.mvccRetentionMs,
    published: published.buffer,
    consensusPort: consensusStore.port2,
    controlPort: controlStore.port2,
    gateways: gateways.map(({ store, clientId }) => ({ port: store.port2, clientId })),
    blobPort: blobStore.port2,
    metricsPort: metrics.store.port2,
    logLevel,
    logFormat,
  };
  const logInit: LogWorkerInit = {
    kind: "init",
    port: consensusLog.port2,
    metricsPort: metrics.log.port2,
    directory: walDirectory(config.dataDir),
    identity: walIdentity(identity),
    create: identity.initializing,
    logLevel,
    logFormat,
  };
  const snapshotInit: SnapshotWorkerInit = {
    ...generations,
    consensusPort: consensusSnapshot.port2,
    metricsPort: metrics.snapshot.port2,
    logLevel,
    logFormat,
  };
  const blobInit: BlobWorkerInit = {
    ...blobSettings(options),
    keyspace: generations,
    published: published.buffer,
    gatewayPorts: gateways.map(({ blob }) => blob.port2),
    consensusPort: blobConsensus.port2,
    storePort: blobStore.port1,
    controlPort: controlBlob.port2,
    metricsPort: metrics.blob.port2,
    logLevel,
    logFormat,
  };
  const consensusInit = (blobAddress: string | undefined) =>
    ({
      ...consensusSettings(options),
      blobs: { address: blobAddress, offload: config.s3BlobOffload },
      blobPort: blobConsensus.port1,
      published: published.buffer,
      controlPort: controlConsensus.port2,
      gatewayPorts: gateways.map(({ consensus }) => consensus.port2),
      storePort: consensusStore.port1,
      logPort: consensusLog.port1,
      snapshotPort: consensusSnapshot.port1,
      metricsPort: metrics.consensus.port2,
    }) satisfies ConsensusWorkerInit;
  const start = async (): Promise<void> => {
    try {
      // The consensus thread tells peers where this node exchanges blobs.
      const blob = (await spawnThread(
        "blob",
        blobInit,
        [
          ...gateways.map(({ blob }) => blob.port2),
          blobConsensus.port2,
          blobStore.port1,
          controlBlob.port2,
          metrics.blob.port2,
        ],
        onDeath,
      )) as BlobWorkerStarted;
      // The threads wait for each other's messages, so they start together. The first error is the reported reason.
      await Promise.all([
        spawnThread(
          "store",
          storeInit,
          [
            consensusStore.port2,
            controlStore.port2,
            ...gateways.map(({ store }) => store.port2),
            blobStore.port2,
            metrics.store.port2,
          ],
          onDeath,
        ),
        spawnThread("log", logInit, [consensusLog.port2, metrics.log.port2], onDeath),
        spawnThread("snapshot", snapshotInit, [consensusSnapshot.port2, metrics.snapshot.port2], onDeath),
        spawnThread(
          "consensus",
          consensusInit(blob.address),
          [
            controlConsensus.port2,
            ...gateways.map(({ consensus }) => consensus.port2),
            consensusStore.port1,
            consensusLog.port1,
            consensusSnapshot.port1,
            blobConsensus.port1,
            metrics.consensus.port2,
          ],
          onDeath,
        ),
      ]);
    } catch (error) {
      if (error instanceof ThreadStartError) throw threadFailure(error.message, error.codes, config.dataDir);
      throw error;
    }
  };
  return {
    consensus: new PortChannel(controlConsensus.port1),
    store: new PortChannel(controlStore.port1),
    blob: new PortChannel(controlBlob.port1),
    gateways: gateways.map(gatewayPorts) as [GatewayPorts, ...GatewayPorts[]],
    openReader: () => new SqliteGenerations(generations).openReader(),
    published,
    startId: systemRandom.bytes(8),
    metricsSources: [
      portSource("log", metrics.log.port1),
      portSource("store", metrics.store.port1),
      portSource("snapshot", metrics.snapshot.port1),
      portSource("consensus", metrics.consensus.port1),
      portSource("blob", metrics.blob.port1),
    ],
    start,
  };
}

function gatewayPorts(gateway: {
  readonly clientId: Uint8Array;
  readonly consensus: MessageChannel;
  readonly store: MessageChannel;
  readonly blob: MessageChannel;
}): GatewayPorts {
  return {
    clientId: gateway.clientId,
    consensus: new PortChannel(gateway.consensus.port1),
    store: new PortChannel(gateway.store.port1),
    blob: new PortChannel(gateway.blob.port1),
  };
}

/** The init message of the consensus thread without its ports. */
function consensusSettings({
  config,
  identity,
  topology,
  secrets,
  serviceManager,
  logLevel,
}: ThreadsOptions) {
  const { clusterId, nodeId, instance, roster, incarnations, peerIncarnations, initializing } = identity;
  return {
    identity: { clusterId, name: nodeId, instance, roster, incarnations, peerIncarnations, initializing },
    initialCluster: topology.initialCluster,
    join: topology.join,
    peer: topology.peer === undefined ? undefined : { ...topology.peer, secrets },
    raft: {
      tickMs: TICK_MS,
      electionTicks: ELECTION_TICKS,
      heartbeatTicks: HEARTBEAT_TICKS,
      maxInflightMsgs: config.raftMaxInflightMsgs,
      maxInflightBytes: config.raftMaxInflightBytes,
      maxSizePerMsgBytes: config.raftMaxSizePerMsg,
      // Admission already limits proposals where they are made; this limit is the second line of defence.
      maxUncommittedBytes: 2 * config.s3PutAdmissionMaxInflightBytes + config.raftMaxSizePerMsg,
      maxCommittedBytesPerReady: COMMITTED_BYTES_PER_READY,
      snapshotCount: config.raftSnapshotCount,
    },
    maxWalFiles: config.raftMaxWalFiles,
    version: BUILD_INFO.version,
    serviceManager,
    logLevel: logLevel ?? config.logLevel,
    logFormat: config.logFormat,
  };
}
