/** The contract between the engine (the Ready loop) and the consensus thread around it. */

import type { RaftEnvelope } from "../../peer/types.ts";
import type { Clock } from "../../platform/clock.ts";
import type { PublishedGroup } from "../../threads/shared-state.ts";
import type { ConfChange, Entry, Message, RawNode, SnapshotMetadata } from "../core/index.ts";
import type { WalBatch } from "../log/types.ts";
import type { GroupConfiguration } from "./group-configuration.ts";
import type { LogCache } from "./log-cache.ts";

/** A position of the store. */
export interface Position {
  readonly index: number;
  readonly term: number;
}

/** @typeParam M what the group replicates of its configuration, and whatever else the same entries change: the engine carries it */
export interface EngineOptions<M extends GroupConfiguration> {
  readonly core: RawNode;
  readonly cache: LogCache;
  readonly published: PublishedGroup;
  readonly clock: Clock;
  readonly membership: M;
  /** Behind a committed membership entry; `change` null: every replica takes the entry for empty. Pure: the state machine computes the same. */
  readonly applyMembership: (
    before: M,
    entry: Entry,
  ) => { readonly membership: M; readonly change: ConfChange | null };
  readonly tickMs: number;
  /** The shortest time after which another node may start an election. */
  readonly electionTimeoutMs: number;
  /** This process has not been a member before: it remembers nobody's lease because there was none. */
  readonly fresh: boolean;
  /** Bytes of applied entries kept in memory for followers that are a little behind. */
  readonly retainBytes: number;
  /** Bytes of entries in memory beyond which a leader's next ones are not taken while the store has some to apply: it sends
   *  them again. Default: no bound. */
  readonly maxUnappliedBytes?: number;
  /** To the log thread; answered through `onAppended`. A snapshot in the batch is the marker of a received one. */
  readonly append: (id: number, batch: WalBatch) => void;
  /** To the store thread; answered through `onApplied`. Membership entries among them are for the FSM to write down. */
  readonly apply: (id: number, entries: readonly Entry[]) => void;
  /** To the store thread: put the received keyspace at this position in force. Its marker is durable in the log. Answered
   *  through `onInstalled`. */
  readonly install: (id: number, snapshot: SnapshotMetadata) => void;
  /** Every other voter has been heard, or found out of reach, since this process started: a node that is not fresh neither
   *  votes nor stands for election before that (for so long as RESTART_PATIENCE says). Default: always. */
  readonly mayElect?: () => boolean;
  /** To other nodes, in order. */
  readonly send: (to: number, envelope: RaftEnvelope) => void;
  /** The core wants this peer to get a snapshot: stream one, with its real metadata in `message`. To be answered by
   *  `reportSnapshot` once, however it ends; not at all when it is called again for the same peer before. */
  readonly sendSnapshot: (to: number, message: Message) => void;
  /** Entries [low, high) that are no longer in memory, from the log thread; the answer goes to `onLogRead`. */
  readonly readLog: (low: number, high: number, maxBytes: number) => void;
  /** Entries that have left the in-memory log: their buffers may be used again. */
  readonly onEvicted: (entries: readonly Entry[]) => void;
  readonly onLeadership: (leading: boolean, leaderId: number, term: number) => void;
  /** A membership change is in force (applied by the core), or came with a snapshot. */
  readonly onMembership: (membership: M) => void;
  /** A read request of this node: everything committed when it was asked is at or below `index`. */
  readonly onReadState: (context: Uint8Array, index: number) => void;
}
