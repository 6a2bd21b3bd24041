/**
 * Advice for the operator in sentences, computed from the status. No sentence asks for something in progress: a
 * change of voters, a learner that replaces a lost voter, a transfer of leadership.
 */

import type { ClusterStatus, MemberStatus } from "../api/schemas.ts";
import {
  duration,
  isCertificateProblem,
  isRefusedForGood,
  memberAdvice,
  snapshotAdvice,
} from "./member-advice.ts";
import { hasCaughtUp, type Replacement, replacements } from "./replacements.ts";
import { hasMajority, type VoterSet, voterSets } from "./voters.ts";

type Status = Omit<ClusterStatus, "advice">;

export interface AdviceContext {
  /** Members that bootstrap, or joining, waits for; undefined when there is no wait. */
  readonly waiting:
    | { readonly joining: boolean; readonly members: readonly string[]; readonly why: string }
    | undefined;
  /** The answering node refuses writes because disk space is low. */
  readonly diskFull: boolean;
  /** The answering node drains. */
  readonly draining?: boolean;
  /** The answering node's own consensus thread does not answer: the status shows the last known members. */
  readonly silent: boolean;
}

export function adviceFor(status: Status, context: AdviceContext): string[] {
  const { waiting } = context;
  if (waiting !== undefined) return waitingAdvice(waiting, status);
  const advice = context.silent ? [silence(status)] : clusterAdvice(status);
  if (context.draining === true) {
    advice.push(
      `${status.nodeId} drains: it serves, and tells clients to go elsewhere. elastickv drain --off there ends it, and so does a restart.`,
    );
  }
  if (context.diskFull) {
    advice.push(
      `The disk of ${status.nodeId} is full: make space (delete objects, grow the disk); it goes on by itself.`,
    );
  }
  return advice;
}

function clusterAdvice(status: Status): string[] {
  const sets = voterSets(status);
  const pairs = replacements(status);
  const advice = [
    leaderAdvice(status, sets),
    ...status.members.map((member) => adviceOn(member, status, pairs)),
    status.transferTo === null
      ? undefined
      : `Leadership is being handed to ${status.transferTo}: writes wait for the moment it takes.`,
    status.joint ? changeUnderWay(status, sets) : numberOfVoters(status),
  ];
  return advice.filter((sentence) => sentence !== undefined);
}

function leaderAdvice(status: Status, sets: readonly VoterSet[]): string | undefined {
  const { leaderId, nodeId, view } = status;
  if (leaderId === null) return noLeader(sets);
  if (view === "own") {
    return `The leader, ${leaderId}, has not answered ${nodeId} in time: what is shown is what ${nodeId} sees itself, and ? is what it cannot know. Look again; if it lasts, look at the log and the disk of ${leaderId}. When it is restarted, the others elect another leader.`;
  }
  const narrow = sets.find(
    ({ voters, reachable, quorum }) => voters.length > 2 && reachable.length === quorum,
  );
  return narrow === undefined
    ? undefined
    : `Only ${narrow.reachable.length} of ${narrow.voters.length} ${narrow.name}voters can be reached: one more failure and the cluster stops.`;
}

function changeUnderWay({ members }: Status, sets: readonly VoterSet[]): string {
  const of = (wanted: MemberStatus["change"]): string =>
    members
      .filter(({ change }) => change === wanted)
      .map(({ id }) => id)
      .join(", ");
  const what = [
    ...(of("joining") === "" ? [] : [`${of("joining")} gets a vote`]),
    ...(of("leaving") === "" ? [] : [`${of("leaving")} loses its own`]),
  ].join(", ");
  const short = sets.filter((set) => !hasMajority(set));
  const begins = `A change of voters is under way${what === "" ? "" : ` (${what})`}`;
  if (short.length === 0) return `${begins}; it ends by itself, and no other change is made until then.`;
  return `${begins}; it ends by itself once a majority of the old and of the new voters is reachable. ${counted(short)}.`;
}

function numberOfVoters({ members }: Status): string | undefined {
  const voters = members.filter(({ role }) => role !== "learner").length;
  const learners = members.filter(({ role }) => role === "learner").map(({ id }) => id);
  if (voters === 2) {
    const third =
      learners.length === 0
        ? "Add a third (elastickv cluster join-token; without elastickv setup: add-learner, then promote)."
        : `Promote a third when it has caught up: ${learners.join(" or ")} (elastickv cluster promote).`;
    return `Two voters: when either fails, the cluster stops. ${third}`;
  }
  if (voters < 4 || voters % 2 === 1) return undefined;
  const more = learners.length === 0 ? "" : ` (${learners.join(" or ")}, when it has caught up)`;
  return `${voters} voters bear no more failures than ${voters - 1}: promote one more${more}, or remove one.`;
}

/** One sentence for a lost member and its replacement, at the position of the lost member. */
function adviceOn(member: MemberStatus, status: Status, pairs: readonly Replacement[]): string | undefined {
  const pair = pairs.find(({ lost }) => lost.id === member.id);
  if (pair !== undefined) return replacementAdvice(pair, status);
  if (pairs.some(({ by }) => by.id === member.id)) return undefined;
  return memberAdvice(member, status, hasCaughtUp(member));
}

function replacementAdvice({ lost, by }: Replacement, { nodeId, view }: Status): string {
  const from = view === "own" ? ` from ${nodeId}` : "";
  const since = lost.unreachableSeconds ? ` for ${duration(lost.unreachableSeconds)}` : "";
  const why = lost.problem === null ? "" : ` (${lost.problem})`;
  const gone = isRefusedForGood(lost.problem)
    ? `${lost.id} came back with another data directory and is not let in`
    : `${lost.id} cannot be reached${from}${since}${why}`;
  const command = `elastickv cluster replace ${lost.id} ${by.id}=${by.peerAddress ?? "HOST:PORT"}`;
  return `${gone}. ${by.id}, a learner, can take its place: ${stepOf(by, command)} (If ${lost.id} comes back instead: elastickv cluster remove ${by.id}.)`;
}

/** The progress of a replacement: added, started, copied, caught up, then the change of votes. */
function stepOf(by: MemberStatus, command: string): string {
  const goesOn = `${command} waits for that and finishes it, also when it was interrupted.`;
  if (by.registered === false) {
    return `step 1 of 3, it was added and has never been met: start it with --join and an empty data directory. ${goesOn}`;
  }
  if (by.reachable === false) {
    const why = by.problem === null ? "" : ` (${by.problem})`;
    return `step 2 of 3, it copies the data, and cannot be reached now${why}: start it. ${goesOn}`;
  }
  if (by.problem !== null) return `step 2 of 3, ${snapshotAdvice(by, by.problem)} ${goesOn}`;
  if (by.snapshot === true) return `step 2 of 3, it receives a snapshot of everything. ${goesOn}`;
  if (hasCaughtUp(by)) return `step 3 of 3, it has caught up: ${command} gives it the vote now.`;
  const behind = by.lag === null ? "" : `, ${by.lag} entries behind`;
  return `step 2 of 3, it copies the data${behind}. ${goesOn}`;
}

function silence({ nodeId }: Status): string {
  return `${nodeId} waits for its own consensus thread: the members are shown as they were when it last answered, and ? is what is not known. Look again; if it lasts, look at the log of ${nodeId} and restart it.`;
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

/** `1 of 3 voters can be reached from here, 2 are needed`, for each set. */
function counted(sets: readonly VoterSet[]): string {
  return sets
    .map(
      ({ name, voters, reachable, quorum }) =>
        `${reachable.length} of ${voters.length} ${name}voters can be reached from here, ${quorum} are needed`,
    )
    .join("; ");
}

function noLeader(sets: readonly VoterSet[]): string {
  const short = sets.filter((set) => !hasMajority(set));
  if (short.length === 0) {
    const enough = sets
      .map(({ name, voters, reachable }) => `${reachable.length} of ${voters.length} ${name}voters`)
      .join(" and ");
    return `No leader: ${enough} can be reached from here, enough for an election, which takes seconds. If it lasts, look at the logs.`;
  }
  const missing = [
    ...new Set(
      short.flatMap(({ voters, reachable }) => voters.filter((voter) => !reachable.includes(voter))),
    ),
  ];
  const needed = `No leader: ${counted(short)}.`;
  // These members run but are refused, so starting them does not help.
  const refused = missing.filter(({ problem }) => isCertificateProblem(problem));
  if (refused.length > 0) {
    return `${needed} ${refused.map(({ id, problem }) => `${id}: ${problem}`).join("; ")}. Repair the peer certificates; nothing is served until then, and nothing is lost.`;
  }
  const names = missing.map(({ id }) => id).join(", ");
  return `${needed} Start ${names} or repair the network to them; nothing is served until then, and nothing is lost.`;
}
