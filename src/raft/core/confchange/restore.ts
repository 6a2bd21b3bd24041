import { type ConfChangeSingle, ConfChangeType } from "../conf-change.ts";
import { violated } from "../invariant.ts";
import { confStateOf, type ProgressTracker } from "../tracker/index.ts";
import type { ConfState } from "../types.ts";
import { Changer } from "./changer.ts";

/**
 * Installs the configuration `confState` into an empty tracker by a sequence of changes: first the outgoing voters
 * one by one, then (for a joint configuration) one step that adds the incoming half. Throws InvariantViolation when
 * the result differs from `confState`, which was then no valid configuration.
 */
export function restoreConfiguration(
  tracker: ProgressTracker,
  confState: ConfState,
  lastIndex: number,
): void {
  const add = (id: number): ConfChangeSingle => ({ type: ConfChangeType.AddNode, nodeId: id });
  const incoming: ConfChangeSingle[] = [
    ...confState.votersOutgoing.map((id) => ({ type: ConfChangeType.RemoveNode, nodeId: id })),
    ...confState.voters.map(add),
    ...confState.learners.map((id) => ({ type: ConfChangeType.AddLearnerNode, nodeId: id })),
    ...confState.learnersNext.map((id) => ({ type: ConfChangeType.AddLearnerNode, nodeId: id })),
  ];
  const oneByOne = confState.votersOutgoing.length === 0 ? incoming : confState.votersOutgoing.map(add);
  for (const change of oneByOne) {
    const { configuration, progress } = new Changer(tracker, lastIndex).simple([change]);
    tracker.install(configuration, progress);
  }
  if (confState.votersOutgoing.length > 0) {
    const changer = new Changer(tracker, lastIndex);
    const { configuration, progress } = changer.enterJoint(confState.autoLeave, incoming);
    tracker.install(configuration, progress);
  }
  const restored = JSON.stringify(canonical(confStateOf(tracker.configuration)));
  const wanted = JSON.stringify(canonical(confState));
  if (restored !== wanted) violated("configuration cannot be restored", { wanted, restored });
}

function canonical(confState: ConfState): ConfState {
  const sorted = (ids: readonly number[]): readonly number[] => [...ids].sort((a, b) => a - b);
  return {
    voters: sorted(confState.voters),
    votersOutgoing: sorted(confState.votersOutgoing),
    learners: sorted(confState.learners),
    learnersNext: sorted(confState.learnersNext),
    autoLeave: confState.autoLeave,
  };
}
