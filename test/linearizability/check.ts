/**
 * Linearizability of a whole history. Keys are independent, so each is checked alone (a list counts as a read of every key
 * that it covers); then every two keys that one list covers are checked together, which is where a list shows that it
 * mixes two moments. What takes three keys to see is not found: a projection of a linearizable history is linearizable,
 * not the other way round.
 */
import type { Call } from "./history.ts";
import { covers, type KeyState, type Step, stepOf, VersionBook } from "./model.ts";
import { report } from "./report.ts";
import { type Failure, Search, SearchLimitError, type SearchLimits } from "./search.ts";

export interface CheckOptions {
  /** State of keys before the history began; keys that are not named did not exist. */
  readonly initial?: ReadonlyMap<string, { readonly value: string; readonly version?: string }>;
  readonly limits?: Partial<SearchLimits>;
}

/** Each limit is far above what a history of some ten clients needs; memory stays below about 100 MB. */
const LIMITS: SearchLimits = { configurations: 10_000, steps: 3_000_000 };

export interface CheckSummary {
  readonly calls: number;
  readonly keys: number;
  readonly pairs: number;
  /** Keys, or two keys joined by " + ", whose search ran into its limits: nothing is known about them. */
  readonly undecided: readonly string[];
}

/** The history is not linearizable. The message is the report. */
export class NotLinearizableError extends Error {
  readonly code = "NOT_LINEARIZABLE";
  readonly culprit: Call;
  readonly keys: readonly string[];
  constructor(culprit: Call, keys: readonly string[], message: string) {
    super(message);
    this.name = "NotLinearizableError";
    this.culprit = culprit;
    this.keys = keys;
  }
}

/** @throws NotLinearizableError for the first key, or two keys, that no order explains. */
export function checkLinearizable(calls: readonly Call[], options: CheckOptions = {}): CheckSummary {
  const keys = keysOf(calls, options);
  const versions = new VersionBook(calls);
  const limits = { ...LIMITS, ...options.limits };
  const undecided: string[] = [];
  checkListings(calls);
  const check = (group: readonly string[]): void => {
    const steps = stepsOf(calls, group, versions);
    try {
      const initial = group.map((key): KeyState => initialState(options, key));
      const search = (chosen: readonly Step[]) => new Search(group, chosen, initial, limits).run();
      const failure = search(steps);
      if (failure !== undefined) throw violation(group, steps, failure, search, calls);
    } catch (error) {
      if (!(error instanceof SearchLimitError)) throw error;
      undecided.push(group.join(" + "));
    }
  };
  for (const key of keys) check([key]);
  const pairs = pairsOf(calls, keys);
  for (const pair of pairs) check(pair);
  return { calls: calls.length, keys: keys.length, pairs: pairs.length, undecided };
}

function initialState(options: CheckOptions, key: string): KeyState {
  const given = options.initial?.get(key);
  return given === undefined ? undefined : { value: given.value, version: given.version };
}

function stepsOf(calls: readonly Call[], keys: readonly string[], versions: VersionBook): Step[] {
  const steps: Step[] = [];
  for (const call of calls) {
    const step = stepOf(call, keys, versions);
    if (step !== undefined) steps.push(step);
  }
  return steps;
}

function keysOf(calls: readonly Call[], options: CheckOptions): string[] {
  const keys = new Set<string>(options.initial?.keys());
  for (const { operation, outcome } of calls) {
    if (operation.kind !== "list") keys.add(operation.key);
    if (outcome.kind === "listed") for (const key of outcome.entries.keys()) keys.add(key);
  }
  return [...keys].sort();
}

/** Pairs of keys that some answered list covers both of. */
function pairsOf(calls: readonly Call[], keys: readonly string[]): [string, string][] {
  const pairs = new Map<string, [string, string]>();
  const ranges = new Set<string>();
  for (const { operation, outcome } of calls) {
    if (operation.kind !== "list" || outcome.kind !== "listed") continue;
    const range = JSON.stringify([operation.prefix, operation.after, operation.through]);
    if (ranges.has(range)) continue;
    ranges.add(range);
    const covered = keys.filter((key) => covers(operation, key));
    for (const [i, first] of covered.entries()) {
      for (const second of covered.slice(i + 1)) pairs.set(JSON.stringify([first, second]), [first, second]);
    }
  }
  return [...pairs.values()];
}

/** A list must not show what it was not asked for: no search is needed for that. */
function checkListings(calls: readonly Call[]): void {
  for (const call of calls) {
    const { operation, outcome } = call;
    if (operation.kind !== "list" || outcome.kind !== "listed") continue;
    for (const key of outcome.entries.keys()) {
      if (covers(operation, key)) continue;
      throw new NotLinearizableError(
        call,
        [key],
        `the list of "${operation.prefix}" by ${call.client} shows "${key}", outside of its range`,
      );
    }
  }
}

function violation(
  keys: readonly string[],
  steps: readonly Step[],
  failure: Failure,
  search: (steps: readonly Step[]) => Failure | undefined,
  calls: readonly Call[],
): NotLinearizableError {
  const smallest = shrink(steps, failure, search);
  return new NotLinearizableError(
    smallest.failure.culprit,
    keys,
    report(keys, smallest.steps, smallest.failure, calls),
  );
}

/** Leaves out looks, one after the other, as long as what remains is still not linearizable (a history without a look
 *  asks for less, so it is as good a proof). Changes cannot be left out: others may have seen them. */
function shrink(
  steps: readonly Step[],
  failure: Failure,
  search: (steps: readonly Step[]) => Failure | undefined,
): { steps: readonly Step[]; failure: Failure } {
  // What happened after the response that nothing explains plays no part.
  let kept = steps.filter(({ call }) => call.invokedAt < failure.culprit.returnedAt);
  let smallest = failure;
  const looks = kept.filter(({ kind, call }) => kind === "look" && call.returnedAt > failure.settledAt);
  for (const look of looks.slice(-MOST_SHRINKS)) {
    if (look.call === smallest.culprit) continue;
    const fewer = kept.filter((step) => step !== look);
    try {
      const still = search(fewer);
      if (still === undefined) continue;
      kept = fewer;
      smallest = still;
    } catch (error) {
      if (!(error instanceof SearchLimitError)) throw error;
    }
  }
  return { steps: kept, failure: smallest };
}

const MOST_SHRINKS = 100;
