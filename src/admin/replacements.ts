/**
 * Guesses which learner replaces which lost voter. No operator has said so: an added learner is the first step of a
 * replacement.
 */

import type { ClusterStatus, MemberStatus } from "../api/schemas.ts";
import { isCertificateProblem, isRefusedForGood } from "./member-advice.ts";

export interface Replacement {
  readonly lost: MemberStatus;
  readonly by: MemberStatus;
}

/** A learner with at most this lag counts as caught up; the leader checks again. */
const CAUGHT_UP = 1_000;

export function hasCaughtUp({ role, reachable, snapshot, match, lag }: MemberStatus): boolean {
  if (role !== "learner" || reachable !== true || snapshot === true) return false;
  return match !== null && lag !== null && lag <= CAUGHT_UP;
}

/**
 * Pairs the most advanced learner with the first lost voter, and so on. Equal learners stay in the order of
 * members.
 */
export function replacements({
  members,
  leaderId,
  joint,
}: Pick<ClusterStatus, "members" | "leaderId" | "joint">): readonly Replacement[] {
  // Without a leader no change is possible; during a change no other change is possible.
  if (leaderId === null || joint) return [];
  const learners = members
    .filter(({ role, problem }) => role === "learner" && !isRefusedForGood(problem))
    .sort((a, b) => stage(b) - stage(a));
  const lost = members.filter(
    ({ role, reachable, problem }) =>
      role !== "learner" &&
      (isRefusedForGood(problem) || (reachable === false && !isCertificateProblem(problem))),
  );
  return lost.flatMap((voter, index) => {
    const by = learners[index];
    return by === undefined ? [] : [{ lost: voter, by }];
  });
}

function stage(learner: MemberStatus): number {
  if (hasCaughtUp(learner)) return 3;
  if (learner.registered === false) return 0;
  return learner.reachable === true ? 2 : 1;
}
