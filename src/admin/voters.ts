/** Voters and quorum: one set of voters, or the old and the new set during a change. */
import type { ClusterStatus, MemberStatus } from "../api/schemas.ts";

export interface VoterSet {
  /** Empty unless there are two sets. */
  readonly name: "" | "old " | "new ";
  readonly voters: readonly MemberStatus[];
  readonly reachable: readonly MemberStatus[];
  readonly quorum: number;
}

/** In a joint configuration both sets must agree, each with its own majority (raft.md). */
export function voterSets({ members, joint }: Pick<ClusterStatus, "members" | "joint">): readonly VoterSet[] {
  const voters = members.filter(({ role }) => role !== "learner");
  if (!joint) return [setOf("", voters)];
  return [
    setOf(
      "old ",
      voters.filter(({ change }) => change !== "joining"),
    ),
    setOf(
      "new ",
      voters.filter(({ change }) => change !== "leaving"),
    ),
  ];
}

export function hasMajority({ reachable, quorum }: VoterSet): boolean {
  return reachable.length >= quorum;
}

function setOf(name: VoterSet["name"], voters: readonly MemberStatus[]): VoterSet {
  return {
    name,
    voters,
    reachable: voters.filter(({ reachable }) => reachable === true),
    quorum: Math.floor(voters.length / 2) + 1,
  };
}
