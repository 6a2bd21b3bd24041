/** Starts the rooms that are Workers and wires them to each other and to the front. */
import { BUILD_INFO } from "../cli/version.ts";
import type { Config } from "../config/config.ts";
import type { ConsensusWorkerInit } from "../kv/consensus-options.ts";
import type { ConsensusToFront, FrontToConsensus, FrontToStore, StoreToFront } from "../kv/messages.ts";
import type { SnapshotWorkerInit } from "../kv/snapshot-worker.ts";
import type { StoreWorkerInit } from "../kv/store-worker.ts";
import type { MetricsSource } from "../monitoring/collect.ts";
import { portSource } from "../monitoring/port-source.ts";
import { systemRandom } from "../platform/random.ts";
import type { LogWorkerInit } from "../raft/wal/log-messages.ts";
import { type Channel, PortChannel } from "../rooms/channel.ts";
import { PublishedState } from "../rooms/published-state.ts";
import { type OnDeath, RoomStartError, spawnRoom } from "../rooms/worker-host.ts";
import { SqliteDepot } from "../store/index.ts";
import type { KeyspaceReader } from "../store/types.ts";
import { keyspaceDirectory, type NodeIdentity, walDirectory, walIdentity } from "./data-directory.ts";
import { roomFailure } from "./room-failure.ts";
import type { Topology } from "./topology.ts";

/** One Raft tick. Ten of them without a leader start an election (docs/design/contract.md, section 5: about a second). */
const TICK_MS = 100;
const ELECTION_TICKS = 10;
const HEARTBEAT_TICKS = 1;
/** Bytes of committed entries handed to the store room at a time: one SQLite transaction. */
const COMMITTED_BYTES_PER_READY = 8 << 20;

export interface Rooms {
  readonly consensus: Channel<ConsensusToFront, FrontToConsensus>;
  readonly store: Channel<StoreToFront, FrontToStore>;
  readonly openReader: () => KeyspaceReader;
  readonly published: PublishedState;
  /** This boot of this node: 8 random bytes that mark its proposals. */
  readonly origin: Uint8Array;
  readonly metricsSources: readonly MetricsSource[];
  /** Log and keyspace are open and belong together. A node that has yet to meet its cluster answers mail of formation
   *  before that, so the front must listen already.
   *  @throws StartError with the one line that says which room could not start, and why. */
  start(): Promise<void>;
}

export interface RoomsOptions {
  readonly config: Config;
  readonly identity: NodeIdentity;
  readonly topology: Topology;
  /** Of the cluster: how its nodes know each other. */
  readonly secrets: readonly Uint8Array[];
  readonly onDeath: OnDeath;
}

export function makeRooms(options: RoomsOptions): Rooms {
  const { config, identity, onDeath } = options;
  const origin = systemRandom.bytes(8);
  const published = new PublishedState();
  const { logLevel, logFormat } = config;
  const frontConsensus = new MessageChannel();
  const frontStore = new MessageChannel();
  const consensusStore = new MessageChannel();
  const consensusLog = new MessageChannel();
  const consensusSnapshot = new MessageChannel();
  const metrics = {
    log: new MessageChannel(),
    store: new MessageChannel(),
    consensus: new MessageChannel(),
    snapshot: new MessageChannel(),
  };
  const depot = {
    directory: keyspaceDirectory(config.dataDir),
    fsmSyncMode: config.fsmSyncMode,
    identity: { clusterId: identity.clusterId, nodeId: identity.nodeId },
  };
  const storeInit: StoreWorkerInit = {
    ...depot,
    retentionMs: config.mvccRetentionMs,
    origin,
    published: published.buffer,
    consensusPort: consensusStore.port2,
    frontPort: frontStore.port2,
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
    ...depot,
    consensusPort: consensusSnapshot.port2,
    metricsPort: metrics.snapshot.port2,
    logLevel,
    logFormat,
  };
  const consensusInit = {
    ...consensusSettings(options),
    published: published.buffer,
    frontPort: frontConsensus.port2,
    storePort: consensusStore.port1,
    logPort: consensusLog.port1,
    snapshotPort: consensusSnapshot.port1,
    metricsPort: metrics.consensus.port2,
  } satisfies ConsensusWorkerInit;
  const start = async (): Promise<void> => {
    try {
      // They wait for each other's mail, so they start together; the first that fails is the reason.
      await Promise.all([
        spawnRoom("store", storeInit, [consensusStore.port2, frontStore.port2, metrics.store.port2], onDeath),
        spawnRoom("log", logInit, [consensusLog.port2, metrics.log.port2], onDeath),
        spawnRoom("snapshot", snapshotInit, [consensusSnapshot.port2, metrics.snapshot.port2], onDeath),
        spawnRoom(
          "consensus",
          consensusInit,
          [
            frontConsensus.port2,
            consensusStore.port1,
            consensusLog.port1,
            consensusSnapshot.port1,
            metrics.consensus.port2,
          ],
          onDeath,
        ),
      ]);
    } catch (error) {
      if (error instanceof RoomStartError) throw roomFailure(error.message, error.codes, config.dataDir);
      throw error;
    }
  };
  return {
    consensus: new PortChannel(frontConsensus.port1),
    store: new PortChannel(frontStore.port1),
    openReader: () => new SqliteDepot(depot).openReader(),
    published,
    origin,
    metricsSources: [
      portSource("log", metrics.log.port1),
      portSource("store", metrics.store.port1),
      portSource("snapshot", metrics.snapshot.port1),
      portSource("consensus", metrics.consensus.port1),
    ],
    start,
  };
}

/** Everything in the consensus room's init but its ports. */
function consensusSettings({ config, identity, topology, secrets }: RoomsOptions) {
  const { clusterId, nodeId, instance, roster, boots, peerBoots, initializing } = identity;
  return {
    identity: { clusterId, name: nodeId, instance, roster, boots, peerBoots, initializing },
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
      // Proposals are bounded where they are made (admission); this is the backstop behind it.
      maxUncommittedBytes: 2 * config.s3PutAdmissionMaxInflightBytes + config.raftMaxSizePerMsg,
      maxCommittedBytesPerReady: COMMITTED_BYTES_PER_READY,
      snapshotCount: config.raftSnapshotCount,
    },
    maxWalFiles: config.raftMaxWalFiles,
    version: BUILD_INFO.version,
    logLevel: config.logLevel,
    logFormat: config.logFormat,
  };
}
