import { describe, expect, test } from "bun:test";
import { jointCommittedIndex, jointVoteResult, VoteResult } from "../../../src/raft/core/quorum/index.ts";
import {
  majorityCommittedIndex,
  majorityVoteResult,
  quorumSize,
} from "../../../src/raft/core/quorum/majority.ts";
import { UNBOUNDED } from "../../../src/raft/core/quorum/types.ts";
import { SeededRandom, seeds } from "../support/random.ts";

/** The definition, by trying every index: the largest that more than half have reached. */
function slowCommitted(voters: readonly number[], acked: ReadonlyMap<number, number>): number {
  if (voters.length === 0) return UNBOUNDED;
  let best = 0;
  for (const candidate of acked.values()) {
    const reached = voters.filter((id) => (acked.get(id) ?? 0) >= candidate).length;
    if (reached * 2 > voters.length && candidate > best) best = candidate;
  }
  return best;
}

function slowVote(voters: readonly number[], votes: ReadonlyMap<number, boolean>): VoteResult {
  // Every way in which the missing votes can fall.
  const missing = voters.filter((id) => !votes.has(id));
  const outcomes = new Set<boolean>();
  for (let mask = 0; mask < 1 << missing.length; mask++) {
    const granted = voters.filter(
      (id) => votes.get(id) === true || (missing.includes(id) && (mask >> missing.indexOf(id)) % 2 === 1),
    ).length;
    outcomes.add(voters.length === 0 || granted * 2 > voters.length);
  }
  if (outcomes.size === 2) return VoteResult.Pending;
  return outcomes.has(true) ? VoteResult.Won : VoteResult.Lost;
}

function randomVoters(random: SeededRandom, most: number): readonly number[] {
  const ids = new Set<number>();
  for (let i = random.nextInt(most + 1); i > 0; i--) ids.add(1 + random.nextInt(9));
  return [...ids].sort((a, b) => a - b);
}

describe("quorum arithmetic", () => {
  test("sizes", () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(quorumSize)).toEqual([1, 2, 2, 3, 3, 4, 4]);
  });

  for (const seed of seeds(3)) {
    test(`committed index and votes equal their definitions, seed ${seed}`, () => {
      const random = new SeededRandom(seed);
      for (let i = 0; i < 3000; i++) {
        const voters = { incoming: randomVoters(random, 7), outgoing: randomVoters(random, 5) };
        const acked = new Map<number, number>();
        const votes = new Map<number, boolean>();
        for (let id = 1; id <= 9; id++) {
          if (random.chance(80)) acked.set(id, random.nextInt(6));
          if (random.chance(60)) votes.set(id, random.chance(50));
        }
        const source = { ackedIndex: (id: number) => acked.get(id) };
        const slow = [voters.incoming, voters.outgoing].map((half) => slowCommitted(half, acked));
        expect(majorityCommittedIndex(voters.incoming, source)).toBe(slow[0] as number);
        expect(jointCommittedIndex(voters, source)).toBe(Math.min(...slow));

        const slowVotes = [voters.incoming, voters.outgoing].map((half) => slowVote(half, votes));
        expect(majorityVoteResult(voters.incoming, votes)).toBe(slowVotes[0] as VoteResult);
        const joint = jointVoteResult(voters, votes);
        const [first, second] = slowVotes;
        if (slowVotes.includes(VoteResult.Lost)) expect(joint).toBe(VoteResult.Lost);
        else
          expect(joint).toBe(
            first === VoteResult.Won && second === VoteResult.Won ? first : VoteResult.Pending,
          );
      }
    });
  }
});
