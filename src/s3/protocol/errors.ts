import { BodyError } from "../../http/types.ts";
import type { Random } from "../../platform/random.ts";
import { KvError } from "../../txn/types.ts";
import { S3_ERRORS, type S3ErrorCode } from "./error-catalogue.ts";

export type { S3ErrorCode } from "./error-catalogue.ts";

export interface S3ErrorOptions {
  /** Overrides the catalogue's message. */
  readonly message?: string;
  /** Further elements of the XML document, in order, e.g. `[["ArgumentName", "partNumber"]]`. */
  readonly extra?: readonly (readonly [name: string, value: string])[];
  /** Further response headers. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Overrides the resource the renderer was given. */
  readonly resource?: string;
  /** Overrides the catalogue's status (rarely right). */
  readonly status?: number;
  /** Answer, then close the connection. */
  readonly close?: boolean;
  /** Goes to the operator's log, as internal errors do. */
  readonly reported?: boolean;
  readonly cause?: unknown;
}

const NO_PAIRS: readonly (readonly [string, string])[] = [];

/** An expected refusal, as an error of S3. Nothing was stored. */
export class S3Error extends Error {
  readonly code: S3ErrorCode;
  readonly status: number;
  readonly extra: readonly (readonly [string, string])[];
  readonly headers: readonly (readonly [string, string])[];
  readonly resource: string | undefined;
  readonly close: boolean;
  readonly reported: boolean;

  constructor(code: S3ErrorCode, options: S3ErrorOptions = {}) {
    const [status, message] = S3_ERRORS[code];
    super(options.message ?? message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "S3Error";
    this.code = code;
    this.status = options.status ?? status;
    this.extra = options.extra ?? NO_PAIRS;
    this.headers = options.headers ?? NO_PAIRS;
    this.resource = options.resource;
    this.close = options.close ?? false;
    this.reported = options.reported ?? false;
  }
}

/** InvalidArgument with the ArgumentName and ArgumentValue elements AWS adds. */
export function invalidArgument(name: string, value: string, message?: string): S3Error {
  return new S3Error("InvalidArgument", {
    ...(message === undefined ? {} : { message }),
    extra: [
      ["ArgumentName", name],
      ["ArgumentValue", value],
    ],
  });
}

/**
 * Converts any error to the error for the client. S3Error stays the same; BodyError and KvError have matching S3
 * errors; everything else is InternalError, whose text contains no internal detail (keep `cause` for the log).
 */
export function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error;
  if (error instanceof BodyError) return fromBodyError(error);
  if (error instanceof KvError) return fromKvError(error);
  return new S3Error("InternalError", { cause: error });
}

function fromBodyError(error: BodyError): S3Error {
  switch (error.code) {
    case "TRUNCATED":
      return new S3Error("IncompleteBody", { close: true, cause: error });
    case "TIMEOUT":
      return new S3Error("RequestTimeout", { close: true, cause: error });
    case "TOO_LONG":
      return new S3Error("EntityTooLarge", { close: true, cause: error });
    case "MALFORMED":
      return new S3Error("InvalidRequest", {
        message: "The transfer coding of the request body is malformed.",
        close: true,
        cause: error,
      });
  }
}

function fromKvError(error: KvError): S3Error {
  switch (error.code) {
    case "UNAVAILABLE":
      // Nothing was written. Clients wait longest before they repeat a SlowDown.
      return new S3Error("SlowDown", {
        message: "No leader was found in time. Please try again.",
        cause: error,
      });
    case "CLOSED":
      return new S3Error("ServiceUnavailable", { cause: error });
    case "TIMEOUT":
      // The outcome is unknown; S3 clients repeat a 503, and every operation here may be repeated.
      return new S3Error("ServiceUnavailable", {
        message: "The request was not confirmed in time. Please try again.",
        cause: error,
      });
    case "DISK_FULL":
      return new S3Error("StorageFull", { cause: error });
    case "TOO_LARGE":
      return new S3Error("InternalError", { cause: error });
  }
}

/** The shortest and the longest time, in milliseconds, that a refused client must wait. */
const COME_BACK_MS = { least: 1_000, most: 3_000 };

/**
 * The time to wait before a retry: whole seconds for every client (RFC 9110 section 10.2.3), milliseconds for SDKs of
 * the `standard` retry mode 2.1. The time is random, 1 to 3 s: clients that were refused together must not retry
 * together.
 */
export function retryHeaders(random: Random): readonly (readonly [string, string])[] {
  const ms = COME_BACK_MS.least + random.nextInt(COME_BACK_MS.most - COME_BACK_MS.least + 1);
  return [
    ["Retry-After", String(Math.ceil(ms / 1000))],
    ["x-amz-retry-after", String(ms)],
  ];
}

export interface ErrorContext {
  readonly requestId: string;
  /** `/bucket/key` as the client named it, decoded. */
  readonly resource?: string;
  readonly hostId?: string;
}

/** The error document. The Content-Type is `application/xml`. */
export function renderErrorXml(error: S3Error, context: ErrorContext): string {
  let xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message>`;
  for (const [name, value] of error.extra) xml += `<${name}>${escapeXml(value)}</${name}>`;
  const resource = error.resource ?? context.resource;
  if (resource !== undefined) xml += `<Resource>${escapeXml(resource)}</Resource>`;
  xml += `<RequestId>${escapeXml(context.requestId)}</RequestId>`;
  if (context.hostId !== undefined) xml += `<HostId>${escapeXml(context.hostId)}</HostId>`;
  return `${xml}</Error>`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what must be found
const NEEDS_ESCAPE = /[&<>"'\u0000-\u001f\u007f-\u009f\ufffe\uffff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const ESCAPED = /[&<>"'\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g;

/**
 * Text for an XML 1.0 element or attribute. Tab, LF and CR become character references (a parser would otherwise
 * normalise CR away), and so do C1 controls. The other C0 controls have no valid form in XML 1.0. S3 still sends
 * these controls as references (`&#x1;`) and clients' parsers accept the references, so that every key can be listed.
 * NUL, U+FFFE and U+FFFF become U+FFFD. Lone surrogates cannot come from a decoded UTF-8 string.
 */
export function escapeXml(text: string): string {
  return NEEDS_ESCAPE.test(text) ? text.replace(ESCAPED, escapeOne) : text;
}

function escapeOne(character: string): string {
  switch (character) {
    case "&":
      return "&amp;";
    case "<":
      return "&lt;";
    case ">":
      return "&gt;";
    case '"':
      return "&quot;";
    case "'":
      return "&apos;";
    case "\u0000":
    case "\ufffe":
    case "\uffff":
      return "\ufffd";
    default:
      return `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
  }
}
