import type { ConfChange } from "../conf-change.ts";
import { type ChangedConfiguration, changeConfiguration } from "../confchange/index.ts";
import { NO_BYTES } from "../message.ts";
import type { Raft } from "../raft.ts";
import { confStateOf } from "../tracker/index.ts";
import { type ConfState, EntryType, NONE, StateType } from "../types.ts";
import { propose } from "./proposals.ts";
import { releaseEarlyReads } from "./reads.ts";
import { broadcastAppend, maybeCommit, maybeSendAppend } from "./replication.ts";

/** The configuration after the change. Throws ConfChangeError when the change is not possible. */
export function changedConfiguration(raft: Raft, change: ConfChange): ChangedConfiguration {
  return changeConfiguration(raft.tracker, raft.log.lastIndex, change);
}

/** Applies a committed membership change. Throws ConfChangeError. */
export function applyConfChange(raft: Raft, change: ConfChange): ConfState {
  const { configuration, progress } = changedConfiguration(raft, change);
  raft.tracker.install(configuration, progress);
  const confState = confStateOf(configuration);
  const own = raft.tracker.get(raft.id);
  if (raft.state !== StateType.Leader) return confState;
  if (own === undefined || own.isLearner) {
    // A leader outside of its group continues to lead until a voter takes over, unless the configuration says to step
    // down.
    if (raft.config.stepDownOnRemoval) raft.becomeFollower(raft.term, NONE);
    return confState;
  }
  if (confState.voters.length === 0) return confState;
  if (maybeCommit(raft)) {
    // The new configuration may need fewer acknowledgements.
    releaseEarlyReads(raft);
    broadcastAppend(raft);
  } else {
    // New members get an append now and need not wait for a heartbeat.
    for (const id of raft.tracker.ids) {
      if (id !== raft.id) maybeSendAppend(raft, id, false);
    }
  }
  if (raft.leadTransferee !== NONE && !raft.tracker.isVoter(raft.leadTransferee)) raft.abortLeaderTransfer();
  return confState;
}

/**
 * Entries up to `index` (of `bytes`) are applied. When this applies a joint configuration with auto-leave, the
 * leader proposes to leave the joint configuration.
 */
export function appliedTo(raft: Raft, index: number, bytes: number): void {
  const applied = Math.max(index, raft.log.applied);
  raft.log.appliedTo(applied, bytes);
  if (
    raft.tracker.configuration.autoLeave &&
    applied >= raft.pendingConfIndex &&
    raft.state === StateType.Leader
  ) {
    // The proposal has no payload, so it fits any size limit. During a leadership transfer it is dropped: then the
    // next leader proposes it, or this leader at the next applied entry.
    propose(raft, [{ term: 0, index: 0, type: EntryType.ConfChangeV2, data: NO_BYTES }]);
  }
}
