import { asV2, type ConfChange, entersJoint, isLeaveJoint } from "../conf-change.ts";
import { confStateOf, ProgressTracker } from "../tracker/index.ts";
import type { ConfState } from "../types.ts";
import { type ChangedConfiguration, Changer } from "./changer.ts";
import { restoreConfiguration } from "./restore.ts";

/** The configuration of `tracker` after the change. Throws ConfChangeError when the change is not possible. */
export function changeConfiguration(
  tracker: ProgressTracker,
  lastIndex: number,
  change: ConfChange,
): ChangedConfiguration {
  const v2 = asV2(change);
  const changer = new Changer(tracker, lastIndex);
  if (isLeaveJoint(v2)) return changer.leaveJoint();
  const { joint, autoLeave } = entersJoint(v2);
  return joint ? changer.enterJoint(autoLeave, v2.changes) : changer.simple(v2.changes);
}

/**
 * The configuration after `change` is applied to `confState`: every core that applies the change gets this
 * configuration. Throws ConfChangeError when the change is not possible.
 */
export function nextConfState(confState: ConfState, change: ConfChange): ConfState {
  const tracker = new ProgressTracker(1, Number.MAX_SAFE_INTEGER);
  restoreConfiguration(tracker, confState, 1);
  return confStateOf(changeConfiguration(tracker, 1, change).configuration);
}
