/** Assigns messages to lanes and lanes to connections, and limits the waiting messages of each lane. */
import { MessageType } from "../raft/core/index.ts";
import {
  BLOB_QUEUE,
  DEFAULT_MAX_INFLIGHT_BYTES,
  frameLimit,
  HEARTBEAT_QUEUE_BYTES,
  SMALL_QUEUE_BYTES,
} from "./limits.ts";
import type { Lane, PeerMessage, TransportLanes, TransportOptions } from "./types.ts";

/** One connection in one direction. `wire` is the connection's number in the hello. */
export interface Slot {
  readonly wire: number;
  readonly name: Lane | "rest";
  readonly lanes: readonly Lane[];
}

export const SLOTS: readonly Slot[] = [
  { wire: 0, name: "heartbeat", lanes: ["heartbeat"] },
  { wire: 1, name: "replication", lanes: ["replication"] },
  { wire: 2, name: "snapshot", lanes: ["snapshot"] },
  { wire: 3, name: "other", lanes: ["other"] },
  { wire: 4, name: "rest", lanes: ["replication", "snapshot", "other"] },
  { wire: 5, name: "blob", lanes: ["blob"] },
];
const HEARTBEAT_SLOT = 0;
const REST_SLOT = 4;
const BLOB_SLOT = 5;

/** The connections that a node dials to each peer. The first decides whether the peer is reachable. */
export function slotsOf(lanes: TransportLanes): readonly Slot[] {
  if (lanes === "blob") return SLOTS.filter(isBlobSlot);
  return SLOTS.filter(({ wire }) =>
    lanes === 4 ? wire < REST_SLOT : wire === HEARTBEAT_SLOT || wire === REST_SLOT,
  );
}

/** Number of the first slot of `slotsOf`, in the hello. */
export function firstSlot(lanes: TransportLanes): number {
  return lanes === "blob" ? BLOB_SLOT : HEARTBEAT_SLOT;
}

/** True for the connection of blob transports; every other connection is between consensus threads. */
export function isBlobSlot({ wire }: Slot): boolean {
  return wire === BLOB_SLOT;
}

/** The lane of each Raft message type; `undefined` = the type never leaves its node. */
const LANE_OF_RAFT: Readonly<Partial<Record<MessageType, Lane>>> = {
  [MessageType.Heartbeat]: "heartbeat",
  [MessageType.HeartbeatResp]: "heartbeat",
  [MessageType.Vote]: "heartbeat",
  [MessageType.VoteResp]: "heartbeat",
  [MessageType.PreVote]: "heartbeat",
  [MessageType.PreVoteResp]: "heartbeat",
  [MessageType.ReadIndex]: "heartbeat",
  [MessageType.ReadIndexResp]: "heartbeat",
  [MessageType.TimeoutNow]: "heartbeat",
  [MessageType.App]: "replication",
  [MessageType.AppResp]: "replication",
  [MessageType.Snap]: "snapshot",
  [MessageType.Prop]: "other",
  [MessageType.TransferLeader]: "other",
};

/** True when a Raft message of this type may be sent to another node. */
export function travels(type: MessageType): boolean {
  return LANE_OF_RAFT[type] !== undefined;
}

export function laneOf(message: PeerMessage): Lane {
  switch (message.kind) {
    case "raft":
      return LANE_OF_RAFT[message.message.type] ?? "other";
    case "propose":
    case "propose-reply":
    case "request":
    case "reply":
      return "other";
    case "snapshot-begin":
    case "snapshot-chunk":
    case "snapshot-end":
    case "snapshot-credit":
    case "snapshot-result":
      return "snapshot";
    case "blob-push":
    case "blob-fetch":
    case "blob-ask":
    case "blob-reply":
      return "blob";
  }
}

/**
 * Control messages of a snapshot stream are counted apart from its chunks, so that four waiting chunks never block
 * a credit or a result. Both wait in one queue, so their order is kept.
 */
export function isSnapshotControl(message: PeerMessage): boolean {
  return laneOf(message) === "snapshot" && message.kind !== "snapshot-chunk";
}

/**
 * Limit of waiting chunks of all streams to one peer. No chunk is dropped when the receiver grants at most this
 * many. @internal
 */
export const SNAPSHOT_QUEUE = 4;
const SNAPSHOT_CONTROL_QUEUE = 64;
const HEARTBEAT_QUEUE = 512;
const OTHER_QUEUE = 16;
const LEAST_REPLICATION_QUEUE = 256;

interface QueueLimit {
  readonly messages: number;
  readonly bytes: number;
}

export type QueueName = Lane | "snapshot-control";
export type QueueLimits = Readonly<Record<QueueName, QueueLimit>>;

/**
 * Limits of waiting messages and bytes, per lane and peer. The limit of bytes applies only to a message that waits
 * behind another: an empty lane accepts any frame that may be sent.
 */
export function queueLimits(options: TransportOptions): QueueLimits {
  const frame = frameLimit(options.maxSizePerMsgBytes);
  const small = Math.max(SMALL_QUEUE_BYTES, frame);
  return {
    heartbeat: { messages: HEARTBEAT_QUEUE, bytes: HEARTBEAT_QUEUE_BYTES },
    replication: {
      messages: Math.max(LEAST_REPLICATION_QUEUE, options.maxInflightMsgs),
      bytes: (options.maxInflightBytes ?? DEFAULT_MAX_INFLIGHT_BYTES) + frame,
    },
    snapshot: { messages: SNAPSHOT_QUEUE, bytes: small },
    "snapshot-control": { messages: SNAPSHOT_CONTROL_QUEUE, bytes: HEARTBEAT_QUEUE_BYTES },
    other: { messages: OTHER_QUEUE, bytes: small },
    blob: BLOB_QUEUE,
  };
}
