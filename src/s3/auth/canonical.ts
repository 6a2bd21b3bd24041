/**
 * The canonical request of Signature Version 4, for S3: the path is encoded once and never normalised. Strings are
 * latin1: each character of a header value is one received byte.
 */
import { canonicalPath, encodeComponent } from "../protocol/percent.ts";
import type { Query } from "../protocol/query.ts";
import type { S3Request } from "../protocol/request.ts";

export interface CanonicalParts {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** `name:value\n` for each signed header. */
  readonly headers: string;
  readonly signedHeaders: string;
  readonly payloadHash: string;
}

export function canonicalRequest(parts: CanonicalParts): string {
  return `${parts.method}\n${parts.path}\n${parts.query}\n${parts.headers}\n${parts.signedHeaders}\n${parts.payloadHash}`;
}

/** A signature does not cover this parameter. */
const SIGNATURE_PARAMETER = "X-Amz-Signature";

/** Parameters encoded once and sorted by encoded name, then value. */
function canonicalQuery(query: Query): string {
  if (query.size === 0) return "";
  const pairs: [string, string][] = [];
  for (const { name, value } of query.entries) {
    if (name !== SIGNATURE_PARAMETER) pairs.push([encodeComponent(name), encodeComponent(value)]);
  }
  return joinSorted(pairs);
}

/** The sorted query of the raw text: some clients sign the parameters without encoding them again. */
function rawSortedQuery(rawQuery: string): string {
  const pairs: [string, string][] = [];
  for (const raw of rawQuery.split("&")) {
    if (raw === "") continue;
    const equals = raw.indexOf("=");
    const name = equals < 0 ? raw : raw.slice(0, equals);
    if (name !== SIGNATURE_PARAMETER) pairs.push([name, equals < 0 ? "" : raw.slice(equals + 1)]);
  }
  return joinSorted(pairs);
}

function joinSorted(pairs: [string, string][]): string {
  if (pairs.length > 1) pairs.sort(comparePairs);
  let text = "";
  for (const [name, value] of pairs) text += text === "" ? `${name}=${value}` : `&${name}=${value}`;
  return text;
}

function comparePairs(a: readonly [string, string], b: readonly [string, string]): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  if (a[1] === b[1]) return 0;
  return a[1] < b[1] ? -1 : 1;
}

/**
 * Path and query as the client may have signed them, most likely first: our canonical form, then the bytes as sent
 * (curl signs the bytes as sent; curl before 8.3 does not sort the query). Every pair describes the same target, so a
 * signature over any pair is a signature over this request.
 */
export function* canonicalTargets(
  request: S3Request,
): Generator<{ readonly path: string; readonly query: string }> {
  const path = canonicalPath(request.rawPath);
  const query = canonicalQuery(request.query);
  yield { path, query };
  const paths = new Set([path, request.rawPath]);
  const queries = new Set([query, rawSortedQuery(request.rawQuery), request.rawQuery]);
  for (const otherPath of paths) {
    for (const otherQuery of queries) {
      if (otherPath !== path || otherQuery !== query) yield { path: otherPath, query: otherQuery };
    }
  }
}

/**
 * Canonical headers in the order of `signedHeaders`: values are trimmed, runs of blanks become one blank, repeated
 * headers are joined by a comma. An absent signed header counts as empty. `unsigned` names `x-amz-*` headers that are
 * not signed.
 */
export function canonicalHeaders(
  rawHeaders: readonly string[],
  signedHeaders: string,
): { readonly text: string; readonly unsigned: readonly string[] } {
  const signed = signedHeaders.split(";");
  const values: (string | undefined)[] = new Array(signed.length);
  let unsigned: string[] | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const at = signed.indexOf(name);
    if (at >= 0) {
      const value = canonicalValue(rawHeaders[i + 1] as string);
      const before = values[at];
      values[at] = before === undefined ? value : `${before},${value}`;
    } else if (name.startsWith("x-amz-")) {
      unsigned ??= [];
      unsigned.push(name);
    }
  }
  let text = "";
  for (let i = 0; i < signed.length; i++) text += `${signed[i]}:${values[i] ?? ""}\n`;
  return { text, unsigned: unsigned ?? NONE };
}

const NONE: readonly string[] = [];

/** `trim()` would also remove A0, which may be the last byte of a UTF-8 character. */
function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

function canonicalValue(value: string): string {
  const trimmed = trimBlanks(value);
  return trimmed.includes("  ") || trimmed.includes("\t") ? trimmed.replace(/[ \t]+/g, " ") : trimmed;
}
