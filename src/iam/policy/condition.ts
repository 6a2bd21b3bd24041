/**
 * Conditions of a statement, ready to be decided. IAM user guide: "Condition operators" (keys that a request does not
 * have, IfExists), "Set operators for multivalued context keys".
 */
import { type ConditionValue, conditionValue, type Matcher, parseBool } from "./condition-values.ts";
import { type ContextValues, contextKey, PENDING } from "./context-values.ts";
import type { ConditionRule, PolicyVersion } from "./document.ts";
import type { Operator } from "./operators.ts";
import { PolicyError } from "./policy-error.ts";

/**
 * `unknown`: the condition depends on a policy variable that the request does not have. `pending`: it depends on a value
 * that is not read yet.
 */
type Truth = "yes" | "no" | "unknown" | "pending";

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
  const name = contextKey(key);
  return {
    decide: (context) => {
      const given = context.get(name);
      if (given === PENDING) return "pending";
      return wanted.has(isAbsent(given)) ? "yes" : "no";
    },
  };
}

function isAbsent(value: string | readonly string[] | undefined): value is undefined {
  return value === undefined || (typeof value !== "string" && value.length === 0);
}

class Comparing implements Condition {
  readonly #operator: Operator;
  readonly #key: string;
  readonly #values: readonly ConditionValue[];
  /** Undefined: the values depend on the request. */
  readonly #fixed: readonly Matcher[] | undefined;

  constructor({ key, operator }: ConditionRule, values: readonly ConditionValue[]) {
    this.#operator = operator;
    this.#key = contextKey(key);
    this.#values = values;
    const fixed = values.flatMap(({ fixed }) => fixed ?? []);
    this.#fixed = fixed.length === values.length ? fixed : undefined;
  }

  decide(context: ContextValues): Truth {
    const { ifExists, negated, quantifier } = this.#operator;
    const given = context.get(this.#key);
    if (given === PENDING) return "pending";
    if (isAbsent(given)) {
      if (ifExists || quantifier === "all") return "yes";
      return negated && quantifier === undefined ? "yes" : "no";
    }
    const known = this.#fixed ?? this.#matchersFor(context);
    const isKnown = known.length === this.#values.length;
    if (typeof given === "string") return holds(given, known, isKnown, negated);
    // Without a set operator, a negated operator asks that no value matches, another one that some value matches.
    const every = (quantifier ?? (negated ? "all" : "any")) === "all";
    return ofSet(every, given, (value) => holds(value, known, isKnown, negated));
  }

  /** Fewer than values: a policy variable has no value. */
  #matchersFor(context: ContextValues): readonly Matcher[] {
    return this.#values.flatMap((value) => value.fixed ?? value.matcherFor(context) ?? []);
  }
}

/** A variable without value matches nothing; whether "nothing matches" holds is then not known. */
function holds(value: string, matchers: readonly Matcher[], isKnown: boolean, negated: boolean): Truth {
  for (const matches of matchers) if (matches(value)) return negated ? "no" : "yes";
  if (!negated) return "no";
  return isKnown ? "yes" : "unknown";
}

/** `every`: all values must hold, and one "no" decides; else one "yes" decides. */
function ofSet(every: boolean, values: readonly string[], holdsFor: (value: string) => Truth): Truth {
  let truth: Truth = every ? "yes" : "no";
  for (const value of values) {
    const one = holdsFor(value);
    if (one === (every ? "no" : "yes")) return one;
    if (one === "unknown") truth = "unknown";
  }
  return truth;
}
