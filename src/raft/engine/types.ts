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

/**
 * @typeParam M the replicated configuration of the group, with any other state that the same entries change; the
 * engine only passes the other state on
 */
export interface EngineOptions<M extends GroupConfiguration> {
  readonly core: RawNode;
  readonly cache: LogCache;
  readonly published: PublishedGroup;
  readonly clock: Clock;
  readonly membership: M;
  /**
   * Returns the state after a committed membership entry; `change` null: every replica treats the entry as empty.
   * Pure: the state machine computes the same.
   */
  readonly applyMembership: (
    before: M,
    entry: Entry,
  ) => { readonly membership: M; readonly change: ConfChange | null };
  readonly tickMs: number;
  /** The shortest time after which another node may start an election. */
  readonly electionTimeoutMs: number;
  /** This process has not been a member before, so it cannot have forgotten a lease. */
  readonly fresh: boolean;
  /** Bytes of applied entries kept in memory for followers that are a little behind. */
  readonly retainBytes: number;
  /**
   * Limit in bytes of entries in memory. Above the limit, a leader's appends are dropped while the store has
   * entries to apply; the leader sends them again. Default: no limit.
   */
  readonly maxUnappliedBytes?: number;
  /**
   * Sends a batch to the log thread; `onAppended` receives the answer. A snapshot in the batch is the marker of a
   * received snapshot.
   */
  readonly append: (id: number, batch: WalBatch) => void;
  /**
   * Sends entries to the store thread; `onApplied` receives the answer. The FSM records the membership entries
   * among them.
   */
  readonly apply: (id: number, entries: readonly Entry[]) => void;
  /**
   * Asks the store thread to put the received keyspace at this position in force. The snapshot's marker is durable
   * in the log. `onInstalled` receives the answer.
   */
  readonly install: (id: number, snapshot: SnapshotMetadata) => void;
  /**
   * True when every other voter has been heard, or could not be reached, since this process started. A node that is
   * not fresh neither votes nor campaigns before that (for at most RESTART_PATIENCE election timeouts). Default:
   * always true.
   */
  readonly mayElect?: () => boolean;
  /** Sends to other nodes, in order. */
  readonly send: (to: number, envelope: RaftEnvelope) => void;
  /**
   * The core asks for a snapshot to this peer: stream one, with its real metadata in `message`. Call
   * `reportSnapshot` once at the end, except when `sendSnapshot` is called again for the same peer before the end.
   */
  readonly sendSnapshot: (to: number, message: Message) => void;
  /** Asks the log thread for entries [low, high) that are no longer in memory; `onLogRead` receives the answer. */
  readonly readLog: (low: number, high: number, maxBytes: number) => void;
  /** These entries have left the in-memory log: their buffers may be reused. */
  readonly onEvicted: (entries: readonly Entry[]) => void;
  readonly onLeadership: (leading: boolean, leaderId: number, term: number) => void;
  /** A membership change is in force (the core has applied the change), or came with a snapshot. */
  readonly onMembership: (membership: M) => void;
  /** Answers a read request of this node: every entry committed at the time of the request is at or below `index`. */
  readonly onReadState: (context: Uint8Array, index: number) => void;
}
