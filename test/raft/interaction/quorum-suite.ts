import {
  type AckedIndexes,
  type JointVoters,
  jointCommittedIndex,
  jointIds,
  jointVoteResult,
  VoteResult,
} from "../../../src/raft/core/quorum/index.ts";
import { majorityCommittedIndex } from "../../../src/raft/core/quorum/majority.ts";
import { UNBOUNDED } from "../../../src/raft/core/quorum/types.ts";
import { type Argument, type Case, parseInteger, valuesOf } from "./datadriven.ts";

/** docs/design/raft-interaction.md, section 7: every case stands alone. */
export function quorumSuite(): (testCase: Case) => string {
  return ({ command, args }) => {
    const first = valuesOf(args, "cfg").map(parseInteger);
    const second = valuesOf(args, "cfgj");
    const joint = second.length > 0;
    const voters: JointVoters = {
      incoming: unique(first),
      outgoing: unique(second[0] === "zero" ? [] : second.map(parseInteger)),
    };
    // Values go to the ids in the order in which they are named.
    const ids = [...new Set([...first, ...(second[0] === "zero" ? [] : second.map(parseInteger))])];
    if (command === "vote") return vote(voters, ids, args);
    if (command === "committed") return committed(voters, joint, ids, args);
    return `unknown command: ${command}`;
  };
}

function unique(ids: readonly number[]): readonly number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}

function mismatch(ids: readonly number[], values: readonly string[]): string {
  return `error: mismatched input (explicit or _) for voters map[${ids.join(" ")}]: ${values.join(" ")}`;
}

const RESULTS: Readonly<Record<VoteResult, string>> = {
  [VoteResult.Pending]: "VotePending",
  [VoteResult.Lost]: "VoteLost",
  [VoteResult.Won]: "VoteWon",
};

function vote(voters: JointVoters, ids: readonly number[], args: readonly Argument[]): string {
  const values = valuesOf(args, "votes");
  if (values.length !== ids.length) return mismatch(ids, values);
  const votes = new Map<number, boolean>();
  for (const [i, id] of ids.entries()) {
    if (values[i] !== "_") votes.set(id, values[i] === "y");
  }
  const result = jointVoteResult(voters, votes);
  const swapped = jointVoteResult({ incoming: voters.outgoing, outgoing: voters.incoming }, votes);
  const check = swapped === result ? "" : `${RESULTS[swapped]} <-- via symmetry\n`;
  return `${check}${RESULTS[result]}\n`;
}

function committed(
  voters: JointVoters,
  joint: boolean,
  ids: readonly number[],
  args: readonly Argument[],
): string {
  const values = valuesOf(args, "idx");
  if (values.length !== ids.length) return mismatch(ids, values);
  const indexes = new Map<number, number>();
  for (const [i, id] of ids.entries()) {
    const value = values[i] ?? "_";
    if (value !== "_") indexes.set(id, parseInteger(value));
  }
  const acked: AckedIndexes = { ackedIndex: (id) => indexes.get(id) };
  const index = jointCommittedIndex(voters, acked);
  return `${describeIndexes(jointIds(voters), indexes)}${selfChecks(voters, joint, acked, index)}${show(index)}\n`;
}

/** The lines that appear only when two ways of computing the same thing differ. */
function selfChecks(voters: JointVoters, joint: boolean, acked: AckedIndexes, index: number): string {
  const { incoming, outgoing } = voters;
  const checks: [number, string][] = [];
  if (joint) {
    checks.push([jointCommittedIndex({ incoming: outgoing, outgoing: incoming }, acked), "via symmetry"]);
  } else {
    checks.push([alternative(incoming, acked), "via alternative computation"]);
    checks.push([jointCommittedIndex({ incoming, outgoing: [] }, acked), "via zero-joint quorum"]);
    checks.push([jointCommittedIndex({ incoming, outgoing: incoming }, acked), "via self-joint quorum"]);
    checks.push([majorityCommittedIndex(incoming, acked), "via majority"]);
  }
  return checks
    .filter(([other]) => other !== index)
    .map(([other, name]) => `${show(other)} <-- ${name}\n`)
    .join("");
}

/** The definition itself: the largest acknowledged index that more than half of the voters have reached. */
function alternative(voters: readonly number[], acked: AckedIndexes): number {
  if (voters.length === 0) return UNBOUNDED;
  const known = voters.map((id) => acked.ackedIndex(id) ?? 0);
  const reached = known.filter((index) => known.filter((other) => other >= index).length * 2 > voters.length);
  return Math.max(0, ...reached);
}

function show(index: number): string {
  return index === UNBOUNDED ? "∞" : String(index);
}

/** A bar per voter: how many of the others it is ahead of. */
function describeIndexes(ids: readonly number[], indexes: ReadonlyMap<number, number>): string {
  const count = ids.length;
  if (count === 0) return "<empty majority quorum>";
  const ranked = [...ids].sort((a, b) => (indexes.get(a) ?? 0) - (indexes.get(b) ?? 0) || a - b);
  const bars = new Map<number, number>();
  for (const [rank, id] of ranked.entries()) {
    const below = ranked[rank - 1];
    const ahead = below === undefined || (indexes.get(id) ?? 0) > (indexes.get(below) ?? 0);
    bars.set(id, ahead ? rank : (bars.get(below) ?? 0));
  }
  let text = `${" ".repeat(count)}    idx\n`;
  for (const id of ids) {
    const index = indexes.get(id);
    const bar = bars.get(id) ?? 0;
    const mark =
      index === undefined ? `?${" ".repeat(count)}` : `${"x".repeat(bar)}>${" ".repeat(count - bar)}`;
    text += `${mark} ${String(index ?? 0).padStart(5)}    (id=${id.toString(16)})\n`;
  }
  return text;
}
