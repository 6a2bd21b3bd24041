/**
 * The messages between the threads that turn a transaction into rows. A *gateway* serves clients (HTTP, S3, reads,
 * sessions); a node may run several. *Control* is the part that a node has once: its identity, its disk, its garbage
 * collector, its operators.
 *
 * One channel between two threads carries the messages of every Raft group: a message about a group names the group
 * (decision 092).
 */

import type { Membership } from "../cluster/registry/membership.ts";
import type { Member } from "../cluster/registry/node-registry.ts";
import type { Entry, SnapshotMetadata } from "../raft/core/types.ts";
import type { PeerIncarnation } from "../raft/engine/incarnations.ts";
import type { AppliedState } from "../store/types.ts";
import type { GroupId } from "../threads/group.ts";
import type { TxnOutcome } from "../txn/types.ts";
import type { ChangedKeys } from "./changed-keys.ts";
import type { ClusterReply, ClusterRequest } from "./cluster.ts";

// ---- gateway <-> consensus: once per gateway ----------------------------------------------------------------------

/** Several entries in one slab. `sequences[i]` has the bytes `offsets[i] .. offsets[i] + lengths[i]`. */
export interface ProposeMessage {
  readonly kind: "propose";
  readonly group: GroupId;
  readonly slabId: number;
  readonly slab: Uint8Array;
  readonly sequences: readonly number[];
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

export type GatewayToConsensus =
  | ProposeMessage
  | { readonly kind: "read-index"; readonly group: GroupId; readonly id: number };

/** The leader of a group. `leaderId` 0 means that no leader is known. */
interface LeadershipMessage {
  readonly kind: "leadership";
  readonly group: GroupId;
  readonly leading: boolean;
  readonly leaderId: number;
  readonly term: number;
}

export type ConsensusToGateway =
  /** Entries of this gateway have left the in-memory log: the list has one slab id per entry. */
  | { readonly kind: "released"; readonly slabIds: readonly number[] }
  /**
   * The proposals will never be in the log. The gateway proposes them again: at once, or (`no-leader`) when a leader
   * is known.
   */
  | {
      readonly kind: "dropped";
      readonly group: GroupId;
      readonly sequences: readonly number[];
      readonly reason: "busy" | "no-leader";
    }
  /** Every entry that was committed when the request came has an index at or below `index`. */
  | { readonly kind: "read-state"; readonly group: GroupId; readonly id: number; readonly index: number }
  | LeadershipMessage;

// ---- control <-> consensus: once per node -------------------------------------------------------------------------

export type ControlToConsensus =
  | { readonly kind: "cluster-request"; readonly id: number; readonly request: ClusterRequest }
  /** The roster of `keep-roster` is durable. */
  | { readonly kind: "roster-kept" }
  /** The incarnations of `keep-incarnations` are durable, or (`ok` false) could not be made durable. */
  | { readonly kind: "incarnations-kept"; readonly id: number; readonly ok: boolean }
  /** Transfers leadership when this node leads; consensus answers with `stepped-down` in every case. */
  | { readonly kind: "step-down" }
  /** The answer to `join-asked`, one line. */
  | { readonly kind: "join-answered"; readonly id: number; readonly line: string }
  /** The files with this node's certificate have changed: later connections use them. */
  | { readonly kind: "certificate-renewed" }
  /** True: this node neither campaigns nor accepts leadership while another member can lead. */
  | { readonly kind: "draining"; readonly draining: boolean }
  | { readonly kind: "stop" };

export type ConsensusToControl =
  | LeadershipMessage
  | { readonly kind: "cluster-reply"; readonly id: number; readonly reply: ClusterReply }
  /**
   * Bootstrap (docs/engine.md): this node has met every initial member once. Control makes the roster durable with
   * the node's identity, and answers with `roster-kept`; before that answer this node neither votes nor appends.
   */
  | { readonly kind: "keep-roster"; readonly clusterId: string; readonly roster: readonly Member[] }
  /**
   * The newest start of every peer (all of them; docs/engine.md, "Who is who"). Control makes the starts durable
   * with the node's identity, and answers with `incarnations-kept`: before that answer no message of such a peer
   * counts. Control may forget own starts before `since`.
   */
  | {
      readonly kind: "keep-incarnations";
      readonly id: number;
      readonly peers: readonly PeerIncarnation[];
      readonly since: string;
    }
  /** Names the members that bootstrap waits for, or that joining needs one of: for /readyz and the log. */
  | { readonly kind: "waiting-for"; readonly members: readonly string[]; readonly why: string }
  /**
   * This node was removed from the cluster (an orderly end), or its peers refuse it permanently: the node must
   * report and end.
   */
  | { readonly kind: "fenced"; readonly removed: boolean; readonly message: string }
  /**
   * Sent before `fenced`: the data directory is older than what this node has promised. The node must report that at
   * later starts too, even when it meets no peer.
   */
  | { readonly kind: "rolled-back"; readonly message: string }
  | { readonly kind: "stepped-down"; readonly done: boolean }
  /** A node without a certificate asks to join: one line (docs/format/peer.md, "Joining"). */
  | { readonly kind: "join-asked"; readonly id: number; readonly request: string; readonly host: string }
  /** The log waits for space on the disk (true), or continues (false). */
  | { readonly kind: "disk-full"; readonly full: boolean }
  | { readonly kind: "fatal"; readonly message: string }
  | { readonly kind: "stopped" };

// ---- consensus <-> store ------------------------------------------------------------------------------------------

export type ConsensusToStore =
  /**
   * The first message. The store first installs a received snapshot that waits, when the log's marker names the
   * snapshot and the keyspace is older; the store discards any other. `bootstrap` is the first state of a new
   * cluster (position 1/1), for an empty keyspace.
   */
  | {
      readonly kind: "open";
      readonly group: GroupId;
      readonly marker: { readonly index: number; readonly term: number } | undefined;
      readonly bootstrap: Membership | undefined;
    }
  | {
      readonly kind: "apply";
      readonly group: GroupId;
      readonly id: number;
      readonly entries: readonly Entry[];
    }
  /** Puts the received snapshot at this position in force; answered by `installed`. */
  | {
      readonly kind: "install";
      readonly group: GroupId;
      readonly id: number;
      readonly snapshot: SnapshotMetadata;
    }
  /**
   * A snapshot read begins: the store keeps payloads and old versions until `unpin`. The store answers with
   * `pinned`.
   */
  | { readonly kind: "pin"; readonly streamId: number }
  | { readonly kind: "unpin"; readonly streamId: number }
  | { readonly kind: "stop" };

export type StoreToConsensus =
  | {
      readonly kind: "opened";
      readonly group: GroupId;
      readonly applied: AppliedState;
      readonly ceilingMs: number;
      /** The membership; undefined for an empty keyspace of a node that is joining. */
      readonly membership: Membership | undefined;
    }
  | {
      readonly kind: "installed";
      readonly group: GroupId;
      readonly id: number;
      readonly applied: AppliedState;
      readonly ceilingMs: number;
      readonly membership: Membership;
    }
  | { readonly kind: "pinned"; readonly streamId: number }
  | {
      readonly kind: "applied";
      readonly group: GroupId;
      /** The highest apply id that the answer covers. */
      readonly id: number;
      readonly applied: AppliedState;
      readonly durable: AppliedState;
      readonly ceilingMs: number;
    };

// ---- store <-> gateway: once per gateway --------------------------------------------------------------------------

export interface AnswerMessage {
  readonly sequence: number;
  readonly outcome: TxnOutcome;
}

/** The gateway reads from the new keyspace (the answer to `keyspace-replaced`). */
export type GatewayToStore = { readonly kind: "reader-reopened"; readonly group: GroupId };

export type StoreToGateway =
  /**
   * An apply batch is visible to readers. `answers` has only the answers to this gateway's proposals. `changed` has
   * the keys that the batch wrote or deleted; undefined when any key may have changed.
   */
  | {
      readonly kind: "applied";
      readonly group: GroupId;
      readonly applied: AppliedState;
      readonly answers: readonly AnswerMessage[];
      readonly changed: ChangedKeys | undefined;
    }
  /**
   * A snapshot replaced the keyspace: the gateway opens the new keyspace, drops every cached row, and answers with
   * `reader-reopened`. The store applies and publishes nothing newer before every gateway has answered.
   */
  | { readonly kind: "keyspace-replaced"; readonly group: GroupId; readonly applied: AppliedState };

// ---- store <-> control: once per node -----------------------------------------------------------------------------

export type ControlToStore =
  /** A backup reads old versions: none is compacted until `keep` is false, or for one hour after the last message. */
  { readonly kind: "keep-versions"; readonly keep: boolean } | { readonly kind: "stop" };

export type StoreToControl =
  /** Writes wait because the disk is full (true), or continue (false). */
  | { readonly kind: "disk-full"; readonly full: boolean }
  | { readonly kind: "fatal"; readonly message: string }
  | { readonly kind: "stopped" };

// ---- consensus <-> snapshot thread (its own Worker: it reads and writes whole keyspaces) --------------------------

export type ConsensusToSnapshot =
  /** Opens a consistent read and streams it, one chunk for each unit of credit. */
  | { readonly kind: "send"; readonly streamId: number }
  | { readonly kind: "credit"; readonly streamId: number; readonly chunks: number }
  /** Sent after the end of every stream; the thread ignores it for a stream that has ended or that it never had. */
  | { readonly kind: "cancel"; readonly streamId: number }
  /** There is one receive at a time; a new one ends an earlier one. */
  | { readonly kind: "receive"; readonly streamId: number; readonly snapshot: SnapshotMetadata }
  | { readonly kind: "received-chunk"; readonly streamId: number; readonly bytes: Uint8Array }
  | { readonly kind: "received-end"; readonly streamId: number }
  | { readonly kind: "stop" };

export type SnapshotToConsensus =
  /** The read is open; `applied` and `membership` describe the snapshot that follows. */
  | {
      readonly kind: "opened";
      readonly streamId: number;
      readonly applied: AppliedState;
      readonly membership: Membership;
    }
  /** One piece of the snapshot (about SNAPSHOT_CHUNK_BYTES). */
  | { readonly kind: "chunk"; readonly streamId: number; readonly bytes: Uint8Array }
  /** All chunks were handed over. */
  | { readonly kind: "sent"; readonly streamId: number }
  /** The chunks were written: their sender may send more. */
  | { readonly kind: "written"; readonly streamId: number; readonly chunks: number }
  /** The snapshot is complete, verified and durable beside the keyspace in force, at the announced position. */
  | { readonly kind: "complete"; readonly streamId: number }
  /** Sending or receiving ended early; no partial data is left. */
  | { readonly kind: "failed"; readonly streamId: number; readonly message: string }
  | { readonly kind: "stopped" };

export const SNAPSHOT_CHUNK_BYTES = 256 << 10;
/**
 * Maximum number of chunks in transfer: the snapshot lane of the transport holds this many, so it drops none for
 * lack of space.
 */
export const SNAPSHOT_WINDOW_CHUNKS = 4;
