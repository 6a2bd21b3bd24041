import type { ConfChange } from "../conf-change.ts";
import { type ChangedConfiguration, changeConfiguration } from "../confchange/index.ts";
import { NO_BYTES } from "../message.ts";
import type { Raft } from "../raft.ts";
import { confStateOf } from "../tracker/index.ts";
import { type ConfState, EntryType, NONE, StateType } from "../types.ts";
import { propose } from "./proposals.ts";
import { releaseEarlyReads } from "./reads.ts";
import { broadcastAppend, maybeCommit, maybeSendAppend } from "./replication.ts";

/** What the configuration would become. Throws ConfChangeError when the change is not possible. */
export function changedConfiguration(raft: Raft, change: ConfChange): ChangedConfiguration {
  return changeConfiguration(raft.tracker, raft.log.lastIndex, change);
}

/** Puts a committed membership change into force. Throws ConfChangeError. */
export function applyConfChange(raft: Raft, change: ConfChange): ConfState {
  const { configuration, progress } = changedConfiguration(raft, change);
  raft.tracker.install(configuration, progress);
  const confState = confStateOf(configuration);
  const own = raft.tracker.get(raft.id);
  if (raft.state !== StateType.Leader) return confState;
  if (own === undefined || own.isLearner) {
    // A leader outside of its group goes on serving it until a voter takes over, unless told to step down.
    if (raft.config.stepDownOnRemoval) raft.becomeFollower(raft.term, NONE);
    return confState;
  }
  if (confState.voters.length === 0) return confState;
  if (maybeCommit(raft)) {
    // Fewer acknowledgements may be needed now.
    releaseEarlyReads(raft);
    broadcastAppend(raft);
  } else {
    // New members need not wait for a heartbeat.
    for (const id of raft.tracker.ids) {
      if (id !== raft.id) maybeSendAppend(raft, id, false);
    }
  }
  if (raft.leadTransferee !== NONE && !raft.tracker.isVoter(raft.leadTransferee)) raft.abortLeaderTransfer();
  return confState;
}

/**
 * Entries up to `index` (of `bytes`) are applied. If that puts a joint configuration with auto-leave into force, the
 * leader proposes to leave it.
 */
export function appliedTo(raft: Raft, index: number, bytes: number): void {
  const applied = Math.max(index, raft.log.applied);
  raft.log.appliedTo(applied, bytes);
  if (
    raft.tracker.configuration.autoLeave &&
    applied >= raft.pendingConfIndex &&
    raft.state === StateType.Leader
  ) {
    // Without payload it fits any size limit. It is dropped during a leadership transfer: then the next leader does
    // it, or this one at the next entry applied.
    propose(raft, [{ term: 0, index: 0, type: EntryType.ConfChangeV2, data: NO_BYTES }]);
  }
}
