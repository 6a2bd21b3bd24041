import { majorityCommittedIndex, majorityVoteResult } from "./majority.ts";
import { type AckedIndexes, VoteResult } from "./types.ts";

/**
 * Two majorities that must agree (joint consensus, Raft paper section 6). Outside of a joint configuration
 * `outgoing` is empty. Ids ascend in both halves. The value is never changed in place.
 */
export interface JointVoters {
  readonly incoming: readonly number[];
  readonly outgoing: readonly number[];
}

/** The largest index that both halves have committed. */
export function jointCommittedIndex(voters: JointVoters, acked: AckedIndexes): number {
  const incoming = majorityCommittedIndex(voters.incoming, acked);
  if (voters.outgoing.length === 0) return incoming;
  return Math.min(incoming, majorityCommittedIndex(voters.outgoing, acked));
}

/** Won when both halves are won, lost as soon as one is lost. */
export function jointVoteResult(voters: JointVoters, votes: ReadonlyMap<number, boolean>): VoteResult {
  const incoming = majorityVoteResult(voters.incoming, votes);
  const outgoing = majorityVoteResult(voters.outgoing, votes);
  if (incoming === outgoing) return incoming;
  if (incoming === VoteResult.Lost || outgoing === VoteResult.Lost) return VoteResult.Lost;
  return VoteResult.Pending;
}

/** Every voter of either half, ascending, each once. */
export function jointIds(voters: JointVoters): readonly number[] {
  if (voters.outgoing.length === 0) return voters.incoming;
  return [...new Set([...voters.incoming, ...voters.outgoing])].sort((a, b) => a - b);
}

/** True when `id` votes in either half. */
export function isJointVoter(voters: JointVoters, id: number): boolean {
  return voters.incoming.includes(id) || voters.outgoing.includes(id);
}
