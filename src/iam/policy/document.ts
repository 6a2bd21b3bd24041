/** A policy as its text says it, checked (parse.ts). IAM user guide, "Grammar of the IAM JSON policy language". */
import type { Operator } from "./operators.ts";

export type Effect = "Allow" | "Deny";

/**
 * `bucket`: the policy of a bucket, whose statements name their principals. `identity`: the policy of a user or group.
 * `session`: narrows the rights of temporary credentials.
 */
export type PolicyKind = "bucket" | "identity" | "session";

/** Policy variables exist only in the newer version. */
export type PolicyVersion = "2008-10-17" | "2012-10-17";

export interface PolicyDocument {
  readonly version: PolicyVersion;
  readonly id: string | undefined;
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly sid: string | undefined;
  readonly effect: Effect;
  /** Undefined in policies that are attached to their principal. */
  readonly principals: PrincipalRule | undefined;
  readonly actions: NameRule;
  readonly resources: NameRule;
  /** All must hold. */
  readonly conditions: readonly ConditionRule[];
}

/** A list of patterns. `not`: everything but what the patterns match. */
export interface NameRule {
  readonly not: boolean;
  readonly patterns: readonly string[];
}

/** `names`: `*`, ARNs, canonical ids; account ids are written as the ARN of the account's root. */
export interface PrincipalRule {
  readonly not: boolean;
  readonly names: readonly string[];
}

export interface ConditionRule {
  readonly operator: Operator;
  /** As written; names of condition keys have no case. */
  readonly key: string;
  readonly values: readonly string[];
}
