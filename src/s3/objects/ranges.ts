/** Range, If-Range and partNumber of a read. */
import { S3Error } from "../protocol/errors.ts";
import { parseHttpDate } from "../protocol/http-date.ts";
import type { Manifest } from "../records/manifest.ts";
import { unquoted } from "./conditions.ts";

export interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** No blanks inside: the grammar of RFC 9110 section 14.1.1 has none, and S3 treats `bytes= -1` as no range. */
const SINGLE_RANGE = /^bytes=(\d*)-(\d*)$/;

/**
 * The range of a `Range` header. Undefined: the whole object (no header, several ranges, or no valid range at all;
 * RFC 9110 section 14.2 and S3 agree). @throws S3Error InvalidRange when no byte of the range is in the object
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined) return undefined;
  const match = SINGLE_RANGE.exec(header);
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "") {
    if (last === "") return undefined;
    const suffix = Number(last);
    if (suffix === 0 || size === 0) throw invalidRange(header, size);
    return { start: Math.max(0, size - suffix), end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Number(last) + 1;
  if (end <= start && last !== "") return undefined;
  if (start >= size) throw invalidRange(header, size);
  return { start, end: Math.min(end, size) };
}

/**
 * Does If-Range allow the Range? For a weak or different validator, the answer has the whole object (RFC 9110 section
 * 13.1.5).
 */
export function ifRangeHolds(header: string | undefined, manifest: Manifest): boolean {
  if (header === undefined) return true;
  const value = header.trim();
  if (value.startsWith("W/")) return false;
  if (value.startsWith('"')) return unquoted(value) === manifest.etag;
  const date = parseHttpDate(value);
  if (date === undefined) return value === manifest.etag;
  return Math.floor(manifest.modifiedMs / 1000) * 1000 === date;
}

export function contentRange(range: ByteRange, size: number): string {
  return `bytes ${range.start}-${range.end - 1}/${size}`;
}

function invalidRange(requested: string, size: number): S3Error {
  return new S3Error("InvalidRange", {
    extra: [
      ["RangeRequested", requested],
      ["ActualObjectSize", String(size)],
    ],
    headers: [["Content-Range", `bytes */${size}`]],
  });
}
