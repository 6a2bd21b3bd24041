/** Histories of a store that is correct, or has one fault, made from a seed: many clients at once, each with one request under way. */
import type { Random } from "../process/lib/random.ts";
import {
  type Call,
  HistoryRecorder,
  type OpenCall,
  type Operation,
  type Result,
  type Sight,
} from "./index.ts";
import { covers } from "./model.ts";

export type Fault =
  | "stale-read"
  | "lost-write"
  | "late-again"
  | "condition-ignored"
  | "refused-but-done"
  | "list-misses"
  | "list-of-two-moments";

export interface HistoryOptions {
  readonly calls: number;
  readonly clients: number;
  readonly keys: number;
  /** Share of changes whose answer is lost. */
  readonly unknown: number;
  readonly lists: boolean;
  readonly fault?: Fault;
  /** In which share of the calls that could, the fault is committed. */
  readonly faultRate?: number;
}

const DEFAULT_FAULT_RATE = 0.05;

interface UnderWay {
  readonly client: string;
  readonly operation: Operation;
  readonly open: OpenCall;
  result: Result | undefined;
}

/** `faults`: how often the fault was committed; that alone does not make the history a bad one. */
export function makeHistory(
  random: Random,
  options: HistoryOptions,
): { readonly calls: readonly Call[]; readonly faults: number } {
  let ms = 0;
  const recorder = new HistoryRecorder(() => ms++);
  const store = new Map<string, { value: string; version: string }>();
  let previous = new Map(store);
  const underWay: UnderWay[] = [];
  const lateEffects: Operation[] = [];
  const known: string[] = ["none"];
  let made = 0;
  let versions = 0;
  let faults = 0;
  const fault = (kind: Fault): boolean => {
    const commits = options.fault === kind && random.chance(options.faultRate ?? DEFAULT_FAULT_RATE);
    if (commits) faults++;
    return commits;
  };
  const sightOf = (entry: { value: string; version: string }): Sight =>
    random.chance(0.5) ? { value: entry.value } : { ...entry };

  const takeEffect = (operation: Operation): Result => {
    if (operation.kind === "list") {
      const source = fault("list-of-two-moments") ? mix(store, previous, random) : new Map(store);
      const entries = new Map<string, Sight>();
      for (const [key, entry] of source) if (covers(operation, key)) entries.set(key, sightOf(entry));
      const [first] = entries.keys();
      if (first !== undefined && fault("list-misses")) entries.delete(first);
      return { kind: "listed", entries };
    }
    const now = store.get(operation.key);
    if (operation.kind === "read") {
      const entry = fault("stale-read") ? previous.get(operation.key) : now;
      return entry === undefined ? { kind: "absent" } : { kind: "found", sight: sightOf(entry) };
    }
    const holds =
      operation.kind === "create"
        ? now === undefined
        : !("expected" in operation) ||
          operation.expected === undefined ||
          operation.expected === now?.version;
    if (!holds && !fault("condition-ignored")) return { kind: "condition-failed" };
    if (fault("lost-write")) return { kind: "done" };
    previous = new Map(store);
    if (operation.kind === "delete") {
      store.delete(operation.key);
      return { kind: "done" };
    }
    const version = `e${++versions}`;
    store.set(operation.key, { value: operation.value, version });
    known.push(version);
    return { kind: "done", version };
  };

  for (; made < options.calls || underWay.length > 0; ) {
    const late = lateEffects.length > 0 && random.chance(0.1) ? lateEffects.shift() : undefined;
    if (late !== undefined) takeEffect(late);
    if (made < options.calls && underWay.length < options.clients && random.chance(0.5)) {
      const operation = choose(random, options, made++, known);
      const client = `c${made % options.clients}`;
      underWay.push({ client, operation, open: recorder.invoke(client, operation), result: undefined });
      continue;
    }
    const at = random.between(0, Math.max(0, underWay.length - 1));
    const call = underWay[at];
    if (call === undefined) continue;
    const changes = call.operation.kind !== "read" && call.operation.kind !== "list";
    if (call.result === undefined) {
      if (changes && random.chance(options.unknown)) {
        // It happens before the answer is lost, later, or never.
        const when = random.between(0, 2);
        if (when === 0) takeEffect(call.operation);
        if (when === 1) lateEffects.push(call.operation);
        call.open.unknown();
        underWay.splice(at, 1);
        continue;
      }
      if (changes && fault("refused-but-done")) {
        takeEffect(call.operation);
        call.open.refused();
        underWay.splice(at, 1);
        continue;
      }
      call.result = takeEffect(call.operation);
      if (changes && fault("late-again")) lateEffects.push(call.operation);
    } else {
      call.open.ok(call.result);
      underWay.splice(at, 1);
    }
  }
  return { calls: recorder.calls(), faults };
}

function choose(
  random: Random,
  options: HistoryOptions,
  number: number,
  known: readonly string[],
): Operation {
  const key = `k${random.between(0, options.keys - 1)}`;
  const value = `v${number}`;
  const kind = random.weighted([
    ["read", 6],
    ["write", 3],
    ["create", 2],
    ["cas", 3],
    ["delete", 2],
    ["delete-if", 1],
    ["list", options.lists ? 3 : 0],
  ] as const);
  const expected = known[Math.max(0, known.length - random.between(1, 4))] ?? "none";
  switch (kind) {
    case "read":
      return { kind, key };
    case "write":
      return { kind, key, value };
    case "create":
      return { kind, key, value };
    case "cas":
      return { kind, key, expected, value };
    case "delete":
      return { kind, key };
    case "delete-if":
      return { kind: "delete", key, expected };
    case "list":
      return random.chance(0.3) ? { kind, prefix: "k", after: "k0" } : { kind, prefix: "k" };
  }
}

function mix<T>(now: ReadonlyMap<string, T>, before: ReadonlyMap<string, T>, random: Random): Map<string, T> {
  const mixed = new Map<string, T>();
  for (const key of new Set([...now.keys(), ...before.keys()])) {
    const entry = (random.chance(0.5) ? now : before).get(key);
    if (entry !== undefined) mixed.set(key, entry);
  }
  return mixed;
}
