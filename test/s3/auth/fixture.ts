import { findHeader } from "../../../src/http/exchange.ts";
import type { BodyReader, EdgeRequest } from "../../../src/http/types.ts";
import type { Clock } from "../../../src/platform/clock.ts";
import { Authenticator } from "../../../src/s3/auth/authenticator.ts";
import type { AuthResult } from "../../../src/s3/auth/types.ts";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import { parseS3Request, type S3Request } from "../../../src/s3/protocol/request.ts";
import { PiecesBody } from "../support/pieces-body.ts";

export const ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE";
/** Whose ACCESS_KEY is. */
export const USER_ID = "0123456789abcdef".repeat(4);
export const SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/** The moment of the examples in the AWS documentation: 20130524T000000Z. */
export const EXAMPLE_MS = Date.UTC(2013, 4, 24);
export const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export interface RequestParts {
  readonly method?: string;
  readonly target?: string;
  /** Name, value, ... */
  readonly headers?: readonly string[];
  readonly body?: BodyReader;
  readonly domains?: readonly string[];
}

const NO_BODY = new PiecesBody(0, () => Promise.resolve(undefined));

function edgeRequest(parts: RequestParts): EdgeRequest {
  const rawHeaders = parts.headers ?? ["Host", "127.0.0.1:9000"];
  return {
    method: parts.method ?? "GET",
    rawTarget: parts.target ?? "/",
    rawHeaders,
    header: (name) => findHeader(rawHeaders, name),
    remoteAddress: "127.0.0.1",
    tlsVersion: undefined,
    requestId: "TEST",
    body: parts.body ?? NO_BODY,
    signal: new AbortController().signal,
  };
}

export function s3Request(parts: RequestParts): S3Request {
  return parseS3Request(edgeRequest(parts), { domains: parts.domains ?? [] });
}

export function clockAt(ms: number): Clock {
  return { nowMs: () => ms, monotonicMs: () => 0 };
}

export function authenticatorAt(ms: number, region = "us-east-1"): Authenticator {
  const credentials = {
    find: (accessKey: string) =>
      accessKey === ACCESS_KEY ? { userId: USER_ID, accessKey, secretKey: SECRET_KEY } : undefined,
  };
  return new Authenticator({ credentials, clock: clockAt(ms), region });
}

/** What `work` was refused with. @throws Error when it was not refused with an S3Error. */
export function refusalOf(work: () => unknown): S3Error {
  try {
    work();
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  throw new Error("was not refused");
}

export function authenticate(parts: RequestParts, ms = EXAMPLE_MS): AuthResult {
  return authenticatorAt(ms).authenticate(s3Request(parts));
}

/** Edits the headers of a request: undefined removes. */
export function withHeaders(
  headers: readonly string[],
  changes: Record<string, string | undefined>,
): string[] {
  const result: string[] = [];
  const left = new Map(Object.entries(changes));
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (left.has(name)) {
      const value = left.get(name);
      left.delete(name);
      if (value !== undefined) result.push(name, value);
    } else result.push(name, headers[i + 1] as string);
  }
  for (const [name, value] of left) if (value !== undefined) result.push(name, value);
  return result;
}
