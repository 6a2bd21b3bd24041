/** What the front and the metrics see of the consensus thread. */

import type { Membership } from "../cluster/registry/membership.ts";
import type { ConsensusStatus, MemberStatus } from "../messages/messages.ts";
import { type Status, stateName } from "../raft/core/index.ts";
import type { Engine } from "../raft/engine/engine.ts";
import { votersOf } from "../raft/engine/group-configuration.ts";
import type { ConsensusObservation } from "./options.ts";

/** @param engine undefined = the node does not take part yet */
export function consensusStatus(
  nodeId: number,
  engine: Engine<Membership> | undefined,
  membership: Membership,
  describe: (engine: Engine<Membership>) => Status,
): ConsensusStatus {
  if (engine === undefined) {
    const none = { leaderId: 0, term: 0, commitIndex: 0, appliedIndex: 0, firstIndex: 0, lastIndex: 0 };
    return { nodeId, ...none, role: stateName(0), leading: false, members: [] };
  }
  const status = describe(engine);
  const member = (id: number, role: "voter" | "learner"): MemberStatus => ({
    id,
    role,
    match: id === nodeId ? engine.durableIndex : (status.progress.get(id)?.match ?? 0),
    recentActive: id === nodeId || (status.progress.get(id)?.recentActive ?? false),
  });
  return {
    nodeId,
    leaderId: status.lead,
    term: status.term,
    role: stateName(status.raftState),
    commitIndex: status.commit,
    appliedIndex: engine.appliedIndex,
    firstIndex: engine.firstIndex,
    lastIndex: status.lastIndex,
    leading: engine.leading,
    members: [
      ...votersOf(membership).map((id) => member(id, "voter")),
      ...membership.confState.learners.map((id) => member(id, "learner")),
    ],
  };
}

export function observationOf(
  engine: Engine<Membership>,
  membership: Membership,
  status: Status,
  clock: Pick<ConsensusObservation, "hlcPhysicalMs" | "hlcCeilingMs" | "hlcSkewMs" | "leaseValid">,
): ConsensusObservation {
  const voters = votersOf(membership);
  const members = membership.members.flatMap(({ id, name }) => {
    const progress = status.progress.get(id);
    if (progress === undefined) return [];
    const role = voters.includes(id) ? ("voter" as const) : ("learner" as const);
    const match = id === status.id ? engine.durableIndex : progress.match;
    const reachable = id === status.id || progress.recentActive;
    return [{ name, role, lag: Math.max(0, status.commit - match), reachable }];
  });
  return { ...clock, status: engine.status(), appliedIndex: engine.appliedIndex, members };
}
