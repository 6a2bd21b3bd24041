/**
 * Whether a bucket's policy makes the bucket public. S3 user guide, "Blocking public access to your Amazon S3
 * storage", "The meaning of public": a policy is public unless every statement that allows names fixed principals, or
 * fixes one of some condition keys to values without wildcards and variables.
 */
import { parseRange } from "./addresses.ts";
import type { ConditionRule, PolicyDocument, PolicyVersion, Statement } from "./document.ts";
import { EVERYBODY } from "./principals.ts";
import { Template } from "./template.ts";

/** By lower-case name. Keys of AWS's networks and organisations have no value here: such statements allow nobody. */
const FIXING = new Set([
  ...["aws:principalorgid", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner"],
  ...["aws:sourceaccount", "aws:userid", "s3:dataaccesspointarn", "s3:dataaccesspointaccount"],
  "s3:x-amz-server-side-encryption-aws-kms-key-id",
]);
/** Ranges with a shorter prefix are not "a set of CIDRs". */
const PREFIX_MIN = { 4: 8, 16: 32 } as const;

export function isPublic({ statements, version }: PolicyDocument): boolean {
  return statements.some(
    (statement) => statement.effect === "Allow" && isPublicStatement(statement, version),
  );
}

function isPublicStatement({ conditions, principals }: Statement, version: PolicyVersion): boolean {
  if (principals === undefined) return true;
  if (!principals.not && !principals.names.includes(EVERYBODY)) return false;
  return !conditions.some((rule) => isFixing(rule, version));
}

function isFixing({ key, operator, values }: ConditionRule, version: PolicyVersion): boolean {
  const { comparison, ifExists, negated, quantifier } = operator;
  // Such a condition also holds for requests without the key, or with any other value.
  if (negated || ifExists || quantifier === "all") return false;
  const name = key.toLowerCase();
  if (comparison === "ip") return name === "aws:sourceip" && values.every(isNarrow);
  if (!FIXING.has(name)) return false;
  const compares = comparison === "arn" || comparison === "string" || comparison === "string-ignore-case";
  if (!compares && comparison !== "string-like") return false;
  return values.every((text) => {
    const template = new Template(text, { version, wildcards: true });
    return !template.hasVariables && !template.hasWildcards;
  });
}

function isNarrow(text: string): boolean {
  const range = parseRange(text);
  return range !== undefined && range.prefixLength >= PREFIX_MIN[range.bytes.byteLength as 4 | 16];
}
