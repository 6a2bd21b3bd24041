/**
 * Headers with several lines. A list may have several lines, which mean the same as one line with commas (RFC 9110
 * section 5.3): the Go SDK sends a line per attribute. A header that is no list has one line. S3 answers a second
 * line with InvalidArgument; reading only the first line would ignore a value of the client.
 */
import { S3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";

/** The headers that the server reads as lists. */
const LISTS: ReadonlySet<string> = new Set([
  "cache-control",
  "content-encoding",
  "content-language",
  "if-match",
  "if-none-match",
  "x-amz-copy-source-if-match",
  "x-amz-copy-source-if-none-match",
  "x-amz-object-attributes",
  "x-amz-optional-object-attributes",
  "x-amz-trailer",
]);

/**
 * The headers without the prefix `x-amz-` that the server reads as single values. The edge reads Host and
 * Content-Length.
 */
const SINGLE: ReadonlySet<string> = new Set([
  "authorization",
  "content-disposition",
  "content-md5",
  "content-type",
  "date",
  "expires",
  "if-modified-since",
  "if-range",
  "if-unmodified-since",
  "range",
]);

/** Headers whose values must not appear in an error document. */
const SECRETS = /^authorization$|^x-amz-security-token$|-customer-key$/;

/** @throws S3Error InvalidArgument for a second line of a header that is no list */
export function refuseRepeatedHeaders(rawHeaders: readonly string[]): void {
  // Every request runs this loop: names are compared only when their lengths and last letters may be the same.
  let seenLow = 0;
  let seenHigh = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const mark = (name.length * 11 + (name.charCodeAt(name.length - 1) & 0x1f) * 5) & 63;
    const bit = 1 << (mark & 31);
    if (mark < 32) {
      if ((seenLow & bit) !== 0) refuseIfRepeated(rawHeaders, i);
      seenLow |= bit;
    } else {
      if ((seenHigh & bit) !== 0) refuseIfRepeated(rawHeaders, i);
      seenHigh |= bit;
    }
  }
}

function refuseIfRepeated(rawHeaders: readonly string[], at: number): void {
  const name = rawHeaders[at] as string;
  for (let i = 0; i < at; i += 2) {
    const earlier = rawHeaders[i] as string;
    if (earlier.length !== name.length) continue;
    const lower = name.toLowerCase();
    if (earlier.toLowerCase() !== lower || !isSingle(lower)) continue;
    throw new S3Error("InvalidArgument", {
      message: "Only one value may be specified.",
      extra: [
        ["ArgumentName", lower],
        ...(SECRETS.test(lower) ? [] : [["ArgumentValue", rawHeaders[at + 1] as string] as const]),
      ],
    });
  }
}

function isSingle(lowerName: string): boolean {
  if (!lowerName.startsWith("x-amz-")) return SINGLE.has(lowerName);
  // Values of a repeated x-amz-meta- are joined (userMetadataOf).
  return !LISTS.has(lowerName) && !lowerName.startsWith("x-amz-meta-");
}

/** All lines of a list, in order, as one. Undefined when there is none. */
export function listHeader(request: S3Request, lowerName: string): string | undefined {
  const first = request.header(lowerName);
  if (first === undefined) return undefined;
  const { rawHeaders } = request.edge;
  let lines: string[] | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length !== lowerName.length || name.toLowerCase() !== lowerName) continue;
    lines ??= [];
    lines.push(rawHeaders[i + 1] as string);
  }
  return lines === undefined || lines.length === 1 ? first : lines.join(", ");
}

/** Elements of a list, without blanks and without empty elements (RFC 9110 section 5.6.1). */
export function listElements(request: S3Request, lowerName: string): string[] {
  const elements = (listHeader(request, lowerName) ?? "").split(",").map((element) => element.trim());
  return elements.filter((element) => element !== "");
}
