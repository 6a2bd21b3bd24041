/** What every list operation is asked. */
import { invalidArgument } from "../errors.ts";
import { encodeComponent } from "../percent.ts";
import type { S3Request } from "../request.ts";

export const LIST_KEYS_MAX = 1000;
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
  const encoding = request.query.get("encoding-type");
  if (encoding !== undefined && encoding !== "url") {
    throw invalidArgument("encoding-type", encoding, "Invalid Encoding Method specified in Request");
  }
  return {
    prefix: request.query.get("prefix") ?? "",
    delimiter: request.query.get("delimiter") ?? "",
    max: Math.min(integerParameter(request, maxName, LIST_KEYS_MAX), LIST_KEYS_MAX),
    encodes: encoding === "url",
  };
}

/** A non-negative integer below 2^31; empty counts as absent. @throws S3Error InvalidArgument */
export function integerParameter(request: S3Request, name: string, fallback: number): number {
  const text = request.query.get(name);
  if (text === undefined || text === "") return fallback;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= INTEGER_MAX) return value;
  throw invalidArgument(name, text, `Argument ${name} must be an integer between 0 and ${INTEGER_MAX}`);
}

/** How names appear in the answer: `encoding-type=url` spares clients what XML cannot carry. */
export function nameEncoder(encodes: boolean): (name: string) => string {
  return encodes ? (name) => encodeComponent(name).replaceAll("%2F", "/") : (name) => name;
}
