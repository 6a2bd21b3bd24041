/**
 * Which rule of a bucket's CORS configuration allows a request, and the headers of the answer. Sources: API reference,
 * PutBucketCors; S3 User Guide, "Using cross-origin resource sharing"; answers of S3 in localstack/localstack,
 * tests/aws/services/s3/test_s3_cors.snapshot.json.
 */
import type { HeaderPair } from "./replies.ts";

export interface CorsRule {
  /** "" = none. */
  readonly id: string;
  readonly allowedHeaders: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds: number | undefined;
}

export const CORS_METHODS = ["GET", "PUT", "HEAD", "POST", "DELETE"];

/** What a browser says about a request, or about the request that would follow a preflight. */
export interface CorsQuestion {
  readonly origin: string;
  readonly method: string;
  /** Names of headers, in lower case. */
  readonly headers: readonly string[];
}

const ANY = "*";
/**
 * Comparisons of requested names with patterns that have a `*`, for one request. Names without such patterns cost a
 * look-up each; no page of a browser comes near this (thousands of names, or of patterns).
 */
const COMPARISONS_MAX = 200_000;
const VARY: HeaderPair = ["Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"];

/** A text with at most one `*`, which stands for any text, also for none. */
interface Pattern {
  readonly text: string;
  readonly prefix: string;
  /** Undefined: there is no `*`. */
  readonly suffix: string | undefined;
}

/** A rule, ready to decide. */
export interface PreparedRule {
  readonly rule: CorsRule;
  readonly origins: readonly Pattern[];
  /** In lower case. */
  readonly headers: ReadonlySet<string>;
  readonly headerPatterns: readonly Pattern[];
}

export function prepareCors(rules: readonly CorsRule[]): readonly PreparedRule[] {
  return rules.map((rule) => {
    const headers = [...new Set(rule.allowedHeaders.map((text) => text.toLowerCase()))];
    return {
      rule,
      origins: rule.allowedOrigins.map(patternOf),
      headers: new Set(headers.filter((text) => !text.includes(ANY))),
      headerPatterns: headers.filter((text) => text.includes(ANY)).map(patternOf),
    };
  });
}

function patternOf(text: string): Pattern {
  const star = text.indexOf(ANY);
  if (star < 0) return { text, prefix: text, suffix: undefined };
  return { text, prefix: text.slice(0, star), suffix: text.slice(star + 1) };
}

/** The headers for the first rule that allows the request; undefined: no rule allows the request. */
export function corsHeaders(
  rules: readonly PreparedRule[],
  question: CorsQuestion,
): HeaderPair[] | undefined {
  const names = new Set(question.headers);
  const work = { left: COMPARISONS_MAX };
  for (const prepared of rules) {
    const { rule } = prepared;
    const origin = prepared.origins.find((pattern) => matches(pattern, question.origin));
    if (origin === undefined || !rule.allowedMethods.includes(question.method)) continue;
    if (!allowsHeaders(prepared, names, work)) continue;
    return headersOf(rule, origin.text, question);
  }
  return undefined;
}

function allowsHeaders(
  { headerPatterns, headers }: PreparedRule,
  names: ReadonlySet<string>,
  work: { left: number },
): boolean {
  if (headerPatterns.some(({ text }) => text === ANY)) return true;
  for (const name of names) {
    if (headers.has(name)) continue;
    const found = headerPatterns.some((pattern) => work.left-- > 0 && matches(pattern, name));
    if (!found) return false;
  }
  return true;
}

function headersOf(rule: CorsRule, origin: string, question: CorsQuestion): HeaderPair[] {
  const pairs: HeaderPair[] = [
    ["Access-Control-Allow-Origin", origin === ANY ? ANY : question.origin],
    ["Access-Control-Allow-Methods", rule.allowedMethods.join(", ")],
  ];
  if (question.headers.length > 0) {
    pairs.push(["Access-Control-Allow-Headers", question.headers.join(", ")]);
  }
  if (rule.exposeHeaders.length > 0) {
    pairs.push(["Access-Control-Expose-Headers", rule.exposeHeaders.join(", ")]);
  }
  if (rule.maxAgeSeconds !== undefined) pairs.push(["Access-Control-Max-Age", String(rule.maxAgeSeconds)]);
  // A browser accepts no credentials for the origin "*" (Fetch standard, "CORS protocol and credentials").
  if (origin !== ANY) pairs.push(["Access-Control-Allow-Credentials", "true"]);
  pairs.push(VARY);
  return pairs;
}

function matches({ prefix, suffix, text: whole }: Pattern, text: string): boolean {
  if (suffix === undefined) return whole === text;
  return text.length >= prefix.length + suffix.length && text.startsWith(prefix) && text.endsWith(suffix);
}
