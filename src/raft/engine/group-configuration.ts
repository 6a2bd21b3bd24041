/**
 * The voters and learners of one Raft group, as a function of the group's log (docs/engine.md, "Who is who"). Names
 * and addresses of nodes belong to the node registry of the cluster (cluster/registry).
 */
import {
  type ConfChange,
  type ConfState,
  EMPTY_CONF_STATE,
  type Entry,
  EntryType,
  nextConfState,
} from "../core/index.ts";

export interface GroupConfiguration {
  /**
   * Index of the entry that made this configuration. An operator's change names the index as its guard. 1 = the
   * bootstrap.
   */
  readonly index: number;
  readonly confState: ConfState;
}

/** Position of the bootstrap. The state at this position is the initial configuration on every initial member. */
export const BOOTSTRAP_POSITION = Object.freeze({ index: 1, term: 1 });

/** The configuration of a joining node that knows no member yet. */
export const NO_CONFIGURATION: GroupConfiguration = Object.freeze({ index: 0, confState: EMPTY_CONF_STATE });

/** The entry changes the configuration, or the registry's record of a node. */
export function isMembershipEntry(entry: Entry): boolean {
  return entry.type !== EntryType.Normal;
}

/** The configuration after the entry at `index`. @throws ConfChangeError: the change is impossible */
export function nextConfiguration(
  before: GroupConfiguration,
  index: number,
  change: ConfChange,
): GroupConfiguration {
  return { index, confState: nextConfState(before.confState, change) };
}

/**
 * The reason why a change that was decided on the configuration at `guardIndex` (0 = any) is not allowed now, or
 * null.
 */
export function staleGuard(configuration: GroupConfiguration, guardIndex: number): string | null {
  if (guardIndex === 0 || guardIndex === configuration.index) return null;
  return `decided on configuration ${guardIndex}, in force is ${configuration.index}`;
}

/** Every id that a configuration names. */
export function membersOf(confState: ConfState): ReadonlySet<number> {
  return new Set([
    ...confState.voters,
    ...confState.votersOutgoing,
    ...confState.learners,
    ...confState.learnersNext,
  ]);
}

/** Voters of either half, each once. */
export function votersOf({ confState }: GroupConfiguration): readonly number[] {
  return [...new Set([...confState.voters, ...confState.votersOutgoing])];
}

export function isJoint({ confState }: GroupConfiguration): boolean {
  return confState.votersOutgoing.length > 0;
}

/** Checks that the core and the log have the same configuration. @throws Error naming both */
export function checkSame(where: string, core: ConfState, log: ConfState): void {
  if (sameConfState(core, log)) return;
  throw new Error(`${where} brought the configuration ${shown(log)}, the core has ${shown(core)}`);
}

function sameConfState(a: ConfState, b: ConfState): boolean {
  return (
    sameIds(a.voters, b.voters) &&
    sameIds(a.votersOutgoing, b.votersOutgoing) &&
    sameIds(a.learners, b.learners) &&
    sameIds(a.learnersNext, b.learnersNext) &&
    a.autoLeave === b.autoLeave
  );
}

/** Compares ids in any order. */
function sameIds(a: readonly number[], b: readonly number[]): boolean {
  const ids = new Set(a);
  return ids.size === new Set(b).size && b.every((id) => ids.has(id));
}

function shown({ voters, votersOutgoing, learners, learnersNext, autoLeave }: ConfState): string {
  const half = [voters, votersOutgoing, learners, learnersNext].map((ids) => `(${ids.join(" ")})`).join(" ");
  return autoLeave ? `${half} auto-leave` : half;
}
