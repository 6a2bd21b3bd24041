/** The cluster as its leader sees it. A node without a leader, or without the leader's answer, gives its own view. */

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
  /** Last index that is durable in the log of the answering node. */
  readonly durableIndex: number;
  readonly version: string;
  /** Applied index that each peer reported to the leader, by id. */
  readonly applied: ReadonlyMap<number, number>;
  readonly peers: readonly PeerStatus[];
  readonly sendingSnapshotTo: (id: number) => boolean;
  /** The reason why the last snapshot to a member failed. */
  readonly snapshotFailureOf: (id: number) => string | undefined;
}

/**
 * A node that has proved membership of the cluster but is not in the registry may only listen: its requests are
 * refused.
 */
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
  // The core's initial match is 0, which means that nothing is known.
  const match = self ? source.durableIndex : progress?.match || null;
  const reachable = self || (leads ? (progress?.recentActive ?? false) : (peer?.reachable ?? false));
  return {
    name: member?.name ?? String(id),
    address: member?.address ?? "",
    role: roleOf(source, id),
    change: changeOf(membership, id),
    match,
    applied: self ? source.appliedIndex : leads ? (source.applied.get(id) ?? null) : null,
    // Only the leader knows the commit index of the cluster.
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
