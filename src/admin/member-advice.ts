/** Advice about one member on its own. */
import type { ClusterStatus, MemberStatus } from "../api/schemas.ts";

type Situation = Pick<ClusterStatus, "leaderId" | "nodeId" | "view" | "joint">;

/** A follower that is more entries behind than this gets advice. */
const FAR_BEHIND = 10_000;

/** The member runs with a data directory that the cluster always refuses. */
export function isRefusedForGood(problem: string | null): boolean {
  return problem !== null && /\b(WRONG_INSTANCE|ROLLED_BACK)\b/.test(problem);
}

/** The member runs, and one end refuses the other's certificate. */
export function isCertificateProblem(problem: string | null): boolean {
  return problem !== null && /\bTLS\b|\bCERTIFICATE\b/.test(problem);
}

/** @param caughtUp the member is a learner that may be promoted */
export function memberAdvice(
  member: MemberStatus,
  situation: Situation,
  caughtUp: boolean,
): string | undefined {
  const { id, problem } = member;
  // A leaving member needs no action.
  if (member.change === "leaving") return undefined;
  if (isRefusedForGood(problem)) {
    return `${id} came back with another data directory (wiped, or restored from a copy) and is not let in: put the old directory back, or ${wayOut(member, situation)}.`;
  }
  if (member.reachable === false) return unreachable(member, situation);
  if (problem !== null) return snapshotAdvice(member, problem);
  if (member.snapshot === true) return `${id} receives a snapshot of everything; it catches up afterwards.`;
  if (caughtUp && !situation.joint && member.registered !== false) {
    const address = member.peerAddress ?? "HOST:PORT";
    return `${id} is a learner and has caught up: elastickv cluster promote ${id} gives it a vote, elastickv cluster replace OLD ${id}=${address} that of another member.`;
  }
  return member.lag !== null && member.lag > FAR_BEHIND
    ? `${id} is ${member.lag} entries behind: is its disk or network slow?`
    : undefined;
}

function unreachable(member: MemberStatus, situation: Situation): string | undefined {
  const { id, problem } = member;
  if (situation.leaderId === null && member.role !== "learner") return undefined;
  const seconds = member.unreachableSeconds ?? 0;
  const since = seconds === 0 ? "" : ` for ${duration(seconds)}`;
  const why = problem === null ? "" : ` (${problem})`;
  if (isCertificateProblem(problem)) {
    return `${id} runs but is not let in${since}${why}: all nodes need a peer certificate of the same CA that is valid now and has the node's name (or the host of its peer address) among its names, or none has one.`;
  }
  if (member.registered === false) {
    return `${id} was added and has never been met${why}: start it with --join and an empty data directory (docs/operations/cluster.md).`;
  }
  const from = situation.view === "own" ? ` from ${situation.nodeId}` : "";
  return `${id} cannot be reached${from}${since}${why}: start it. If its machine is lost for good: ${wayOut(member, situation)}.`;
}

/** A learner has no vote to replace. A further change must wait for the change in progress. */
function wayOut({ id, role }: MemberStatus, { joint }: Situation): string {
  const command =
    role === "learner"
      ? `elastickv cluster remove ${id}, and add a new node with a new name`
      : `replace it by a new node with a new name, elastickv cluster replace ${id} NEW=HOST:PORT`;
  return joint ? `${command}, once the change of voters under way has ended` : command;
}

/**
 * Advice for a reachable member whose snapshot fails. The snapshot is repeated, and fails again until an operator
 * acts.
 */
export function snapshotAdvice(member: MemberStatus, problem: string): string {
  const { id, role } = member;
  const what = `${id} is too far behind for the log, and ${problem}.`;
  if (/\breading it here: /.test(problem)) {
    return `${what} The leader cannot read its own data: have another member send it (elastickv cluster transfer-leader), then look at the leader's disk.`;
  }
  if (/\bDISK_FULL\b/.test(problem)) {
    return `${what} Make space on the disk of ${id}: a snapshot of everything lies beside what it has until it is complete. It is sent again by itself.`;
  }
  if (/\bits receiver says: /.test(problem)) {
    const last =
      role === "learner"
        ? `elastickv cluster remove ${id}, and add a new node with a new name`
        : `elastickv cluster replace ${id} NEW=HOST:PORT`;
    return `${what} Look at the log and the disk of ${id}; it is sent again by itself. If it goes on like this: ${last}.`;
  }
  return `${what} Look at the network to ${id} and at its disk; it is sent again by itself.`;
}

export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}
