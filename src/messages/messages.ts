/**
 * The messages between the threads that turn a transaction into rows. A *gateway* serves clients (HTTP, S3, reads, sessions); a
 * node may run several. *Control* is what a node has once: its identity, its disk, its garbage collector, its operators.
 *
 * One channel between two threads carries the messages of every Raft group: what is said about a group names it (decision 092).
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

// ---- gateway <-> consensus: once for every gateway -----------------------------------------------------------------

/** Several entries that lie in one slab. `sequences[i]` occupies bytes `offsets[i] .. offsets[i] + lengths[i]`. */
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

/** Who leads a group. `leaderId` 0 = nobody known. */
interface LeadershipMessage {
  readonly kind: "leadership";
  readonly group: GroupId;
  readonly leading: boolean;
  readonly leaderId: number;
  readonly term: number;
}

export type ConsensusToGateway =
  /** These slabs of this gateway have left the in-memory log, one count an entry. */
  | { readonly kind: "released"; readonly slabIds: readonly number[] }
  /** Not in the log and never will be: propose again; at once, or (`no-leader`) when a leader is known. */
  | {
      readonly kind: "dropped";
      readonly group: GroupId;
      readonly sequences: readonly number[];
      readonly reason: "busy" | "no-leader";
    }
  /** Everything committed when the request came has an index at or below `index`. */
  | { readonly kind: "read-state"; readonly group: GroupId; readonly id: number; readonly index: number }
  | LeadershipMessage;

// ---- control <-> consensus: once a node ----------------------------------------------------------------------------

export type ControlToConsensus =
  | { readonly kind: "cluster-request"; readonly id: number; readonly request: ClusterRequest }
  /** The roster of `keep-roster` is durable. */
  | { readonly kind: "roster-kept" }
  /** What `keep-incarnations` asked for is durable, or could not be made so. */
  | { readonly kind: "incarnations-kept"; readonly id: number; readonly ok: boolean }
  /** Hand leadership over if this node has it; answered by `stepped-down`, done or not. */
  | { readonly kind: "step-down" }
  | { readonly kind: "stop" };

export type ConsensusToControl =
  | LeadershipMessage
  | { readonly kind: "cluster-reply"; readonly id: number; readonly reply: ClusterReply }
  /** Bootstrap (docs/engine.md): every initial member was met once. To be made durable with the node's identity, then
   *  answered by `roster-kept`; before that this node neither votes nor appends. */
  | { readonly kind: "keep-roster"; readonly clusterId: string; readonly roster: readonly Member[] }
  /** The newest start of every peer (all of them; docs/engine.md, "Who is who"), to be made durable with the node's identity
   *  and answered by `incarnations-kept`: before that nothing that such a peer says counts. Own starts before `since` may be
   *  forgotten. */
  | {
      readonly kind: "keep-incarnations";
      readonly id: number;
      readonly peers: readonly PeerIncarnation[];
      readonly since: string;
    }
  /** Bootstrap waits for these members (names), or joining for any of them: for /readyz and the log. */
  | { readonly kind: "waiting-for"; readonly members: readonly string[]; readonly why: string }
  /** This node was removed from the cluster (an orderly end), or its peers refuse it for good: it must say so and end. */
  | { readonly kind: "fenced"; readonly removed: boolean; readonly message: string }
  /** Comes before `fenced`: the data directory is older than what this node has promised, and is to say so at later starts,
   *  whoever can be met then. */
  | { readonly kind: "rolled-back"; readonly message: string }
  | { readonly kind: "stepped-down"; readonly done: boolean }
  /** The log waits for space on the disk (true), or goes on again (false). */
  | { readonly kind: "disk-full"; readonly full: boolean }
  | { readonly kind: "fatal"; readonly message: string }
  | { readonly kind: "stopped" };

// ---- consensus <-> store ------------------------------------------------------------------------------------------

export type ConsensusToStore =
  /** The first message. A received snapshot that waits is installed first when it is the one that the log's marker names
   *  and the keyspace is older; any other is discarded. `bootstrap`: the first state of a new cluster (position 1/1), when
   *  the keyspace is empty. */
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
  /** A snapshot is about to be read: payloads and old versions stay until `unpin`. Answered by `pinned`. */
  | { readonly kind: "pin"; readonly streamId: number }
  | { readonly kind: "unpin"; readonly streamId: number }
  | { readonly kind: "stop" };

export type StoreToConsensus =
  | {
      readonly kind: "opened";
      readonly group: GroupId;
      readonly applied: AppliedState;
      readonly ceilingMs: number;
      /** undefined: an empty keyspace of a node that is joining. */
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
      /** The highest apply id covered. */
      readonly id: number;
      readonly applied: AppliedState;
      readonly durable: AppliedState;
      readonly ceilingMs: number;
    };

// ---- store <-> gateway: once for every gateway ---------------------------------------------------------------------

export interface AnswerMessage {
  readonly sequence: number;
  readonly outcome: TxnOutcome;
}

/** The gateway reads from the new keyspace (answer to `keyspace-replaced`). */
export type GatewayToStore = { readonly kind: "reader-reopened"; readonly group: GroupId };

export type StoreToGateway =
  /** An apply batch is visible to readers. `answers`: only those to proposals of this gateway. `changed`: the keys that the
   *  batch wrote or deleted; undefined = any key may have changed. */
  | {
      readonly kind: "applied";
      readonly group: GroupId;
      readonly applied: AppliedState;
      readonly answers: readonly AnswerMessage[];
      readonly changed: ChangedKeys | undefined;
    }
  /** A snapshot took the keyspace's place: open it anew, forget every cached row, and say `reader-reopened`. Until every
   *  gateway has said so nothing newer is applied or published. */
  | { readonly kind: "keyspace-replaced"; readonly group: GroupId; readonly applied: AppliedState };

// ---- store <-> control: once a node --------------------------------------------------------------------------------

export type ControlToStore = { readonly kind: "stop" };

export type StoreToControl =
  /** Writes stand still because the disk is full (true), or go on again (false). */
  | { readonly kind: "disk-full"; readonly full: boolean }
  | { readonly kind: "fatal"; readonly message: string }
  | { readonly kind: "stopped" };

// ---- consensus <-> snapshot thread (its own Worker: it reads and writes whole keyspaces) -------------------------------

export type ConsensusToSnapshot =
  /** Open a consistent read and stream it, a chunk for each unit of credit. */
  | { readonly kind: "send"; readonly streamId: number }
  | { readonly kind: "credit"; readonly streamId: number; readonly chunks: number }
  /** At the end of every stream, however it came: one that the thread has ended itself, or never had, it ignores. */
  | { readonly kind: "cancel"; readonly streamId: number }
  /** One at a time; a new one ends an earlier one. */
  | { readonly kind: "receive"; readonly streamId: number; readonly snapshot: SnapshotMetadata }
  | { readonly kind: "received-chunk"; readonly streamId: number; readonly bytes: Uint8Array }
  | { readonly kind: "received-end"; readonly streamId: number }
  | { readonly kind: "stop" };

export type SnapshotToConsensus =
  /** The read is open: what will be streamed. */
  | {
      readonly kind: "opened";
      readonly streamId: number;
      readonly applied: AppliedState;
      readonly membership: Membership;
    }
  /** One piece (about SNAPSHOT_CHUNK_BYTES). */
  | { readonly kind: "chunk"; readonly streamId: number; readonly bytes: Uint8Array }
  /** Everything was handed over. */
  | { readonly kind: "sent"; readonly streamId: number }
  /** The chunk was written: its sender may send another. */
  | { readonly kind: "written"; readonly streamId: number; readonly chunks: number }
  /** Complete, verified, durable beside the keyspace in force; its position is the one announced. */
  | { readonly kind: "complete"; readonly streamId: number }
  /** Sending or receiving ended early; nothing of it is left. */
  | { readonly kind: "failed"; readonly streamId: number; readonly message: string }
  | { readonly kind: "stopped" };

export const SNAPSHOT_CHUNK_BYTES = 256 << 10;
/** Chunks on their way at most: as many as the transport's snapshot lane holds, so that none is dropped for want of space. */
export const SNAPSHOT_WINDOW_CHUNKS = 4;
