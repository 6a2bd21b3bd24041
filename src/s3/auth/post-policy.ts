/**
 * The policy document of a browser's form. Source: S3 API, "POST policy". Messages as recorded of S3:
 * localstack/localstack, tests/aws/services/s3/test_s3.snapshot.json (TestS3PresignedPost); versity/versitygw,
 * s3err/post-object.go.
 */
import { S3Error } from "../protocol/errors.ts";

/** What a policy says about the length of the file, both inclusive. */
export interface LengthRange {
  readonly min: number;
  readonly max: number;
}

interface FieldCondition {
  readonly operation: "eq" | "starts-with";
  /** As in the policy, with `$`. */
  readonly field: string;
  readonly value: string;
}

export interface PostPolicy {
  readonly expiresMs: number;
  readonly conditions: readonly FieldCondition[];
  readonly range: LengthRange | undefined;
}

/** ISO 8601 in UTC; another offset is refused, as by S3 (dwilkie/carrierwave_direct#2). */
const EXPIRATION = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$/;
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;

/** @param text in base64, as signed. @throws S3Error InvalidPolicyDocument, AccessDenied */
export function parsePostPolicy(text: string): PostPolicy {
  const document = parseDocument(text);
  for (const name of Object.keys(document)) {
    if (name !== "expiration" && name !== "conditions") throw invalid(`Unexpected: '${name.slice(0, 100)}'`);
  }
  const { expiration, conditions } = document;
  if (expiration === undefined) throw invalid("Policy missing expiration.");
  if (conditions === undefined) throw invalid("Policy missing conditions.");
  if (!Array.isArray(conditions)) throw invalid("Invalid 'conditions' value: must be a List.");
  const expiresMs =
    typeof expiration === "string" && EXPIRATION.test(expiration) ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(expiresMs)) {
    throw invalid(`Invalid 'expiration' value: '${String(expiration).slice(0, 100)}'`);
  }
  const fields: FieldCondition[] = [];
  let range: LengthRange | undefined;
  for (const condition of conditions) {
    const parsed = parseCondition(condition);
    if ("operation" in parsed) fields.push(parsed);
    else range = range === undefined ? parsed : narrowed(range, parsed);
  }
  return { expiresMs, conditions: fields, range };
}

function parseDocument(text: string): Readonly<Record<string, unknown>> {
  if (!BASE64.test(text)) throw invalid("invalid Base64 encoding.");
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64")));
  } catch {
    throw invalid("Invalid JSON.");
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw invalid("Invalid JSON.");
  }
  return document as Readonly<Record<string, unknown>>;
}

function parseCondition(condition: unknown): FieldCondition | LengthRange {
  if (Array.isArray(condition)) return parseList(condition);
  if (typeof condition !== "object" || condition === null) {
    throw invalid("Invalid condition test: must be a List or Object.");
  }
  const entries = Object.entries(condition);
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) {
    throw invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
  }
  const [name, value] = entry;
  if (typeof value !== "string") throw invalid("Invalid Simple-Condition: value must be a string.");
  return { operation: "eq", field: `$${name}`, value };
}

function parseList(condition: readonly unknown[]): FieldCondition | LengthRange {
  const [name, first, second] = condition;
  if (typeof name !== "string") throw invalid("Invalid Condition: missing operation identifier.");
  const operation = name.toLowerCase();
  if (operation !== "eq" && operation !== "starts-with" && operation !== "content-length-range") {
    throw invalid(`Invalid Condition: unknown operation '${name.slice(0, 100)}'.`);
  }
  if (condition.length !== 3) throw invalid(`Invalid ${operation}: wrong number of arguments.`);
  if (operation === "content-length-range")
    return { min: bound(condition, first), max: bound(condition, second) };
  if (typeof first !== "string" || typeof second !== "string") throw invalid("Invalid JSON.");
  return { operation, field: first, value: second };
}

/** Numbers may be written as text, as S3 takes them; text that is no number fails the condition. */
function bound(condition: readonly unknown[], value: unknown): number {
  if (typeof value === "string") {
    if (!/^\d{1,15}$/.test(value)) throw conditionFailed(condition);
    return Number(value);
  }
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw invalid("Invalid JSON.");
  if (value < 0) throw invalid("Invalid content-length-range: a length is not negative.");
  return value;
}

function narrowed(a: LengthRange, b: LengthRange): LengthRange {
  return { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };
}

/** The form, as its policy sees it. */
export interface FormFacts {
  /** In UTF-8 text, by name in lower case, with the key after the replacement of `${filename}`. */
  readonly values: ReadonlyMap<string, string>;
  /** Names of all fields before the file, as sent. */
  readonly names: readonly string[];
  readonly bucket: string;
}

/** Fields that no condition needs to name (S3 API, "POST policy", "Condition matching"). */
const FREE: ReadonlySet<string> = new Set(["x-amz-signature", "policy", "file"]);

/** @throws S3Error AccessDenied when the policy has expired, or the form breaks the policy */
export function checkPostPolicy(
  policy: PostPolicy,
  { values, names, bucket }: FormFacts,
  nowMs: number,
): void {
  if (nowMs >= policy.expiresMs) throw denied("Policy expired.");
  const named = new Set<string>();
  for (const condition of policy.conditions) {
    const { field, operation, value } = condition;
    const name = field.slice(1).toLowerCase();
    const sent = name === "bucket" ? bucket : values.get(name);
    const holds = field.startsWith("$") && sent !== undefined && matches(operation, name, sent, value);
    if (!holds) throw conditionFailed([operation, field, value]);
    named.add(name);
  }
  for (const name of names) {
    const lower = name.toLowerCase();
    if (FREE.has(lower) || lower.startsWith("x-ignore-") || named.has(lower)) continue;
    throw denied(`Extra input fields: ${name.slice(0, 200)}`);
  }
}

/** A Content-Type with commas is a list, and each of its values must begin so. */
function matches(operation: "eq" | "starts-with", name: string, sent: string, value: string): boolean {
  if (operation === "eq") return sent === value;
  if (name !== "content-type") return sent.startsWith(value);
  return sent.split(",").every((one) => one.trim().startsWith(value));
}

function conditionFailed(condition: readonly unknown[]): S3Error {
  const text = condition.map((item) => JSON.stringify(item)).join(", ");
  return denied(`Policy Condition failed: [${text.slice(0, 2000)}]`);
}

function denied(why: string): S3Error {
  return new S3Error("AccessDenied", { message: `Invalid according to Policy: ${why}` });
}

function invalid(why: string): S3Error {
  return new S3Error("InvalidPolicyDocument", { message: `Invalid Policy: ${why}` });
}
