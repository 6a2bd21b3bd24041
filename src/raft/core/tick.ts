import type { Raft } from "./raft.ts";
import { Campaign, hup } from "./roles/election.ts";
import { checkQuorum } from "./roles/leader.ts";
import { broadcastHeartbeat } from "./roles/replication.ts";
import { StateType } from "./types.ts";

/** One tick of the logical clock. */
export function tick(raft: Raft): void {
  if (raft.state === StateType.Leader) tickLeader(raft);
  else tickOther(raft);
}

function tickOther(raft: Raft): void {
  raft.electionElapsed++;
  if (raft.promotable && !raft.isPassive && raft.electionElapsed >= raft.randomizedElectionTicks) {
    raft.electionElapsed = 0;
    hup(raft, raft.config.preVote ? Campaign.PreElection : Campaign.Election);
  }
}

function tickLeader(raft: Raft): void {
  raft.heartbeatElapsed++;
  raft.electionElapsed++;
  if (raft.electionElapsed >= raft.config.electionTicks) {
    raft.electionElapsed = 0;
    if (raft.config.checkQuorum) checkQuorum(raft);
    // An unfinished transfer is aborted now, and proposals are accepted again.
    if (raft.state === StateType.Leader) raft.abortLeaderTransfer();
  }
  if (raft.state !== StateType.Leader) return;
  if (raft.heartbeatElapsed >= raft.config.heartbeatTicks) {
    raft.heartbeatElapsed = 0;
    broadcastHeartbeat(raft);
  }
}
