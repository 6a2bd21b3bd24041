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
const VARY: HeaderPair = ["Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"];

/** The headers for the first rule that allows the request; undefined: no rule allows the request. */
export function corsHeaders(rules: readonly CorsRule[], question: CorsQuestion): HeaderPair[] | undefined {
  for (const rule of rules) {
    const origin = rule.allowedOrigins.find((pattern) => matches(pattern, question.origin));
    if (origin === undefined || !rule.allowedMethods.includes(question.method)) continue;
    if (!question.headers.every((name) => allowsHeader(rule, name))) continue;
    return headersOf(rule, origin, question);
  }
  return undefined;
}

function allowsHeader({ allowedHeaders }: CorsRule, name: string): boolean {
  return allowedHeaders.some((pattern) => matches(pattern.toLowerCase(), name));
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

/** @param pattern has at most one `*`, which stands for any text, also for none */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf(ANY);
  if (star < 0) return pattern === text;
  const end = pattern.length - star - 1;
  return (
    text.length >= star + end &&
    text.startsWith(pattern.slice(0, star)) &&
    text.endsWith(pattern.slice(star + 1))
  );
}
