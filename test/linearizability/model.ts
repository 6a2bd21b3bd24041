/** The sequential store that a history is held against: a map from key to value and version. */
import type { Call, Sight } from "./history.ts";

/** The state of one key; undefined: it does not exist. `version` undefined: the store never told it. */
export interface Present {
  readonly value: string;
  readonly version: string | undefined;
}
export type KeyState = Present | undefined;

/** Whether something is so: undefined when it hangs on a version that nobody ever told. */
type Tri = boolean | undefined;

/** Changes one key, when its condition holds. */
export interface Change {
  readonly kind: "change";
  readonly call: Call;
  readonly key: string;
  /** It has a condition: that it takes effect tells something about the state before. */
  readonly conditional: boolean;
  readonly allows: (state: KeyState) => boolean;
  readonly next: KeyState;
  /** Changes of one signature do the same: which of them it was cannot be told. */
  readonly signature: string;
}

/** Looks at one key or several at one moment and changes nothing. */
export interface Look {
  readonly kind: "look";
  readonly call: Call;
  readonly accepts: ReadonlyMap<string, (state: KeyState) => boolean>;
}

export type Step = Change | Look;

export function matches(state: KeyState, sight: Sight | undefined): boolean {
  if (state === undefined || sight === undefined) return state === sight;
  if (sight.value !== undefined && sight.value !== state.value) return false;
  return sight.version === undefined || state.version === undefined || sight.version === state.version;
}

/** What a call means for those of `keys` that it concerns; undefined: nothing. */
export function stepOf(call: Call, keys: readonly string[], versions: VersionBook): Step | undefined {
  const { operation, outcome } = call;
  if (outcome.kind === "refused") return undefined;
  if (operation.kind === "list") {
    if (outcome.kind !== "listed") return undefined;
    const accepts = new Map<string, (state: KeyState) => boolean>();
    for (const key of keys) {
      if (!covers(operation, key)) continue;
      const sight = outcome.entries.get(key);
      accepts.set(key, (state) => matches(state, sight));
    }
    return accepts.size === 0 ? undefined : { kind: "look", call, accepts };
  }
  if (!keys.includes(operation.key)) return undefined;
  if (operation.kind === "read") {
    if (outcome.kind !== "found" && outcome.kind !== "absent") return undefined;
    const sight = outcome.kind === "found" ? outcome.sight : undefined;
    return { kind: "look", call, accepts: new Map([[operation.key, (state) => matches(state, sight)]]) };
  }
  const holds = conditionOf(call);
  if (outcome.kind === "condition-failed") {
    return { kind: "look", call, accepts: new Map([[operation.key, (state) => holds(state) !== true]]) };
  }
  const expected = "expected" in operation ? operation.expected : undefined;
  const next =
    operation.kind === "delete"
      ? undefined
      : { value: operation.value, version: versions.versionOf(call, operation.key, operation.value) };
  return {
    kind: "change",
    call,
    key: operation.key,
    conditional: operation.kind === "create" || expected !== undefined,
    allows: (state) => holds(state) !== false,
    next,
    signature: JSON.stringify([
      operation.kind === "create",
      operation.key,
      expected,
      next?.value,
      next?.version,
    ]),
  };
}

function conditionOf({ operation }: Call): (state: KeyState) => Tri {
  if (operation.kind === "create") return (state) => state === undefined;
  const expected = "expected" in operation ? operation.expected : undefined;
  if (expected === undefined) return () => true;
  return (state) => {
    if (state === undefined) return false;
    return state.version === undefined ? undefined : state.version === expected;
  };
}

export function covers(list: { prefix: string; after?: string; through?: string }, key: string): boolean {
  if (!key.startsWith(list.prefix)) return false;
  if (list.after !== undefined && key <= list.after) return false;
  return list.through === undefined || key <= list.through;
}

/**
 * The version of a write whose answer was lost can often be told: when no other call writes that value to that key,
 * whoever saw the value saw its version.
 */
export class VersionBook {
  readonly #seen = new Map<string, string>();
  readonly #writers = new Map<string, number>();

  constructor(calls: readonly Call[]) {
    const see = (key: string, sight: Sight): void => {
      if (sight.value === undefined || sight.version === undefined) return;
      const name = nameOf(key, sight.value);
      if (!this.#seen.has(name)) this.#seen.set(name, sight.version);
    };
    for (const { operation, outcome } of calls) {
      if (outcome.kind === "listed") for (const [key, sight] of outcome.entries) see(key, sight);
      if (outcome.kind === "found" && operation.kind === "read") see(operation.key, outcome.sight);
      if ("value" in operation) {
        const name = nameOf(operation.key, operation.value);
        this.#writers.set(name, (this.#writers.get(name) ?? 0) + 1);
      }
    }
  }

  versionOf(call: Call, key: string, value: string): string | undefined {
    const { operation, outcome } = call;
    if (outcome.kind === "done" && outcome.version !== undefined) return outcome.version;
    if ("version" in operation && operation.version !== undefined) return operation.version;
    const name = nameOf(key, value);
    return this.#writers.get(name) === 1 ? this.#seen.get(name) : undefined;
  }
}

function nameOf(key: string, value: string): string {
  return JSON.stringify([key, value]);
}
