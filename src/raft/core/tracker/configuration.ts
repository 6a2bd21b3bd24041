import type { JointVoters } from "../quorum/index.ts";
import type { ConfState } from "../types.ts";

/**
 * The members of the group and their roles. The value is never changed in place; every list ascends.
 *
 * `learnersNext` are voters of the outgoing half that become learners when the joint configuration is left. A node
 * cannot be both at once, because the vote of a learner would not count where the old majority needs it.
 */
export interface Configuration {
  readonly voters: JointVoters;
  readonly learners: readonly number[];
  readonly learnersNext: readonly number[];
  /** The leader leaves the joint configuration by itself as soon as the configuration is applied. */
  readonly autoLeave: boolean;
}

export const EMPTY_CONFIGURATION: Configuration = Object.freeze({
  voters: Object.freeze({ incoming: Object.freeze([]), outgoing: Object.freeze([]) }),
  learners: Object.freeze([]),
  learnersNext: Object.freeze([]),
  autoLeave: false,
});

export function isJoint(configuration: Configuration): boolean {
  return configuration.voters.outgoing.length > 0;
}

/** The configuration as it is stored in snapshots. */
export function confStateOf(configuration: Configuration): ConfState {
  return {
    voters: configuration.voters.incoming,
    votersOutgoing: configuration.voters.outgoing,
    learners: configuration.learners,
    learnersNext: configuration.learnersNext,
    autoLeave: configuration.autoLeave,
  };
}

/** `ids` and `id`, ascending. */
export function withId(ids: readonly number[], id: number): readonly number[] {
  if (ids.includes(id)) return ids;
  return [...ids, id].sort((a, b) => a - b);
}

/** `ids` without `id`. */
export function withoutId(ids: readonly number[], id: number): readonly number[] {
  return ids.includes(id) ? ids.filter((other) => other !== id) : ids;
}
