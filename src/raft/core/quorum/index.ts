export { isJointVoter, type JointVoters, jointCommittedIndex, jointIds, jointVoteResult } from "./joint.ts";
export { type AckedIndexes, VoteResult } from "./types.ts";
