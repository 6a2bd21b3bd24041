/** A violation in words: what cannot be, what was possible, and the calls that matter, in the order of their invocation. */
import type { Call, Sight } from "./history.ts";
import type { KeyState, Step } from "./model.ts";
import type { Failure } from "./search.ts";

const MOST_LINES = 40;
const MOST_STATES = 6;

/** @param calls the whole history: a call that is no step (refused) may be where a value comes from all the same. */
export function report(
  keys: readonly string[],
  steps: readonly Step[],
  failure: Failure,
  calls: readonly Call[],
): string {
  const { culprit } = failure;
  const before = steps.filter(({ call }) => call.invokedAt < culprit.returnedAt).map(({ call }) => call);
  const window = before.filter((call) => call.returnedAt > failure.settledAt && isTold(call));
  const earlier = calls.filter((call) => !window.includes(call) && concerns(call, keys, failure));
  const pending = before.filter((call) => !isTold(call) && !earlier.includes(call));
  return [
    `not linearizable: ${keys.map((key) => `"${key}"`).join(" and ")}: no order explains the response of`,
    `  ${lineOf(culprit)}`,
    "possible just before it:",
    ...statesOf(keys, failure.possible),
    ...section("where these states, and what was seen, come from:", earlier),
    "before the calls below, with nothing under way:",
    ...statesOf(keys, failure.settled),
    ...section("the calls since then, up to that response:", window),
    ...section("earlier calls of unknown outcome, which may take effect at any time:", pending),
  ].join("\n");
}

function isTold(call: Call): boolean {
  return call.returnedAt !== Number.POSITIVE_INFINITY;
}

/** Wrote what was possible; or what the culprit saw, be it under another key. */
function concerns(call: Call, keys: readonly string[], failure: Failure): boolean {
  const { operation } = call;
  if (!("value" in operation)) return false;
  const { outcome } = failure.culprit;
  if (outcome.kind === "found" && wrote(call, outcome.sight)) return true;
  if (!keys.includes(operation.key)) return false;
  const sight = outcome.kind === "listed" ? outcome.entries.get(operation.key) : undefined;
  if (sight !== undefined && wrote(call, sight)) return true;
  return failure.possible.flat().some((state) => state?.value === operation.value);
}

function wrote(call: Call, { value, version }: Sight): boolean {
  const written = "value" in call.operation ? call.operation.value : undefined;
  return value === undefined ? version !== undefined && version === versionOf(call) : value === written;
}

function versionOf({ operation, outcome }: Call): string | undefined {
  if (outcome.kind === "done" && outcome.version !== undefined) return outcome.version;
  return "version" in operation ? operation.version : undefined;
}

function statesOf(keys: readonly string[], states: readonly (readonly KeyState[])[]): string[] {
  return keys.map((key, i) => {
    const all = states[i] ?? [];
    const shown = all.slice(0, MOST_STATES).map(nameOf).join(" or ");
    const rest = all.length > MOST_STATES ? ` or ${all.length - MOST_STATES} others` : "";
    return `  "${key}": ${shown}${rest}`;
  });
}

function section(title: string, calls: readonly Call[]): string[] {
  if (calls.length === 0) return [];
  const shown = calls.slice(-MOST_LINES).map((call) => `  ${lineOf(call)}`);
  const left = calls.length - shown.length;
  return [title, ...(left > 0 ? [`  (${left} before these)`] : []), ...shown];
}

function nameOf(state: KeyState): string {
  return state === undefined ? "nothing" : describe(state.value, state.version);
}

function describe(value: string | undefined, version: string | undefined): string {
  const parts = [
    value === undefined ? undefined : `"${value}"`,
    version === undefined ? undefined : `@${version}`,
  ];
  return parts.filter((part) => part !== undefined).join(" ") || "something";
}

/** `[12..15] 1034.0..1040.2 ms c3 read "k" -> "v7" @e7` */
function lineOf(call: Call): string {
  const { operation } = call;
  const told = isTold(call);
  const span = `[${call.invokedAt}..${told ? call.returnedAt : ""}]`;
  const times = `${call.invokedMs.toFixed(1)}..${told ? call.returnedMs.toFixed(1) : ""} ms`;
  let asked: string = operation.kind;
  if (operation.kind === "list") {
    const { prefix, after, through } = operation;
    asked += ` "${prefix}"${after === undefined ? "" : ` after "${after}"`}${through === undefined ? "" : ` through "${through}"`}`;
  } else {
    asked += ` "${operation.key}"`;
    if ("expected" in operation && operation.expected !== undefined) asked += ` if @${operation.expected}`;
    if ("value" in operation) asked += ` := ${describe(operation.value, operation.version)}`;
  }
  return `${span} ${times} ${call.client} ${asked} -> ${answerOf(call)}`;
}

function answerOf({ outcome }: Call): string {
  switch (outcome.kind) {
    case "found":
      return describe(outcome.sight.value, outcome.sight.version);
    case "absent":
      return "nothing";
    case "done":
      return outcome.version === undefined ? "done" : `done @${outcome.version}`;
    case "condition-failed":
      return "condition failed";
    case "listed":
      return `{${[...outcome.entries].map(([key, sight]) => `"${key}": ${describe(sight.value, sight.version)}`).join(", ")}}`;
    case "refused":
      return "refused";
    case "unknown":
      return "?";
  }
}
