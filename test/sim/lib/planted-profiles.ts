/**
 * For each planted bug: the conditions under which it does harm soonest. Everything else is drawn as in any other run.
 */
import type { PLANTED } from "../../../src/platform/planted.ts";
import { DRIFT_SHARE_MAX, type FaultName, type OperationWeights, type Profile } from "./profile.ts";

export type PlantedBug = keyof typeof PLANTED;

const READ_AND_WRITE: OperationWeights = { read: 6, write: 3, create: 0, cas: 0, delete: 0, list: 0 };
const WRITES: OperationWeights = { read: 2, write: 5, create: 1, cas: 1, delete: 1, list: 0 };
const BUSY: Partial<Profile> = {
  clients: 8,
  keys: 3,
  thinkMs: 50,
  durationMs: 40_000,
  operations: READ_AND_WRITE,
};

/** Few requests: time passes quickly, and logs do not differ because of them. */
const IDLE: Partial<Profile> = {
  clients: 3,
  keys: 2,
  thinkMs: 1_000,
  durationMs: 60_000,
  operations: { read: 6, write: 1, create: 0, cas: 0, delete: 0, list: 0 },
};

/** Elections and writes are quick: what is late is the news of them. */
const LAN: Partial<Profile> = {
  network: { latencyMs: 0.1, jitterMs: 0, loss: 0, split: 0 },
  fsyncMs: 0.1,
  messagesMs: 0.02,
  duplicate: 0,
  disorder: 0,
};

function faults(weights: Partial<Record<FaultName, number>>, faultEveryMs: number): Partial<Profile> {
  return { faults: weights, faultEveryMs };
}

/** Most of what happens is about objects. */
const OBJECTS: Partial<Profile> = {
  ...IDLE,
  ...LAN,
  blobs: true,
  blobContents: 3,
  uploadEveryMs: 60,
  nodes: 3,
  durationMs: 40_000,
};

export const PLANTED_PROFILES: Readonly<Record<PlantedBug, Partial<Profile>>> = {
  acknowledgeBeforeFsync: {
    ...BUSY,
    operations: WRITES,
    fsyncMs: 20,
    ...faults({ crash: 3, "crash-in-disk-operation": 6, "crash-all": 3 }, 1_000),
  },
  skipDirectoryFsync: {
    ...BUSY,
    operations: WRITES,
    segmentBytes: 4 << 10,
    ...faults({ crash: 3, "crash-in-disk-operation": 6, "crash-all": 1 }, 500),
  },
  garbleLogEntry: { ...IDLE, ...faults({ crash: 1 }, 8_000) },
  forgetVote: {
    ...BUSY,
    ...faults({ crash: 6, "crash-in-disk-operation": 3, partition: 4, "crash-all": 2 }, 500),
  },
  voteAtOnceAfterRestart: {
    ...IDLE,
    nodes: 3,
    ...LAN,
    cutMs: 5_000,
    ...faults({ amnesia: 1 }, 8_000),
  },
  leaseCountsLearners: {
    ...IDLE,
    ...LAN,
    nodes: 3,
    leaderShare: 0.9,
    cutMs: 4_000,
    ...faults({ membership: 4, partition: 8 }, 2_500),
  },
  leaseFromArrival: {
    ...IDLE,
    ...LAN,
    nodes: 3,
    leaderShare: 0.9,
    cutMs: 4_000,
    ...faults({ "slow-link": 6, partition: 6 }, 3_000),
  },
  leaseDuringTransfer: {
    ...IDLE,
    ...LAN,
    nodes: 3,
    ...faults({ transfer: 8, "slow-link": 4, "cut-pair": 2 }, 400),
  },
  leaseBeforeOwnTerm: { ...BUSY, thinkMs: 5, ...faults({ transfer: 8, crash: 2, "stall-thread": 4 }, 400) },
  leaseWithoutMargin: {
    ...IDLE,
    ...LAN,
    nodes: 3,
    driftShare: DRIFT_SHARE_MAX,
    leaderShare: 0.9,
    cutMs: 4_000,
    ...faults({ partition: 6, drift: 1 }, 4_000),
  },
  applyTwiceOnRetry: {
    ...BUSY,
    operations: { read: 3, write: 4, create: 1, cas: 1, delete: 2, list: 1 },
    ...faults({ transfer: 4, partition: 4, crash: 3, reset: 4 }, 600),
  },
  applyDependsOnBatch: { ...BUSY, ...faults({ "stall-thread": 1 }, 4_000) },
  compactBeyondDurable: {
    ...BUSY,
    operations: WRITES,
    fsmSyncMode: "nosync",
    segmentBytes: 4 << 10,
    maxWalFiles: 2,
    ...faults({ crash: 4, "crash-all": 2, "stall-thread": 2 }, 1_000),
  },
  readBeforeApplied: { ...BUSY, ...faults({ "stall-thread": 8, transfer: 1 }, 400) },
  readIndexWithoutQuorum: {
    ...BUSY,
    ...faults({ partition: 6, "one-way": 4, pause: 4, transfer: 2 }, 1_000),
  },
  answerBeforeCommit: { ...BUSY, ...faults({ partition: 4, crash: 4, transfer: 2 }, 1_000) },
  forgetCeiling: { ...BUSY, ...faults({ "wall-jump": 6, transfer: 6, crash: 3 }, 600) },
  installWithoutMarker: {
    ...BUSY,
    operations: WRITES,
    segmentBytes: 4 << 10,
    maxWalFiles: 2,
    ...faults({ crash: 6, "crash-in-disk-operation": 6, partition: 4, membership: 2 }, 800),
  },
  restampInPlace: {
    ...BUSY,
    nodes: 3,
    thinkMs: 30,
    durationMs: 20_000,
    operations: WRITES,
    leaderShare: 0.8,
    ...faults({ transfer: 8, "stall-thread": 8 }, 150),
  },
  cutAcknowledgedTail: { ...BUSY, operations: WRITES, ...faults({ crash: 6, "crash-all": 2 }, 1_000) },
  skipPayloadSync: {
    ...BUSY,
    operations: WRITES,
    store: "sqlite",
    payloads: 0.9,
    ...faults({ crash: 6, "crash-in-disk-operation": 3, "crash-all": 2 }, 1_000),
  },
  acceptRolledBack: {
    ...BUSY,
    nodes: 3,
    operations: WRITES,
    ...faults({ rollback: 4, crash: 2, partition: 1 }, 1_500),
  },
  acknowledgeBlobBeforeSync: { ...OBJECTS, blobContents: 100, ...faults({ "crash-all": 4 }, 1_500) },
  deleteWithoutLook: {
    ...OBJECTS,
    blobContents: 14,
    messagesMs: 20,
    ...faults({ "stall-thread": 2 }, 3_000),
  },
  ignorePins: {
    ...OBJECTS,
    blobContents: 14,
    messagesMs: 20,
    ...faults({ "stall-thread": 8, "slow-disk": 2 }, 500),
  },
  referenceAfterPin: {
    ...OBJECTS,
    blobContents: 14,
    ...faults({ pause: 8, "stall-thread": 6, partition: 4, "cut-pair": 4 }, 800),
  },
  sweepUnconditionally: {
    ...OBJECTS,
    blobContents: 14,
    messagesMs: 20,
    ...faults({ transfer: 1 }, 5_000),
  },
  forgetToQueue: { ...OBJECTS, ...faults({}, 8_000) },
  keepReplacedReferences: { ...OBJECTS, ...faults({}, 8_000) },
  forgetMembership: { ...BUSY, nodes: 3, ...faults({ membership: 6, crash: 6, "crash-all": 2 }, 800) },
};
