/**
 * Whether a bucket's policy makes the bucket public. S3 user guide, "Blocking public access to your Amazon S3
 * storage", "The meaning of public": a policy is public unless every statement that allows names fixed principals, or
 * fixes one of some condition keys to values without wildcards and variables. Ranges of addresses are judged together:
 * many narrow ones, in one statement or in several, can be the whole Internet.
 */
import { type AddressRange, countAddresses, parseRange } from "./addresses.ts";
import type { ConditionRule, PolicyDocument, PolicyVersion, Statement } from "./document.ts";
import { EVERYBODY } from "./principals.ts";
import { Template } from "./template.ts";

/**
 * By lower-case name. Keys of AWS's networks and organisations have no value here: such statements allow nobody. No key
 * that is named after a header: the requester chooses its value.
 */
const FIXING = new Set([
  ...["aws:principalorgid", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner"],
  ...["aws:sourceaccount", "aws:userid", "s3:dataaccesspointarn", "s3:dataaccesspointaccount"],
]);
/** `aws:userid` of everybody who has not signed (request-context.ts). */
const ANONYMOUS_ID = "anonymous";
/** More addresses than in one range of this length are not "a set of CIDRs". Private ones of IPv4 are not counted. */
const PREFIX_MIN = { 4: 8, 16: 32 } as const;

export function isPublic({ statements, version }: PolicyDocument): boolean {
  const ranges: AddressRange[] = [];
  for (const statement of statements) {
    if (statement.effect !== "Allow" || isFixed(statement, version)) continue;
    const ofStatement = narrowest(statement.conditions);
    if (ofStatement === undefined) return true;
    ranges.push(...ofStatement);
  }
  return isBroad(ranges);
}

function isFixed({ conditions, principals }: Statement, version: PolicyVersion): boolean {
  if (principals === undefined) return false;
  if (!principals.not && !principals.names.includes(EVERYBODY)) return true;
  return conditions.some((rule) => isFixing(rule, version));
}

/** Such a condition also holds for requests without the key, or with any other value. */
function isLoose({ operator: { ifExists, negated, quantifier } }: ConditionRule): boolean {
  return negated || ifExists || quantifier === "all";
}

function isFixing(rule: ConditionRule, version: PolicyVersion): boolean {
  const { comparison } = rule.operator;
  const name = rule.key.toLowerCase();
  if (isLoose(rule) || !FIXING.has(name)) return false;
  const compares = comparison === "arn" || comparison === "string" || comparison === "string-ignore-case";
  if (!compares && comparison !== "string-like") return false;
  return rule.values.every((text) => {
    const template = new Template(text, { version, wildcards: true });
    if (template.hasVariables || template.hasWildcards) return false;
    return name !== "aws:userid" || text.toLowerCase() !== ANONYMOUS_ID;
  });
}

/** The ranges of a condition, of one that is not broad when there is one; undefined: the statement does not ask for an address. */
function narrowest(conditions: readonly ConditionRule[]): readonly AddressRange[] | undefined {
  let best: readonly AddressRange[] | undefined;
  for (const rule of conditions) {
    if (rule.operator.comparison !== "ip" || isLoose(rule)) continue;
    if (rule.key.toLowerCase() !== "aws:sourceip") continue;
    const ranges = rule.values.flatMap((text) => parseRange(text) ?? []);
    if (best === undefined || isBroad(best)) best = ranges;
  }
  return best;
}

function isBroad(ranges: readonly AddressRange[]): boolean {
  return ([4, 16] as const).some((byteLength) => {
    const most = 1n << BigInt(byteLength * 8 - PREFIX_MIN[byteLength]);
    return countAddresses(ranges, byteLength) > most;
  });
}
