/** A whole node's kv road in one thread: front, consensus, store and snapshot rooms over a log and a depot in memory. */

import type { ClusterIdentity, NamedAddress, PeerLink, RaftSettings } from "../../../src/cluster/types.ts";
import type { ConsensusRoom } from "../../../src/consensus/consensus-thread.ts";
import { NO_CONSENSUS_METRICS } from "../../../src/consensus/options.ts";
import { assembleConsensus } from "../../../src/consensus/start.ts";
import type {
  ConsensusToFront,
  ConsensusToSnapshot,
  ConsensusToStore,
  FrontToConsensus,
  FrontToStore,
  SnapshotToConsensus,
  StoreToConsensus,
  StoreToFront,
} from "../../../src/messages/messages.ts";
import { noLog } from "../../../src/monitoring/log.ts";
import { RoomMetrics } from "../../../src/monitoring/room-metrics.ts";
import { FrontKv } from "../../../src/node/front-kv.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { systemTimers } from "../../../src/platform/timers.ts";
import type { Member } from "../../../src/raft/engine/types.ts";
import { SnapshotRoom } from "../../../src/snapshots/snapshot-thread.ts";
import { StoreRoom } from "../../../src/state/store-thread.ts";
import { localChannel } from "../../../src/threads/channel.ts";
import { PublishedState } from "../../../src/threads/shared-state.ts";
import type { MemoryDepot } from "../memory-store/memory-generations.ts";
import type { MemoryLog } from "./memory-log.ts";

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
  readonly depot: MemoryDepot;
  readonly log: MemoryLog;
  readonly identity: ClusterIdentity;
  readonly initialCluster?: readonly NamedAddress[];
  readonly join?: readonly NamedAddress[];
  readonly peer?: PeerLink;
  readonly raft?: RaftSettings;
  /** The node's identity is to be written down. */
  readonly keepRoster?: (clusterId: string, roster: readonly Member[]) => void;
}

export interface LocalNode {
  readonly front: FrontKv;
  readonly room: ConsensusRoom;
  readonly published: PublishedState;
  readonly fatal: string[];
  readonly expelled: { removed: boolean; message: string }[];
  /** Rejects when log and keyspace do not belong together. */
  readonly opened: Promise<unknown>;
  stop(): Promise<void>;
}

export function localNode(options: LocalNodeOptions): LocalNode {
  const { depot, log, identity } = options;
  const fatal: string[] = [];
  const expelled: { removed: boolean; message: string }[] = [];
  const published = new PublishedState();
  const origin = systemRandom.bytes(8);
  const [frontC, consensusF] = localChannel<ConsensusToFront, FrontToConsensus>();
  const [frontS, storeF] = localChannel<StoreToFront, FrontToStore>();
  const [consensusS, storeC] = localChannel<StoreToConsensus, ConsensusToStore>();
  const [consensusN, snapshotC] = localChannel<SnapshotToConsensus, ConsensusToSnapshot>();
  const storeOpened = new StoreRoom({
    depot,
    timers: systemTimers,
    log: noLog,
    published,
    consensus: storeC,
    front: storeF,
    origin,
    retentionMs: 600_000,
    metrics: { applied: () => {}, compacted: () => {} },
    seconds: () => performance.now() / 1000,
    fatal: (message) => fatal.push(message),
  }).start();
  new SnapshotRoom({
    depot,
    channel: snapshotC,
    timers: systemTimers,
    fatal: (message) => fatal.push(message),
  }).start();
  const front = new FrontKv({
    consensus: frontC,
    store: frontS,
    openReader: () => depot.openReader(),
    published,
    clock: systemClock,
    timers: systemTimers,
    formed: identity.roster !== undefined,
    keepRoster: (clusterId, roster) => options.keepRoster?.(clusterId, roster),
    keepBoots: () => {},
    onExpelled: (message, removed) => expelled.push({ removed, message }),
    origin,
    maxTxnBytes: 4 << 20,
    gracePeriodMs: 0,
    diskReserveBytes: 0,
    freeDiskBytes: () => 0,
    metrics: new RoomMetrics("front"),
    log: noLog,
    onFatal: (message) => fatal.push(message),
  });
  front.start();
  const { room, opened } = assembleConsensus({
    identity,
    initialCluster: options.initialCluster ?? [],
    join: options.join ?? [],
    peer: options.peer,
    raft: options.raft ?? RAFT_SETTINGS,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    published,
    front: consensusF,
    store: consensusS,
    snapshots: consensusN,
    log,
    metrics: NO_CONSENSUS_METRICS,
    logger: noLog,
    version: "test",
    fatal: (message) => fatal.push(message),
  });
  room.start();
  const ready = Promise.all([opened, storeOpened]).then(() => front.keyspaceOpen());
  ready.catch(() => {});
  return { front, room, published, fatal, expelled, opened: ready, stop: () => front.stop(1_000) };
}

/** A node alone over `depot` and `log`; both survive it. Resolves when it serves. */
export async function startLocalNode(depot: MemoryDepot, log: MemoryLog): Promise<LocalNode> {
  const node = localNode({
    depot,
    log,
    identity: {
      clusterId: "c",
      name: "n1",
      instance: "a".repeat(32),
      roster: undefined,
      boots: [],
      peerBoots: [],
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
