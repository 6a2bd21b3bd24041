/**
 * The access log: one line for each request whose answer has ended. Operators find the line by the request id in
 * the answer. Text from clients is shortened and escaped; signatures and tokens are left out.
 */
import type { EdgeRequest, RefusedRequest, RequestOutcome } from "../http/types.ts";
import { LineQueue } from "../monitoring/line-queue.ts";
import { type LogFields, type LogFormat, logLine, toJournal } from "../monitoring/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";

/** @internal */
export type AccessLogMode = "off" | "errors" | "all";

export interface AccessLogOptions {
  readonly mode: AccessLogMode;
  readonly format: LogFormat;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onDropped: (lines: number) => void;
  /** Writes whole lines; default: standard error. */
  readonly write?: (text: string, done: (error: NodeJS.ErrnoException | null) => void) => void;
  readonly writeNow?: (text: string) => void;
}

export interface AccessLog {
  readonly onEnded?: (request: EdgeRequest, outcome: RequestOutcome) => void;
  readonly onRefused?: (refused: RefusedRequest) => void;
  /** Writes the waiting lines. */
  close(): void;
}

/** Limit of waiting lines: a burst of a second or two at full speed, some 10 MB. */
const MAX_WAITING = 20_000;
const KEY_MAX = 1024;
const QUERY_MAX = 512;
const AGENT_MAX = 256;
const NAME_MAX = 128;

export function accessLog(options: AccessLogOptions): AccessLog {
  if (options.mode === "off") return { close: () => {} };
  const { format, clock, onDropped, timers, write, writeNow } = options;
  const journal = write === undefined && toJournal();
  const queue = new LineQueue<LogFields>({
    maxWaiting: MAX_WAITING,
    format: (fields) => logLine(fields, "info", format, journal),
    onDropped,
    timers,
    ...(write === undefined ? {} : { write }),
    ...(writeNow === undefined ? {} : { writeNow }),
  });
  const all = options.mode === "all";
  const head = () => ({
    ts: new Date(clock.nowMs()).toISOString(),
    level: "info",
    thread: "front",
    msg: "request",
  });
  return {
    onEnded: (request, outcome) => {
      if (all || isError(outcome)) queue.push({ ...head(), ...fieldsOf(request, outcome) });
    },
    onRefused: ({ requestId, remoteAddress, status, code }) =>
      queue.push({ ...head(), requestId, remote: remoteAddress, status, error: code }),
    close: () => queue.close(),
  };
}

/**
 * True for a refused request, a broken connection, and a 200 that contains an error (a completion that took long).
 */
function isError({ status, aborted, facts }: RequestOutcome): boolean {
  return status >= 400 || aborted !== undefined || (status < 300 && facts?.errorCode !== undefined);
}

function fieldsOf(request: EdgeRequest, outcome: RequestOutcome): LogFields {
  const { facts } = outcome;
  const mark = request.rawTarget.indexOf("?");
  const path = mark < 0 ? request.rawTarget : request.rawTarget.slice(0, mark);
  return {
    requestId: request.requestId,
    remote: outcome.remoteAddress,
    method: request.method,
    bucket: cut(facts?.bucket, KEY_MAX),
    key: cut(facts?.key, KEY_MAX),
    // A path that could not be parsed is logged as the client sent it.
    path: facts?.bucket === undefined ? cut(path, KEY_MAX) : undefined,
    query: mark < 0 ? undefined : cut(withoutSecrets(request.rawTarget.slice(mark + 1)), QUERY_MAX),
    operation: facts?.operation,
    status: outcome.status,
    error: facts?.errorCode,
    aborted: outcome.aborted,
    in: outcome.bytesIn,
    out: outcome.bytesOut,
    ms: rounded(outcome.totalMs),
    firstByteMs: rounded(outcome.firstByteMs),
    accessKey: cut(facts?.accessKey, NAME_MAX),
    host: cut(request.header("host"), NAME_MAX),
    agent: cut(request.header("user-agent"), AGENT_MAX),
    // The query is cut off, because a referring page may itself have a presigned URL.
    referer: cut(request.header("referer")?.split(/[?#]/, 1)[0], AGENT_MAX),
  };
}

function cut(text: string | undefined, max: number): string | undefined {
  return text === undefined || text.length <= max ? text : `${text.slice(0, max)}...`;
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Query parameters of signature version 4, of its session tokens, and of signature version 2. */
const SECRET =
  /^(?:x-amz-(?:signature|credential|security-token|s3session-token)|signature|awsaccesskeyid)$/i;

/** Names of parameters stay, so that a reader sees how a request was signed. */
function withoutSecrets(query: string): string {
  if (!/sign|token|cred|awsa|%/i.test(query)) return query;
  return query
    .split("&")
    .map((pair) => {
      const equals = pair.indexOf("=");
      if (equals < 0) return pair;
      const name = pair.slice(0, equals);
      return SECRET.test(decoded(name)) ? `${name}=REDACTED` : pair;
    })
    .join("&");
}

/** A name that cannot be decoded is not the name of a known parameter. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " ")).trim();
  } catch {
    return name;
  }
}
