/**
 * The types of the consensus core. Terms, indexes and node ids are `number`s. They are checked to be safe integers
 * where they enter the process (wire and log decoding, `RawNode.step`), so the core never rounds them.
 */

export const EntryType = { Normal: 0, ConfChange: 1, ConfChangeV2: 2 } as const;
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

/** One log entry. After the proposal the log owns `data`: no code may write to it again. */
export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly type: EntryType;
  readonly data: Uint8Array;
}

/**
 * The state that a node must keep across a crash (Raft paper, figure 2, "persistent state"), plus the commit index.
 */
export interface HardState {
  readonly term: number;
  /** Node id voted for in `term`; 0 means no vote. */
  readonly vote: number;
  readonly commit: number;
}

export interface ConfState {
  readonly voters: readonly number[];
  readonly votersOutgoing: readonly number[];
  readonly learners: readonly number[];
  readonly learnersNext: readonly number[];
  readonly autoLeave: boolean;
}

export interface SnapshotMetadata {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

export interface Snapshot {
  readonly metadata: SnapshotMetadata;
  /** Bytes that the core does not read. */
  readonly data: Uint8Array;
}

/** The id for no node: no leader, no vote, no transfer target. No node may have this id. */
export const NONE = 0;

/** Target of `StorageAppend` messages: the thread that writes the log. Not a node id. */
export const APPEND_THREAD = Number.MAX_SAFE_INTEGER;

/** Target of `StorageApply` messages: the thread that applies committed entries. Not a node id. */
export const APPLY_THREAD = Number.MAX_SAFE_INTEGER - 1;

/** The role of the node in its group. */
export const StateType = { Follower: 0, Candidate: 1, Leader: 2, PreCandidate: 3 } as const;
export type StateType = (typeof StateType)[keyof typeof StateType];

/** Volatile state for the application; a crash loses it, and a restart does not need it. */
export interface SoftState {
  /** Node id of the leader known in this term; 0 means none. */
  readonly lead: number;
  readonly state: StateType;
}

/**
 * The answer to a read-index request: when the state machine has applied `index`, a read of its state is
 * linearizable with respect to the moment of the request.
 */
export interface ReadState {
  readonly index: number;
  /** The caller's own bytes, returned unchanged. */
  readonly requestCtx: Uint8Array;
}

export const ReadOnlyOption = {
  /** A read index is confirmed by a round of heartbeats to a quorum (Raft thesis, section 6.4). */
  Safe: 0,
  /** A read index is answered at once; it depends on the clock-based lease that CheckQuorum maintains. */
  LeaseBased: 1,
} as const;
export type ReadOnlyOption = (typeof ReadOnlyOption)[keyof typeof ReadOnlyOption];

/** The numbers are those of the wire (proto/raft.proto) and never change. */
export const MessageType = {
  Hup: 0,
  Beat: 1,
  Prop: 2,
  App: 3,
  AppResp: 4,
  Vote: 5,
  VoteResp: 6,
  Snap: 7,
  Heartbeat: 8,
  HeartbeatResp: 9,
  Unreachable: 10,
  SnapStatus: 11,
  CheckQuorum: 12,
  TransferLeader: 13,
  TimeoutNow: 14,
  ReadIndex: 15,
  ReadIndexResp: 16,
  PreVote: 17,
  PreVoteResp: 18,
  StorageAppend: 19,
  StorageAppendResp: 20,
  StorageApply: 21,
  StorageApplyResp: 22,
  ForgetLeader: 23,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/**
 * A message between nodes, or between a node and its storage threads. All types have one flat shape, although few
 * types use every field: the core makes and reads hundreds of thousands of messages per second, and objects with the
 * same shape keep that fast. proto/raft.proto lists the fields of each type.
 */
export interface Message {
  readonly type: MessageType;
  readonly to: number;
  readonly from: number;
  /** The sender's term; 0 on local messages, forwarded proposals and forwarded read requests. */
  readonly term: number;
  /** Term of the log entry at `index` (App, Vote), or of the entry in a rejection's hint (AppResp). */
  readonly logTerm: number;
  readonly index: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
  /** StorageAppend only: the vote of the HardState that is to be written. */
  readonly vote: number;
  readonly snapshot: Snapshot | null;
  readonly reject: boolean;
  readonly rejectHint: number;
  readonly context: Uint8Array;
  /**
   * StorageAppend and StorageApply only: messages to deliver when the work is durable (or applied), in this order.
   */
  readonly responses: readonly Message[];
}

/**
 * The work to do before the next Ready. Without async storage writes: persist `hardState`, `entries` and `snapshot`
 * (with fsync if `mustSync`), then send `messages`, apply `committedEntries`, and call `advance`. With async storage
 * writes: only deliver `messages`, in order per target; the storage work is among them.
 *
 * The caller owns the arrays: the core keeps no reference through which it would write to them.
 */
export interface Ready {
  /** null when unchanged since the last Ready. */
  readonly softState: SoftState | null;
  /** null when unchanged since the last Ready. */
  readonly hardState: HardState | null;
  readonly readStates: readonly ReadState[];
  /** Entries to append to stable storage; they replace all stored entries from the first index on. */
  readonly entries: readonly Entry[];
  /** Snapshot to install in stable storage and in the state machine; null when there is none. */
  readonly snapshot: Snapshot | null;
  readonly committedEntries: readonly Entry[];
  readonly messages: readonly Message[];
  /** True when `hardState` and `entries` must be on disk, not only written, before any other step. */
  readonly mustSync: boolean;
}
