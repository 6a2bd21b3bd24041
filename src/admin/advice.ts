/** What an operator should do next, in sentences, from what the status says. */
import type { ClusterStatus, MemberStatus } from "./types.ts";

export interface AdviceContext {
  /** Members that formation, or joining, waits for; undefined when it does not. */
  readonly waiting:
    | { readonly joining: boolean; readonly members: readonly string[]; readonly why: string }
    | undefined;
  /** The answering node takes no writes for want of room. */
  readonly diskFull: boolean;
}

/** Entries behind: a follower that is further back than this is worth a word. */
const FAR_BEHIND = 10_000;
/** A learner this close is as good as there: the leader checks again. */
const CAUGHT_UP = 1_000;

export function adviceFor(status: Omit<ClusterStatus, "advice">, context: AdviceContext): string[] {
  const { waiting } = context;
  if (waiting !== undefined) return waitingAdvice(waiting, status);
  const advice: string[] = [];
  const voters = status.members.filter(({ role }) => role !== "learner");
  const reachable = voters.filter((member) => member.reachable);
  const quorum = Math.floor(voters.length / 2) + 1;
  if (status.leaderId === null) advice.push(noLeader(voters, reachable.length, quorum));
  else if (voters.length > 2 && reachable.length === quorum) {
    advice.push(
      `Only ${reachable.length} of ${voters.length} voters can be reached: one more failure and the cluster stops.`,
    );
  }
  for (const member of status.members) {
    const sentence = memberAdvice(member, status.leaderId !== null);
    if (sentence !== undefined) advice.push(sentence);
  }
  if (status.joint) {
    advice.push(
      "A change of voters is under way; it ends by itself once a majority of the old and of the new voters is reachable.",
    );
  } else if (voters.length === 2) {
    advice.push(
      "Two voters: when either fails, the cluster stops. Add a third (elastickv cluster add-learner, then promote).",
    );
  } else if (voters.length > 2 && voters.length % 2 === 0) {
    advice.push(
      `${voters.length} voters bear no more failures than ${voters.length - 1}: promote one more, or remove one.`,
    );
  }
  if (context.diskFull) {
    advice.push(
      `The disk of ${status.nodeId} is full: make room (delete objects, grow the disk); it goes on by itself.`,
    );
  }
  return advice;
}

function waitingAdvice(
  { joining, members, why }: NonNullable<AdviceContext["waiting"]>,
  { nodeId: self, members: listed }: Omit<ClusterStatus, "advice">,
): string[] {
  const names = members.length === 0 ? "the members" : members.join(", ");
  const address = listed.find(({ id }) => id === self)?.peerAddress ?? "HOST:PORT";
  const advice = joining
    ? [
        `${self} waits to be let in by ${names}: add it there (elastickv cluster add-learner ${self}=${address}), and see that it can reach them.`,
      ]
    : [
        `The cluster has not formed yet: it waits for ${names}. Start every initial member once, with the same --initial-cluster; afterwards a majority is enough.`,
      ];
  if (/\bWRONG_CLUSTER\b/.test(why)) {
    advice.push(
      joining
        ? `--join names members of another cluster than the data directory of ${self}: ${why}`
        : `--initial-cluster is not the same everywhere, or it names a node of another cluster. Compare the lists, stop the node that has it wrong, empty its data directory (it holds nothing yet) and start it again. ${why}`,
    );
  } else if (/\b(?:TLS|[A-Z][A-Z_]{4,}):/.test(why)) advice.push(`What is known: ${why}`);
  return advice;
}

function noLeader(voters: readonly MemberStatus[], reachable: number, quorum: number): string {
  const counted = `No leader: ${reachable} of ${voters.length} voters can be reached from here`;
  if (reachable >= quorum)
    return `${counted}, enough for an election, which takes seconds. If it lasts, look at the logs.`;
  const missing = voters.filter((member) => !member.reachable);
  const names = missing.map(({ id }) => id).join(", ");
  const needed = `${counted}, ${quorum} are needed.`;
  // Reached and turned away: that they are started helps nobody.
  const refused = missing.filter(({ problem }) => isCertificateProblem(problem));
  if (refused.length > 0) {
    return `${needed} ${refused.map(({ id, problem }) => `${id}: ${problem}`).join("; ")}. Repair the peer certificates; nothing is served until then, and nothing is lost.`;
  }
  return `${needed} Start ${names} or repair the network to them; nothing is served until then, and nothing is lost.`;
}

/** The other end runs, and one of the two does not like what the other has shown. */
function isCertificateProblem(problem: string | null): boolean {
  return problem !== null && /\bTLS\b|\bCERTIFICATE\b/.test(problem);
}

function memberAdvice(member: MemberStatus, hasLeader: boolean): string | undefined {
  const { id } = member;
  if (member.problem !== null && /\b(WRONG_INSTANCE|ROLLED_BACK)\b/.test(member.problem)) {
    return `${id} came back with another data directory (wiped, or restored from a copy) and is not let in: put the old directory back, or replace it by a new node with a new name (elastickv cluster replace ${id} NEW=HOST:PORT).`;
  }
  if (!member.reachable) {
    if (!hasLeader && member.role !== "learner") return undefined;
    const seconds = member.unreachableSeconds ?? 0;
    const since = seconds === 0 ? "" : ` for ${duration(seconds)}`;
    const why = member.problem === null ? "" : ` (${member.problem})`;
    if (isCertificateProblem(member.problem)) {
      return `${id} runs but is not let in${since}${why}: all nodes need a peer certificate of the same CA that is valid now and has the node's name (or the host of its peer address) among its names, or none has one.`;
    }
    if (!member.registered) {
      return `${id} was added and has never been met${why}: start it with --join and an empty data directory (docs/operations/cluster.md).`;
    }
    return `${id} cannot be reached${since}${why}: start it. If its machine is lost for good: elastickv cluster replace ${id} NEW=HOST:PORT.`;
  }
  if (member.problem !== null) return snapshotAdvice(id, member.problem);
  if (member.snapshot) return `${id} receives a snapshot of everything; it catches up afterwards.`;
  if (member.role === "learner") {
    if (!member.registered) return undefined;
    if (member.match > 0 && member.lag <= CAUGHT_UP) {
      return `${id} is a learner and has caught up: elastickv cluster promote ${id} gives it a vote.`;
    }
  }
  return member.lag > FAR_BEHIND
    ? `${id} is ${member.lag} entries behind: is its disk or network slow?`
    : undefined;
}

/** It can be reached, and what it needs does not arrive: it is tried again by itself, and fails again until somebody acts. */
function snapshotAdvice(id: string, problem: string): string {
  const what = `${id} is too far behind for the log, and ${problem}.`;
  if (/\breading it here: /.test(problem)) {
    return `${what} The leader cannot read its own data: have another member send it (elastickv cluster transfer-leader), then look at the leader's disk.`;
  }
  if (/\bDISK_FULL\b/.test(problem)) {
    return `${what} Make room on the disk of ${id}: a snapshot of everything lies beside what it has until it is complete. It is sent again by itself.`;
  }
  if (/\bits receiver says: /.test(problem)) {
    return `${what} Look at the log and the disk of ${id}; it is sent again by itself. If it goes on like this: elastickv cluster replace ${id} NEW=HOST:PORT.`;
  }
  return `${what} Look at the network to ${id} and at its disk; it is sent again by itself.`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}
