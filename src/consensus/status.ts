/** State of the consensus thread for the metrics. */

import type { Membership } from "../cluster/registry/membership.ts";
import type { Status } from "../raft/core/index.ts";
import type { Engine } from "../raft/engine/engine.ts";
import { votersOf } from "../raft/engine/group-configuration.ts";
import type { ConsensusObservation } from "./options.ts";

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
