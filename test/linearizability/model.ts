/** The sequential store that a history is held against: a map from key to value and version. */
import type { Call, Operation, Outcome, Sight } from "./history.ts";

/** The state of one key; undefined: it does not exist. `version` undefined: the store never told it. */
interface Present {
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

/** The value of every write of unknown outcome that no answer ever mentions: which of them it was cannot be told. */
const ANONYMOUS = "(a write of unknown outcome that nobody saw)";

/** What a call means for those of `keys` that it concerns; undefined: nothing. */
export function stepOf(call: Call, keys: readonly string[], book: VersionBook): Step | undefined {
  const { operation, outcome } = call;
  if (outcome.kind === "refused") return undefined;
  if (operation.kind === "list") {
    if (outcome.kind !== "listed") return undefined;
    const accepts = new Map<string, (state: KeyState) => boolean>();
    for (const key of keys) {
      if (!covers(operation, key)) continue;
      const sight = outcome.entries.get(key);
      accepts.set(key, (state) => matches(key, state, sight, book));
    }
    return accepts.size === 0 ? undefined : { kind: "look", call, accepts };
  }
  const { key } = operation;
  if (!keys.includes(key)) return undefined;
  const look = (accepts: (state: KeyState) => boolean): Look => {
    return { kind: "look", call, accepts: new Map([[key, accepts]]) };
  };
  if (operation.kind === "read") {
    if (outcome.kind !== "found" && outcome.kind !== "absent") return undefined;
    const sight = outcome.kind === "found" ? outcome.sight : undefined;
    return look((state) => matches(key, state, sight, book));
  }
  const holds = conditionOf(operation, book);
  if (outcome.kind === "condition-failed") return look((state) => holds(state) !== true);
  const expected = "expected" in operation ? operation.expected : undefined;
  const next = nextState(call, operation, book);
  return {
    kind: "change",
    call,
    key,
    conditional: operation.kind === "create" || expected !== undefined,
    allows: (state) => holds(state) !== false,
    next,
    signature: JSON.stringify([operation.kind === "create", key, expected, next?.value, next?.version]),
  };
}

function nextState(call: Call, operation: KeyedOperation, book: VersionBook): KeyState {
  if (!("value" in operation)) return undefined;
  const version = book.versionOf(call);
  const unknown = call.outcome.kind === "unknown";
  if (!unknown || book.isMentioned(operation.key, operation.value, version)) {
    return { value: operation.value, version };
  }
  return { value: ANONYMOUS, version: version === undefined ? undefined : ANONYMOUS };
}

function matches(key: string, state: KeyState, sight: Sight | undefined, book: VersionBook): boolean {
  if (state === undefined || sight === undefined) return state === sight;
  if (sight.value !== undefined && sight.value !== state.value) return false;
  return sight.version === undefined || hasVersion(key, state, sight.version, book) !== false;
}

function hasVersion(key: string, state: Present, version: string, book: VersionBook): Tri {
  if (state.version !== undefined) return state.version === version;
  const owner = book.ownerOf(key, version);
  return owner === undefined || owner === state.value ? undefined : false;
}

type KeyedOperation = Exclude<Operation, { kind: "list" | "read" }>;

function conditionOf(operation: KeyedOperation, book: VersionBook): (state: KeyState) => Tri {
  if (operation.kind === "create") return (state) => state === undefined;
  const expected = "expected" in operation ? operation.expected : undefined;
  if (expected === undefined) return () => true;
  return (state) => state !== undefined && hasVersion(operation.key, state, expected, book);
}

export function covers(list: { prefix: string; after?: string; through?: string }, key: string): boolean {
  if (!key.startsWith(list.prefix)) return false;
  if (list.after !== undefined && key <= list.after) return false;
  return list.through === undefined || key <= list.through;
}

/**
 * Which value goes with which version, and what was ever mentioned, as far as the whole history tells. Two different values
 * of a key never have the same version. When no other call writes that value to that key, whoever saw the value saw the version
 * of a write whose own answer was lost.
 */
export class VersionBook {
  readonly #versions = new Map<string, string>();
  readonly #owners = new Map<string, string>();
  readonly #writers = new Map<string, number>();
  readonly #mentioned = new Set<string>();

  constructor(calls: readonly Call[]) {
    for (const { operation, outcome } of calls) {
      if (outcome.kind === "listed") for (const [key, sight] of outcome.entries) this.#see(key, sight);
      if (operation.kind === "list") continue;
      if (outcome.kind === "found") this.#see(operation.key, outcome.sight);
      if ("expected" in operation && operation.expected !== undefined) {
        this.#mentioned.add(nameOf(operation.key, "version", operation.expected));
      }
      if (!("value" in operation)) continue;
      const name = nameOf(operation.key, "value", operation.value);
      this.#writers.set(name, (this.#writers.get(name) ?? 0) + 1);
      const version = toldVersion(operation, outcome);
      if (version !== undefined) this.#owners.set(nameOf(operation.key, "version", version), operation.value);
    }
  }

  versionOf({ operation, outcome }: Call): string | undefined {
    if (!("value" in operation)) return undefined;
    const name = nameOf(operation.key, "value", operation.value);
    const seen = this.#writers.get(name) === 1 ? this.#versions.get(name) : undefined;
    return toldVersion(operation, outcome) ?? seen;
  }

  /** The value that the version stands for, as far as anybody told. */
  ownerOf(key: string, version: string): string | undefined {
    return this.#owners.get(nameOf(key, "version", version));
  }

  /** Whether any answer showed the value or the version, or any request asked for the version. */
  isMentioned(key: string, value: string, version: string | undefined): boolean {
    if (this.#mentioned.has(nameOf(key, "value", value))) return true;
    return version !== undefined && this.#mentioned.has(nameOf(key, "version", version));
  }

  #see(key: string, { value, version }: Sight): void {
    if (value !== undefined) this.#mentioned.add(nameOf(key, "value", value));
    if (version !== undefined) this.#mentioned.add(nameOf(key, "version", version));
    if (value === undefined || version === undefined) return;
    const name = nameOf(key, "value", value);
    if (!this.#versions.has(name)) this.#versions.set(name, version);
    // What the store told the writer counts for more than what a reader saw.
    const owned = nameOf(key, "version", version);
    if (!this.#owners.has(owned)) this.#owners.set(owned, value);
  }
}

function toldVersion(
  operation: { readonly value: string; readonly version?: string },
  outcome: Outcome,
): string | undefined {
  return outcome.kind === "done" && outcome.version !== undefined ? outcome.version : operation.version;
}

function nameOf(key: string, kind: "value" | "version", text: string): string {
  return JSON.stringify([key, kind, text]);
}
