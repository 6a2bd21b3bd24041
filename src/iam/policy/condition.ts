/**
 * Conditions of a statement, ready to be decided. IAM user guide: "Condition operators" (keys that a request does not
 * have, IfExists), "Set operators for multivalued context keys".
 */
import { type ConditionValue, conditionValue, type Matcher, parseBool } from "./condition-values.ts";
import type { ContextValues } from "./context-values.ts";
import type { ConditionRule, PolicyVersion } from "./document.ts";
import { PolicyError } from "./policy-error.ts";

/** `unknown`: the condition depends on a policy variable that the request does not have. */
export type Truth = "yes" | "no" | "unknown";

export interface Condition {
  decide(context: ContextValues): Truth;
}

/** @throws PolicyError */
export function compileCondition(rule: ConditionRule, version: PolicyVersion): Condition {
  const { operator, values } = rule;
  if (operator.comparison === "null") return nullCondition(rule);
  return new Comparing(
    rule,
    values.map((text) => conditionValue(operator, text, version)),
  );
}

/** `true`: the request must not have the key; `false`: it must. */
function nullCondition({ key, values }: ConditionRule): Condition {
  const wanted = new Set(
    values.map((text) => {
      const absent = parseBool(text);
      if (absent === undefined) throw new PolicyError("Invalid boolean in Conditions", "", text);
      return absent;
    }),
  );
  const name = key.toLowerCase();
  return { decide: (context) => (wanted.has(isAbsent(context.get(name))) ? "yes" : "no") };
}

function isAbsent(value: string | readonly string[] | undefined): boolean {
  return value === undefined || (typeof value !== "string" && value.length === 0);
}

class Comparing implements Condition {
  readonly #rule: ConditionRule;
  readonly #key: string;
  readonly #values: readonly ConditionValue[];

  constructor(rule: ConditionRule, values: readonly ConditionValue[]) {
    this.#rule = rule;
    this.#key = rule.key.toLowerCase();
    this.#values = values;
  }

  decide(context: ContextValues): Truth {
    const { negated, quantifier, ifExists } = this.#rule.operator;
    const given = context.get(this.#key);
    if (given === undefined || (typeof given !== "string" && given.length === 0)) {
      if (ifExists || quantifier === "all") return "yes";
      return negated && quantifier === undefined ? "yes" : "no";
    }
    const matchers: Matcher[] = [];
    let isKnown = true;
    for (const value of this.#values) {
      const matcher = value.matcherFor(context);
      if (matcher === undefined) isKnown = false;
      else matchers.push(matcher);
    }
    const matchesOne = (value: string): boolean => matchers.some((matches) => matches(value));
    // A variable without value matches nothing; whether "nothing matches" holds is then not known.
    const holds: (value: string) => Truth = negated
      ? (value) => (matchesOne(value) ? "no" : isKnown ? "yes" : "unknown")
      : (value) => (matchesOne(value) ? "yes" : "no");
    if (typeof given === "string") return holds(given);
    // Without a set operator, a negated operator asks that no value matches, another one that some value matches.
    return (quantifier ?? (negated ? "all" : "any")) === "all" ? allOf(given, holds) : anyOf(given, holds);
  }
}

function allOf(values: readonly string[], holds: (value: string) => Truth): Truth {
  let truth: Truth = "yes";
  for (const value of values) {
    const one = holds(value);
    if (one === "no") return "no";
    if (one === "unknown") truth = "unknown";
  }
  return truth;
}

function anyOf(values: readonly string[], holds: (value: string) => Truth): Truth {
  let truth: Truth = "no";
  for (const value of values) {
    const one = holds(value);
    if (one === "yes") return "yes";
    if (one === "unknown") truth = "unknown";
  }
  return truth;
}
