/**
 * Reads policies. IAM user guide, "Grammar of the IAM JSON policy language". Messages are those of S3 and IAM, where
 * they are known.
 */
import { checkBucketStatement, checkConditionKeys } from "./bucket-rules.ts";
import { compileCondition } from "./condition.ts";
import type {
  ConditionRule,
  Effect,
  NameRule,
  PolicyDocument,
  PolicyKind,
  PolicyVersion,
  PrincipalRule,
  Statement,
} from "./document.ts";
import { type Json, type JsonObject, parseJson } from "./json.ts";
import { operatorOf } from "./operators.ts";
import { PolicyError } from "./policy-error.ts";
import { parsePrincipals } from "./principals.ts";
import { Template } from "./template.ts";

/**
 * `bucket`: bytes without white space (S3 user guide, "Bucket policies": 20 KB). `identity`: characters without white
 * space; `session`: characters (IAM user guide, "IAM and AWS STS quotas").
 */
const SIZE_MAX: Readonly<Record<PolicyKind, number>> = { bucket: 20_480, identity: 6_144, session: 2_048 };
/** Of any text, before it is read. @internal */
export const TEXT_LENGTH_MAX = 64 * 1024;

const VERSIONS: readonly PolicyVersion[] = ["2008-10-17", "2012-10-17"];
const TOP = new Set(["Version", "Id", "ID", "Statement"]);
const STATEMENT = new Set([
  ...["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"],
  ...["Resource", "NotResource", "Condition"],
]);
const SYNTAX = "Invalid policy syntax.";
/** Actions of every service: an identity policy may speak of other services too, where it grants nothing here. */
const ACTION = /^(?:\*|[a-z0-9-]+:[a-z0-9*?]+)$/i;

export type ParseOptions =
  | { readonly kind: "identity" | "session" }
  | {
      readonly kind: "bucket";
      /** The bucket of the policy; undefined: any bucket (a check without a server). */
      readonly bucket: string | undefined;
      /**
       * It was checked when it was put, so only its grammar and its condition keys are looked at: a newer release may know
       * more keys, and what a Deny means by them cannot be decided here.
       */
      readonly stored?: boolean;
    };

/** @throws PolicyError */
export function parsePolicy(text: string, options: ParseOptions): PolicyDocument {
  if (text.length > TEXT_LENGTH_MAX) throw tooLong(options.kind);
  if (!text.startsWith("{")) {
    throw new PolicyError("Policies must be valid JSON and the first byte must be '{'");
  }
  const root = parseJson(text) as JsonObject;
  checkSize(text, options.kind);
  refuseUnknown(root, TOP, "");
  const version = versionOf(root.get("Version"));
  const id = root.get("Id") ?? root.get("ID");
  if (id !== undefined && typeof id !== "string") throw new PolicyError(SYNTAX, "Id");
  const list = root.get("Statement");
  if (list === undefined) throw new PolicyError("Missing required field Statement");
  const values = Array.isArray(list) ? (list as readonly Json[]) : [list];
  if (values.length === 0)
    throw new PolicyError("Could not parse the policy: Statement is empty!", "Statement");
  const statements = values.map((value, index) => parseStatement(value, index, version, options));
  refuseSameSids(statements);
  return { version, id, statements };
}

function checkSize(text: string, kind: PolicyKind): void {
  const short = kind === "session" ? text : text.replace(/("[^"\\]*(?:\\.[^"\\]*)*")|[ \t\r\n]+/g, "$1");
  const size = kind === "bucket" ? Buffer.byteLength(short) : short.length;
  if (size > SIZE_MAX[kind]) throw tooLong(kind);
}

function tooLong(kind: PolicyKind): PolicyError {
  const unit = kind === "bucket" ? "bytes" : "characters";
  return new PolicyError(
    `Normalized policy document exceeds the maximum allowed size of ${SIZE_MAX[kind]} ${unit}`,
  );
}

function versionOf(value: Json | undefined): PolicyVersion {
  if (value === undefined) return "2008-10-17";
  const version = VERSIONS.find((known) => known === value);
  if (version !== undefined) return version;
  throw new PolicyError("The policy must contain a valid version string", "Version", JSON.stringify(value));
}

function parseStatement(
  value: Json,
  index: number,
  version: PolicyVersion,
  options: ParseOptions,
): Statement {
  const where = `Statement[${index}]`;
  if (!(value instanceof Map)) throw new PolicyError(SYNTAX, where);
  const members: JsonObject = value;
  if (members.size === 0) throw new PolicyError("Could not parse the policy: Statement is empty!", where);
  refuseUnknown(members, STATEMENT, where);
  const statement: Statement = {
    sid: sidOf(members.get("Sid"), options.kind, where),
    effect: effectOf(members.get("Effect"), where),
    principals: principalsOf(members, options.kind, where),
    actions: namesIn(members, "Action", where),
    resources: namesIn(members, "Resource", where),
    conditions: conditionsOf(members.get("Condition"), where),
  };
  if (options.kind === "bucket") checkConditionKeys(statement, where);
  // Who compiles the policy finds the rest.
  if (options.kind === "bucket" && options.stored === true) return statement;
  for (const [i, pattern] of statement.resources.patterns.entries()) {
    located(`${where}.Resource[${i}]`, () => new Template(pattern, { version, wildcards: true }));
  }
  for (const rule of statement.conditions) {
    located(`${where}.Condition.${rule.operator.name}.${rule.key}`, () => compileCondition(rule, version));
  }
  if (options.kind === "bucket") checkBucketStatement(statement, version, options.bucket, where);
  else checkIdentityStatement(statement, where);
  return statement;
}

function checkIdentityStatement({ actions, resources }: Statement, where: string): void {
  for (const action of actions.patterns) {
    if (!ACTION.test(action)) throw new PolicyError("Policy has invalid action", `${where}.Action`, action);
  }
  for (const resource of resources.patterns) {
    if (resource !== "*" && !resource.startsWith("arn:")) {
      throw new PolicyError(
        `Resource ${resource} must be in ARN format or "*".`,
        `${where}.Resource`,
        resource,
      );
    }
  }
}

/** Adds the place to an error of a part that does not know it. */
function located(where: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (error instanceof PolicyError) throw new PolicyError(error.message, where, error.detail);
    throw error;
  }
}

function refuseUnknown(members: JsonObject, known: ReadonlySet<string>, where: string): void {
  for (const name of members.keys()) {
    if (!known.has(name)) throw new PolicyError(`Unknown field ${name.slice(0, 100)}`, where, name);
  }
}

function sidOf(value: Json | undefined, kind: PolicyKind, where: string): string | undefined {
  if (value === undefined) return undefined;
  const isValid = typeof value === "string" && (kind === "bucket" || /^[A-Za-z0-9]*$/.test(value));
  if (!isValid) throw new PolicyError("Statement IDs (SID) must be alpha-numeric.", `${where}.Sid`);
  return value === "" ? undefined : value;
}

function refuseSameSids(statements: readonly Statement[]): void {
  const known = new Set<string>();
  for (const [index, { sid }] of statements.entries()) {
    if (sid === undefined) continue;
    if (known.has(sid)) {
      throw new PolicyError(
        "Statement IDs (SID) in a single policy must be unique.",
        `Statement[${index}].Sid`,
        sid,
      );
    }
    known.add(sid);
  }
}

function effectOf(value: Json | undefined, where: string): Effect {
  if (value === "Allow" || value === "Deny") return value;
  if (value === undefined) throw new PolicyError("Missing required field Effect", where);
  const text = typeof value === "string" ? value.slice(0, 100) : JSON.stringify(value).slice(0, 100);
  throw new PolicyError(`Invalid effect: ${text}`, `${where}.Effect`, text);
}

function principalsOf(members: JsonObject, kind: PolicyKind, where: string): PrincipalRule | undefined {
  const [value, not] = oneOf(members, "Principal", where);
  if (kind !== "bucket") {
    if (value === undefined) return undefined;
    throw new PolicyError("Policy document should not specify a principal.", `${where}.Principal`);
  }
  if (value === undefined) throw new PolicyError("Missing required field Principal", where);
  return parsePrincipals(value, not, `${where}.${not ? "Not" : ""}Principal`);
}

/** `Action` or `NotAction`. */
function namesIn(members: JsonObject, element: "Action" | "Resource", where: string): NameRule {
  const [value, not] = oneOf(members, element, where);
  if (value === undefined) throw new PolicyError(`Missing required field ${element}`, where);
  const patterns = Array.isArray(value) ? (value as readonly Json[]) : [value];
  if (patterns.length === 0) {
    throw new PolicyError(`Missing required field ${element} cannot be empty!`, where);
  }
  const texts = patterns.map((pattern) => {
    if (typeof pattern === "string" && pattern !== "") return pattern;
    throw new PolicyError(SYNTAX, `${where}.${element}`, JSON.stringify(pattern).slice(0, 100));
  });
  return { not, patterns: [...new Set(texts)] };
}

function oneOf(members: JsonObject, element: string, where: string): [Json | undefined, boolean] {
  const [value, other] = [members.get(element), members.get(`Not${element}`)];
  if (value !== undefined && other !== undefined) {
    throw new PolicyError(SYNTAX, where, `both ${element} and Not${element}`);
  }
  return value === undefined ? [other, other !== undefined] : [value, false];
}

function conditionsOf(value: Json | undefined, where: string): readonly ConditionRule[] {
  if (value === undefined) return [];
  if (!(value instanceof Map)) throw new PolicyError(SYNTAX, `${where}.Condition`);
  return [...(value as JsonObject)].flatMap(([name, keys]) => {
    const operator = operatorOf(name);
    if (operator === undefined) {
      throw new PolicyError(`Invalid Condition type : ${name.slice(0, 100)}`, `${where}.Condition`, name);
    }
    if (!(keys instanceof Map)) throw new PolicyError(SYNTAX, `${where}.Condition.${name}`);
    return [...(keys as JsonObject)].map(([key, values]) => {
      return { operator, key, values: conditionTexts(values, `${where}.Condition.${name}.${key}`) };
    });
  });
}

function conditionTexts(value: Json, where: string): readonly string[] {
  const values = Array.isArray(value) ? (value as readonly Json[]) : [value];
  if (values.length === 0) throw new PolicyError(SYNTAX, where, "no value");
  return values.map((one) => {
    if (typeof one === "string" || typeof one === "number" || typeof one === "boolean") return String(one);
    throw new PolicyError(SYNTAX, where);
  });
}
