/** A whole node's kv path in one thread: front, consensus, store and snapshot threads over a log and a keyspace in memory. */

import type { Member } from "../../../src/cluster/registry/node-registry.ts";
import type { ClusterIdentity, NamedAddress, PeerLink, RaftSettings } from "../../../src/cluster/types.ts";
import { ConsensusThread } from "../../../src/consensus/consensus-thread.ts";
import type {
  ConsensusToControl,
  ConsensusToGateway,
  ConsensusToSnapshot,
  ConsensusToStore,
  ControlToConsensus,
  ControlToStore,
  GatewayToConsensus,
  GatewayToStore,
  SnapshotToConsensus,
  StoreToConsensus,
  StoreToControl,
  StoreToGateway,
} from "../../../src/messages/messages.ts";
import { ThreadMetrics } from "../../../src/monitoring/thread-metrics.ts";
import { NodeKv } from "../../../src/node/node-kv.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { systemTimers } from "../../../src/platform/timers.ts";
import { SnapshotThread } from "../../../src/snapshots/snapshot-thread.ts";
import { StoreThread } from "../../../src/state/store-thread.ts";
import { PublishedState } from "../../../src/threads/shared-state.ts";
import { localChannel } from "../local-channel.ts";
import type { MemoryGenerations } from "../memory-store/memory-generations.ts";
import { noLog } from "../no-log.ts";
import type { MemoryLog } from "./memory-log.ts";
import { NO_CONSENSUS_METRICS } from "./no-metrics.ts";

export { MemoryLog } from "./memory-log.ts";

export const RAFT_SETTINGS: RaftSettings = {
  tickMs: 20,
  electionTicks: 10,
  heartbeatTicks: 1,
  maxInflightMsgs: 512,
  maxInflightBytes: 64 << 20,
  maxSizePerMsgBytes: 4 << 20,
  maxUncommittedBytes: 512 << 20,
  maxCommittedBytesPerReady: 8 << 20,
  snapshotCount: 1_000,
};

export interface LocalNodeOptions {
  readonly generations: MemoryGenerations;
  readonly log: MemoryLog;
  readonly identity: ClusterIdentity;
  readonly initialCluster?: readonly NamedAddress[];
  readonly join?: readonly NamedAddress[];
  readonly peer?: PeerLink;
  readonly raft?: RaftSettings;
  /** Default 1. */
  readonly gateways?: number;
  /** The node's identity is to be written down. */
  readonly keepRoster?: (clusterId: string, roster: readonly Member[]) => void;
}

export interface LocalNode {
  readonly front: NodeKv;
  readonly thread: ConsensusThread;
  readonly published: PublishedState;
  readonly fatal: string[];
  readonly fenced: { removed: boolean; message: string }[];
  /** Rejects when log and keyspace do not belong together. */
  readonly opened: Promise<unknown>;
  stop(): Promise<void>;
}

export function localNode(options: LocalNodeOptions): LocalNode {
  const { generations, log, identity } = options;
  const fatal: string[] = [];
  const fenced: { removed: boolean; message: string }[] = [];
  const published = new PublishedState();
  const [controlC, consensusF] = localChannel<ConsensusToControl, ControlToConsensus>();
  const [controlS, storeF] = localChannel<StoreToControl, ControlToStore>();
  const gateways = Array.from({ length: options.gateways ?? 1 }, () => ({
    clientId: systemRandom.bytes(8),
    consensus: localChannel<ConsensusToGateway, GatewayToConsensus>(),
    store: localChannel<StoreToGateway, GatewayToStore>(),
  }));
  const [consensusS, storeC] = localChannel<StoreToConsensus, ConsensusToStore>();
  const [consensusN, snapshotC] = localChannel<SnapshotToConsensus, ConsensusToSnapshot>();
  const storeOpened = new StoreThread({
    generations,
    timers: systemTimers,
    log: noLog,
    published,
    consensus: storeC,
    control: storeF,
    gateways: gateways.map(({ store, clientId }) => ({ channel: store[1], clientId })),
    retentionMs: 600_000,
    metrics: { applied: () => {}, compacted: () => {} },
    seconds: () => performance.now() / 1000,
    fatal: (message) => fatal.push(message),
  }).start();
  new SnapshotThread({
    generations,
    channel: snapshotC,
    timers: systemTimers,
    fatal: (message) => fatal.push(message),
  }).start();
  const shared = {
    published,
    clock: systemClock,
    timers: systemTimers,
    metrics: new ThreadMetrics("front"),
    log: noLog,
  };
  const [first, ...others] = gateways.map(({ clientId, consensus, store }) => ({
    ...shared,
    clientId,
    consensus: consensus[0],
    store: store[0],
    openReader: () => generations.openReader(),
    maxTxnBytes: 4 << 20,
  }));
  if (first === undefined) throw new Error("a node needs a gateway");
  const front = new NodeKv({
    control: {
      ...shared,
      consensus: controlC,
      store: controlS,
      formed: identity.roster !== undefined,
      keepRoster: (clusterId, roster) => options.keepRoster?.(clusterId, roster),
      keepIncarnations: () => {},
      onFenced: (message, removed) => fenced.push({ removed, message }),
      gracePeriodMs: 0,
      diskReserveBytes: 0,
      freeDiskBytes: () => 0,
      onFatal: (message) => fatal.push(message),
    },
    gateways: [first, ...others],
  });
  front.start();
  const thread = new ConsensusThread({
    identity,
    initialCluster: options.initialCluster ?? [],
    join: options.join ?? [],
    peer: options.peer,
    raft: options.raft ?? RAFT_SETTINGS,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    published,
    control: consensusF,
    gateways: gateways.map(({ consensus }) => consensus[1]),
    store: consensusS,
    snapshots: consensusN,
    log,
    metrics: NO_CONSENSUS_METRICS,
    logger: noLog,
    version: "test",
    fatal: (message) => fatal.push(message),
  });
  thread.start();
  const ready = Promise.all([thread.opened, storeOpened]).then(() => front.keyspaceOpen());
  ready.catch(() => {});
  return { front, thread, published, fatal, fenced, opened: ready, stop: () => front.stop(1_000) };
}

/** A node alone over `generations` and `log`; both survive it. Resolves when it serves. */
export async function startLocalNode(
  generations: MemoryGenerations,
  log: MemoryLog,
  gateways = 1,
): Promise<LocalNode> {
  const node = localNode({
    generations,
    log,
    gateways,
    identity: {
      clusterId: "c",
      name: "n1",
      instance: "a".repeat(32),
      roster: undefined,
      incarnations: [],
      peerIncarnations: [],
      initializing: true,
    },
  });
  try {
    await node.opened;
    await node.front.whenReadable();
  } catch (error) {
    await node.stop();
    throw error;
  }
  return node;
}
