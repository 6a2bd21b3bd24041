/** What one seed chooses before anything happens: the size of the cluster, its limits, its load, and what will go wrong. */
import type { RaftSettings } from "../../../src/cluster/types.ts";
import type { NetworkConditions } from "./sim-network.ts";
import type { SimRandom } from "./sim-random.ts";

const FAULTS = [
  "crash",
  "crash-in-disk-operation",
  "crash-all",
  "quick-restart",
  "amnesia",
  "pause",
  "wall-jump",
  "drift",
  "partition",
  "one-way",
  "cut-pair",
  "reset",
  "slow-link",
  "loss",
  "disk-error",
  "fsync-failure",
  "disk-full",
  "slow-disk",
  "flip-bit",
  "wipe",
  "transfer",
  "membership",
  "graceful-restart",
  "stall-thread",
  "rollback",
] as const;
export type FaultName = (typeof FAULTS)[number];

export interface OperationWeights {
  readonly read: number;
  readonly write: number;
  readonly create: number;
  readonly cas: number;
  readonly delete: number;
  readonly list: number;
}

export interface Profile {
  readonly nodes: number;
  /** Simulated time during which things go wrong. */
  readonly durationMs: number;
  readonly clients: number;
  readonly keys: number;
  /** Mean pause of a client between two requests. */
  readonly thinkMs: number;
  readonly operations: OperationWeights;
  /** Of the writes, to carry a payload of some kilobytes. */
  readonly payloads: number;
  readonly raft: RaftSettings;
  readonly segmentBytes: number;
  readonly maxWalFiles: number;
  readonly fsmSyncMode: "sync" | "nosync";
  /** The keyspace: the store in memory, or the real one on the simulated disk. */
  readonly store: "memory" | "sqlite";
  /** Objects with content beside the log. */
  readonly blobs: boolean;
  /** Different chunks; few, so that objects share them. */
  readonly blobContents: number;
  /** Mean pause of a client that stores objects. */
  readonly uploadEveryMs: number;
  /** Of the real store: a payload file takes no more payloads at this size. */
  readonly payloadFileBytes: number;
  readonly lanes: 4 | 2;
  readonly retentionMs: number;
  readonly network: NetworkConditions;
  /** Of received Raft messages, to come twice, or late and out of order. */
  readonly duplicate: number;
  readonly disorder: number;
  /** A monotonic clock runs faster or slower by this share at most. */
  readonly driftShare: number;
  readonly fsyncMs: number;
  /** Mean between two threads of a process. */
  readonly messagesMs: number;
  /** Mean pause between two faults. */
  readonly faultEveryMs: number;
  /** Of the faults, to strike whoever leads. */
  readonly leaderShare: number;
  /** A cut lasts this long at most. */
  readonly cutMs: number;
  readonly faults: Readonly<Partial<Record<FaultName, number>>>;
}

/**
 * The lease is 0.7 election timeouts, and a follower's ten ticks take 0.81 of one at least (raft/engine/lease.ts): what is left
 * for clocks to disagree is 0.81 / 0.7. Two clocks that each drift by this stay within it.
 */
export const DRIFT_SHARE_MAX = 0.07;

const WEIGHTS: Readonly<Record<FaultName, number>> = {
  crash: 6,
  "crash-in-disk-operation": 6,
  "crash-all": 1,
  "quick-restart": 4,
  amnesia: 2,
  pause: 4,
  "wall-jump": 2,
  drift: 2,
  partition: 5,
  "one-way": 4,
  "cut-pair": 4,
  reset: 4,
  "slow-link": 3,
  loss: 3,
  "disk-error": 2,
  "fsync-failure": 2,
  "disk-full": 2,
  "slow-disk": 3,
  "flip-bit": 1,
  wipe: 1,
  transfer: 4,
  membership: 4,
  "graceful-restart": 2,
  "stall-thread": 3,
  rollback: 2,
};

/** About so many calls a run, at most. */
const MAX_CALLS = 1_500;

/** Every so manieth seed runs the real store, which takes about twice as long. */
const REAL_STORE_EVERY = 4;

/** What a seed's keyspaces are kept in, unless somebody insists on the other. */
export function storeOf(seed: number): "memory" | "sqlite" {
  return seed % REAL_STORE_EVERY === 0 ? "sqlite" : "memory";
}

/** Every so manieth seed has blobs: one more thread, and connections of its own. */
const BLOBS_EVERY = 3;

export function blobsOf(seed: number): boolean {
  return seed % BLOBS_EVERY === 1;
}

/** @param overrides what a planted bug's own profile, or the command line, insists on */
export function profileOf(random: SimRandom, overrides: Partial<Profile> = {}): Profile {
  const quiet = random.chance(0.1);
  const durationMs = random.between(10_000, 60_000);
  const clients = random.between(2, 8);
  const { store = "memory" } = overrides;
  const faults: Partial<Record<FaultName, number>> = {};
  for (const fault of FAULTS) {
    // A stream of its own: it came later, and seeds that once failed are to stay what they were.
    const stream = fault === "rollback" ? random.fork(fault) : random;
    if (!quiet && stream.chance(0.5)) faults[fault] = WEIGHTS[fault];
  }
  const operations: OperationWeights = {
    read: random.between(1, 6),
    write: random.between(1, 4),
    create: random.between(0, 2),
    cas: random.between(0, 3),
    delete: random.between(0, 2),
    list: random.between(0, 2),
  };
  return {
    nodes: random.pick([3, 3, 3, 4, 5, 5]),
    durationMs,
    clients,
    keys: random.between(2, 6),
    // Long histories take longer to check than to make.
    thinkMs: Math.max(random.pick([20, 100, 100, 300]), (clients * durationMs) / MAX_CALLS),
    operations,
    // Streams of their own, so that a seed of the other store stays what it was.
    payloads: payloadShare(random, store),
    raft: raftSettings(random),
    segmentBytes: random.pick([4 << 10, 16 << 10, 64 << 10, 1 << 20]),
    maxWalFiles: random.pick([2, 4, 8]),
    fsmSyncMode: random.pick(["sync", "nosync"]),
    store,
    blobs: false,
    blobContents: random.fork("blob contents").pick([3, 14, 14, 100]),
    uploadEveryMs: Math.max(150, durationMs / 150),
    payloadFileBytes: random.fork("payload files").pick([8 << 10, 64 << 10, 256 << 20]),
    lanes: random.pick([4, 4, 2]),
    retentionMs: random.pick([2_000, 600_000]),
    network: {
      latencyMs: random.pick([0.1, 0.3, 1, 10]),
      jitterMs: random.pick([0, 0.1, 2, 10]),
      loss: random.pick([0, 0, 0.001, 0.01]),
      split: random.pick([0, 0.05, 0.3]),
    },
    duplicate: random.pick([0, 0, 0.01, 0.1]),
    disorder: random.pick([0, 0, 0.01, 0.1]),
    driftShare: random.pick([0, 0.001, 0.02, DRIFT_SHARE_MAX]),
    fsyncMs: random.pick([0.1, 1, 5, 20]),
    messagesMs: random.pick([0.02, 0.02, 0.2, 2]),
    faultEveryMs: random.pick([300, 1_000, 3_000, 8_000]),
    leaderShare: random.pick([0, 0.3, 0.8]),
    cutMs: random.pick([1_000, 5_000, 15_000]),
    faults,
    ...overrides,
  };
}

/** The real store has files for them. */
function payloadShare(random: SimRandom, store: Profile["store"]): number {
  const share = random.pick([0, 0.1, 0.3]);
  return store === "memory" ? share : random.fork("payloads").pick([0.1, 0.5, 0.9]);
}

function raftSettings(random: SimRandom): RaftSettings {
  return {
    tickMs: 100,
    electionTicks: 10,
    heartbeatTicks: 1,
    maxInflightMsgs: random.pick([1, 4, 64, 512]),
    maxInflightBytes: random.pick([16 << 10, 1 << 20, 64 << 20]),
    maxSizePerMsgBytes: 16 << 10,
    maxUncommittedBytes: random.pick([64 << 10, 1 << 20, 512 << 20]),
    maxCommittedBytesPerReady: random.pick([1 << 10, 1 << 20, 8 << 20]),
    snapshotCount: random.pick([1, 10, 50, 1_000]),
    retainBytes: random.pick([0, 1 << 10, 32 << 10, 32 << 20]),
  };
}
