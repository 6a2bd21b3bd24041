import { violated } from "../invariant.ts";
import { isJointVoter } from "../quorum/index.ts";
import { type Configuration, isJoint, type ProgressMap } from "../tracker/index.ts";

/**
 * The invariants of a configuration, checked before and after every change: every member is tracked; no member is
 * both voter and learner; every future learner is still an outgoing voter; without an outgoing half there is no
 * future learner and no auto-leave. Throws InvariantViolation.
 */
export function checkConfiguration(configuration: Configuration, progress: ProgressMap): void {
  const { voters, learners, learnersNext } = configuration;
  for (const ids of [voters.incoming, voters.outgoing, learners, learnersNext]) {
    for (const id of ids) {
      if (!progress.has(id)) violated("member without progress", { id });
    }
  }
  for (const id of learnersNext) {
    if (!voters.outgoing.includes(id)) violated("future learner is not an outgoing voter", { id });
    if (progress.get(id)?.isLearner === true) violated("future learner is a learner already", { id });
  }
  for (const id of learners) {
    if (isJointVoter(voters, id)) violated("member is both voter and learner", { id });
    if (progress.get(id)?.isLearner !== true) violated("learner is tracked as a voter", { id });
  }
  if (!isJoint(configuration)) {
    if (learnersNext.length > 0)
      violated("future learners outside a joint configuration", { id: learnersNext[0] ?? 0 });
    if (configuration.autoLeave) violated("auto-leave outside a joint configuration");
  }
}
