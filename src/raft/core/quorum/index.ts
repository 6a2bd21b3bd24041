export { isJointVoter, type JointVoters, jointCommittedIndex, jointIds, jointVoteResult } from "./joint.ts";
export { majorityCommittedIndex, majorityVoteResult, quorumSize } from "./majority.ts";
export { type AckedIndexes, UNBOUNDED, VoteResult } from "./types.ts";
