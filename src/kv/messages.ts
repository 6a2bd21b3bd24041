/** The mail between the rooms that turn a transaction into rows: front, consensus, store. */
import type { Entry } from "../raft/core/types.ts";
import type { AppliedState } from "../store/types.ts";
import type { ChangedKeys } from "./row-cache.ts";
import type { TxnOutcome } from "./types.ts";

// ---- front <-> consensus ------------------------------------------------------------------------------------------

/** Several entries that lie in one slab. `sequences[i]` occupies bytes `offsets[i] .. offsets[i] + lengths[i]`. */
export interface ProposeMessage {
  readonly kind: "propose";
  readonly slabId: number;
  readonly slab: Uint8Array;
  readonly sequences: readonly number[];
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

export type FrontToConsensus =
  | ProposeMessage
  | { readonly kind: "read-index"; readonly id: number }
  | { readonly kind: "status"; readonly id: number }
  | { readonly kind: "stop" };

export interface MemberStatus {
  readonly id: number;
  readonly role: "voter" | "learner";
  readonly match: number;
  readonly recentActive: boolean;
}

export interface ConsensusStatus {
  readonly nodeId: number;
  readonly leaderId: number;
  readonly term: number;
  readonly role: string;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** This node leads and has applied an entry of its own term. */
  readonly leading: boolean;
  readonly members: readonly MemberStatus[];
}

export type ConsensusToFront =
  /** These slabs have left the in-memory log, one count an entry. */
  | { readonly kind: "released"; readonly slabIds: readonly number[] }
  /** Not in the log and never will be: propose again. */
  | { readonly kind: "dropped"; readonly sequences: readonly number[] }
  /** Everything committed when the request came has an index at or below `index`. */
  | { readonly kind: "read-state"; readonly id: number; readonly index: number }
  | {
      readonly kind: "leadership";
      readonly leading: boolean;
      readonly leaderId: number;
      readonly term: number;
    }
  | { readonly kind: "status"; readonly id: number; readonly status: ConsensusStatus }
  /** The log waits for room on the disk (true), or goes on again (false). */
  | { readonly kind: "disk-full"; readonly full: boolean }
  | { readonly kind: "fatal"; readonly message: string }
  | { readonly kind: "stopped" };

// ---- consensus <-> store ------------------------------------------------------------------------------------------

export type ConsensusToStore =
  | { readonly kind: "apply"; readonly id: number; readonly entries: readonly Entry[] }
  | { readonly kind: "stop" };

export type StoreToConsensus =
  | {
      readonly kind: "opened";
      readonly applied: AppliedState;
      readonly ceilingMs: number;
    }
  | {
      readonly kind: "applied";
      /** The highest apply id covered. */
      readonly id: number;
      readonly applied: AppliedState;
      readonly durable: AppliedState;
      readonly ceilingMs: number;
    };

// ---- store -> front -----------------------------------------------------------------------------------------------

export interface AnswerMessage {
  readonly sequence: number;
  readonly outcome: TxnOutcome;
}

export type FrontToStore = { readonly kind: "stop" };

export type StoreToFront =
  /** An apply batch is visible to readers. `answers`: only those to proposals of this node's present boot. `changed`:
   *  the keys it wrote or deleted; undefined = any key may have changed. */
  | {
      readonly kind: "applied";
      readonly applied: AppliedState;
      readonly answers: readonly AnswerMessage[];
      readonly changed: ChangedKeys | undefined;
    }
  /** Writes stand still because the disk is full (true), or go on again (false). */
  | { readonly kind: "disk-full"; readonly full: boolean }
  | { readonly kind: "fatal"; readonly message: string }
  | { readonly kind: "stopped" };
