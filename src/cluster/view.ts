/** The cluster as its leader sees it; or, on another node that has nobody to ask or no answer, as that node does. */

import { type ClusterView, type MemberView, SNAPSHOT_FAILED } from "../messages/cluster.ts";
import type { PeerStatus } from "../peer/types.ts";
import { StateType, type Status } from "../raft/core/index.ts";
import { type GroupConfiguration, isJoint, votersOf } from "../raft/engine/group-configuration.ts";
import { hostIdOf } from "./host-id.ts";
import type { Membership } from "./registry/membership.ts";
import type { NodeRegistry } from "./registry/node-registry.ts";

export interface ViewSource {
  readonly status: Status;
  readonly membership: Membership;
  readonly firstIndex: number;
  readonly appliedIndex: number;
  /** The end of the answering node's log on its disk. */
  readonly durableIndex: number;
  readonly version: string;
  /** What the others said they have applied, by id. Heard by the leader. */
  readonly applied: ReadonlyMap<number, number>;
  readonly peers: readonly PeerStatus[];
  readonly sendingSnapshotTo: (id: number) => boolean;
  /** Why the last snapshot to a member did not arrive. */
  readonly snapshotFailureOf: (id: number) => string | undefined;
}

/** A node that has proved that it belongs to the cluster and is no member may listen, and may ask for nothing. */
export function isMember({ members }: NodeRegistry, id: number): boolean {
  return members.some((member) => member.id === id);
}

export function clusterView(source: ViewSource): ClusterView {
  const { status, membership } = source;
  const leads = status.raftState === StateType.Leader;
  const nameOf = (id: number): string | null =>
    membership.members.find((member) => member.id === id)?.name ?? null;
  return {
    view: leads ? "leader" : "own",
    leader: nameOf(status.lead),
    term: status.term,
    configurationIndex: membership.index,
    joint: isJoint(membership),
    transferTo: leads ? nameOf(status.leadTransferee) : null,
    commitIndex: status.commit,
    firstIndex: source.firstIndex,
    lastIndex: status.lastIndex,
    members: membership.members.map((member) => memberView(source, leads, member.id)),
  };
}

function memberView(source: ViewSource, leads: boolean, id: number): MemberView {
  const { status, membership } = source;
  const member = membership.members.find((one) => one.id === id);
  const instance = member?.instance ?? "";
  const self = id === status.id;
  const progress = status.progress.get(id);
  const peer = source.peers.find((one) => one.peer.id === id);
  // The core begins with 0 for "nothing is known to be there".
  const match = self ? source.durableIndex : progress?.match || null;
  const reachable = self || (leads ? (progress?.recentActive ?? false) : (peer?.reachable ?? false));
  return {
    name: member?.name ?? String(id),
    address: member?.address ?? "",
    role: roleOf(source, id),
    change: changeOf(membership, id),
    match,
    applied: self ? source.appliedIndex : leads ? (source.applied.get(id) ?? null) : null,
    // Only the leader knows how far the log goes.
    lag: leads && match !== null ? Math.max(0, status.commit - match) : null,
    reachable,
    snapshot: leads ? source.sendingSnapshotTo(id) : null,
    registered: instance !== "",
    hostId: instance === "" ? null : hostIdOf(instance),
    version: self ? source.version : (peer?.hello?.version ?? null),
    problem: problemOf(source, id, self || reachable),
  };
}

function changeOf({ confState }: GroupConfiguration, id: number): MemberView["change"] {
  const { voters, votersOutgoing } = confState;
  if (votersOutgoing.length === 0 || voters.includes(id) === votersOutgoing.includes(id)) return null;
  return voters.includes(id) ? "joining" : "leaving";
}

function problemOf(source: ViewSource, id: number, reachable: boolean): string | null {
  if (!reachable) {
    return (
      source.peers.find(({ peer }) => peer.id === id)?.lastError ?? "not heard of for an election timeout"
    );
  }
  const failure = source.snapshotFailureOf(id);
  return failure === undefined ? null : `${SNAPSHOT_FAILED}${failure}`;
}

function roleOf({ status, membership }: ViewSource, id: number): MemberView["role"] {
  if (id === status.lead) return "leader";
  if (!votersOf(membership).includes(id)) return "learner";
  const campaigns = status.raftState === StateType.Candidate || status.raftState === StateType.PreCandidate;
  return id === status.id && campaigns ? "candidate" : "follower";
}
