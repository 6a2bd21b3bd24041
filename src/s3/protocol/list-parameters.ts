/** The parameters of every list operation. */

import { invalidArgument } from "./errors.ts";
import { LIST_KEYS_MAX } from "./limits.ts";
import { encodeComponent } from "./percent.ts";
import type { S3Request } from "./request.ts";

const INTEGER_MAX = 2 ** 31 - 1;

export interface ListParameters {
  readonly prefix: string;
  /** "" = none. */
  readonly delimiter: string;
  readonly max: number;
  readonly encodes: boolean;
}

/** @param maxName `max-keys` or `max-uploads`. @throws S3Error InvalidArgument */
export function listParameters(request: S3Request, maxName: string): ListParameters {
  const encodes = encodesNames(request);
  return {
    prefix: request.query.get("prefix") ?? "",
    delimiter: request.query.get("delimiter") ?? "",
    max: Math.min(integerParameter(request, maxName, LIST_KEYS_MAX), LIST_KEYS_MAX),
    encodes,
  };
}

/**
 * A non-negative integer below 2^31; empty counts as absent. S3 has one error for text that is no int32, and another
 * error for a negative number (recorded 2026-09-10: brekkylab/backlot, tests). @throws S3Error InvalidArgument
 */
export function integerParameter(request: S3Request, name: string, fallback: number): number {
  const text = request.query.get(name);
  if (text === undefined || text === "") return fallback;
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= INTEGER_MAX && value >= -INTEGER_MAX - 1)) {
    throw invalidArgument(
      name,
      text.slice(0, 200),
      `Provided ${name} not an integer or within integer range`,
    );
  }
  if (value >= 0) return value === 0 ? 0 : value;
  throw invalidArgument(
    name,
    String(value),
    `Argument ${name} must be an integer between 0 and ${INTEGER_MAX}`,
  );
}

/** `encoding-type=url`, in any letter case, as in S3; an empty value is wrong. @throws S3Error InvalidArgument */
export function encodesNames(request: S3Request): boolean {
  const encoding = request.query.get("encoding-type");
  if (encoding === undefined) return false;
  if (encoding.toLowerCase() === "url") return true;
  throw invalidArgument(
    "encoding-type",
    encoding.slice(0, 200),
    "Invalid Encoding Method specified in Request",
  );
}

/** The encoding of names in the answer: `encoding-type=url` also encodes the characters that XML cannot carry. */
export function nameEncoder(encodes: boolean): (name: string) => string {
  return encodes ? (name) => encodeComponent(name).replaceAll("%2F", "/") : (name) => name;
}
