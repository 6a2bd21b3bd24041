import type { Raft } from "./raft.ts";
import type { Configuration, Progress } from "./tracker/index.ts";
import { type HardState, StateType } from "./types.ts";

/** The state of the node. It is cheap to make: for metrics and for the choice of a node to ask. */
export interface BasicStatus extends HardState {
  readonly id: number;
  readonly raftState: StateType;
  /** Node id of the leader; 0 when none is known. */
  readonly lead: number;
  /** Node id of the transfer target; 0 without a transfer. */
  readonly leadTransferee: number;
  readonly applied: number;
  readonly lastIndex: number;
}

/** The leader's knowledge of a member at this moment. */
interface ProgressStatus {
  readonly match: number;
  readonly next: number;
  readonly state: Progress["state"];
  readonly paused: boolean;
  readonly pendingSnapshot: number;
  readonly recentActive: boolean;
  readonly isLearner: boolean;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  readonly inflightFull: boolean;
  /** One line, in the format of the interaction cases. */
  readonly description: string;
}

export interface Status extends BasicStatus {
  readonly configuration: Configuration;
  /** Progress by node id, ascending; empty unless this node is the leader. */
  readonly progress: ReadonlyMap<number, ProgressStatus>;
}

export function basicStatus(raft: Raft): BasicStatus {
  return {
    id: raft.id,
    term: raft.term,
    vote: raft.vote,
    commit: raft.log.committed,
    raftState: raft.state,
    lead: raft.lead,
    leadTransferee: raft.leadTransferee,
    applied: raft.log.applied,
    lastIndex: raft.log.lastIndex,
  };
}

export function status(raft: Raft): Status {
  const progress = new Map<number, ProgressStatus>();
  if (raft.state === StateType.Leader) {
    for (const id of raft.tracker.ids) {
      const member = raft.tracker.get(id);
      if (member !== undefined) progress.set(id, progressStatus(member));
    }
  }
  return { ...basicStatus(raft), configuration: raft.tracker.configuration, progress };
}

function progressStatus(progress: Progress): ProgressStatus {
  return {
    match: progress.match,
    next: progress.next,
    state: progress.state,
    paused: progress.paused,
    pendingSnapshot: progress.pendingSnapshot,
    recentActive: progress.recentActive,
    isLearner: progress.isLearner,
    inflightMessages: progress.inflights.count,
    inflightBytes: progress.inflights.bytes,
    inflightFull: progress.inflights.full,
    description: progress.toString(),
  };
}
