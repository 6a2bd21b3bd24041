import { type AckedIndexes, UNBOUNDED, VoteResult } from "./types.ts";

// A majority configuration is the list of the ascending ids of its voters. By convention an empty one has committed
// everything and always votes yes, so that a joint configuration with one empty half acts like its other half.

/** The number of votes that win among `voters`. @internal */
export function quorumSize(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

// The array is reused between calls: commit is computed for every acknowledgement.
const scratch: number[] = [];

/**
 * The largest index that a majority of `voters` has acknowledged: the quorum-th largest of their indexes. A voter
 * without a known index counts as 0. The result is UNBOUNDED without voters.
 */
export function majorityCommittedIndex(voters: readonly number[], acked: AckedIndexes): number {
  const count = voters.length;
  if (count === 0) return UNBOUNDED;
  for (let i = 0; i < count; i++) {
    // Insertion sort, ascending: the groups have 3 to 7 voters.
    const index = acked.ackedIndex(voters[i] as number) ?? 0;
    let slot = i;
    while (slot > 0 && (scratch[slot - 1] as number) > index) {
      scratch[slot] = scratch[slot - 1] as number;
      slot--;
    }
    scratch[slot] = index;
  }
  return scratch[count - quorumSize(count)] as number;
}

/** The result among `voters` for the answers so far; ids that are not voters do not count. */
export function majorityVoteResult(
  voters: readonly number[],
  votes: ReadonlyMap<number, boolean>,
): VoteResult {
  if (voters.length === 0) return VoteResult.Won;
  let granted = 0;
  let missing = 0;
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === undefined) missing++;
    else if (vote) granted++;
  }
  const needed = quorumSize(voters.length);
  if (granted >= needed) return VoteResult.Won;
  return granted + missing >= needed ? VoteResult.Pending : VoteResult.Lost;
}
