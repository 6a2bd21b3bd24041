/** The S3 application without sockets: requests go in and replies come out as the edge would see them. */
import { hashersReady } from "../../../src/hash/hashers.ts";
import { HashPool } from "../../../src/hash/pool.ts";
import { BodyError, type EdgeReply, type EdgeRequest } from "../../../src/http/types.ts";
import { accountIdOf } from "../../../src/iam/account-id.ts";
import { CANNED_TEXTS } from "../../../src/iam/policy/canned.ts";
import type { AttachedPolicy, IamView } from "../../../src/iam/types.ts";
import type { Clock } from "../../../src/platform/clock.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { systemTimers } from "../../../src/platform/timers.ts";
import { createS3Application } from "../../../src/s3/app.ts";
import { Authenticator } from "../../../src/s3/auth/authenticator.ts";
import type { Authorizer } from "../../../src/s3/auth/authorizer.ts";
import { policyAuthorizer } from "../../../src/s3/auth/policy-authorizer.ts";
import type { AuthResult } from "../../../src/s3/auth/types.ts";
import { PutAdmission } from "../../../src/s3/content/admission.ts";
import { logContents } from "../../../src/s3/content/log/log-contents.ts";
import type { LogSinkDeps } from "../../../src/s3/content/log/writer.ts";
import type { S3Deps } from "../../../src/s3/context/deps.ts";
import { RequestHold } from "../../../src/s3/context/request-hold.ts";
import { noS3Metrics } from "./no-metrics.ts";
import { PiecesBody } from "./pieces-body.ts";
import { TestKv } from "./test-kv.ts";

// The front waits for them as well.
await hashersReady;

export class TestClock implements Clock {
  now = Date.UTC(2026, 10, 21, 8, 0, 0);
  nowMs(): number {
    return this.now;
  }
  monotonicMs(): number {
    return this.now;
  }
}

type Body =
  | string
  | Uint8Array
  | { readonly length: number; readonly pieces: () => AsyncIterator<Uint8Array> };

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  /** Further header lines, which may repeat a name. */
  readonly lines?: readonly (readonly [name: string, value: string])[];
  readonly body?: Body;
  /** Content-Length that is announced instead of the body's own. */
  readonly declaredLength?: number;
  readonly anonymous?: boolean;
  /** Id of the user who signs; root when there is none. */
  readonly as?: string;
  readonly payload?: AuthResult["payload"];
  /** Of the client. */
  readonly address?: string;
  readonly tlsVersion?: string;
  /** What the request is signed for. */
  readonly region?: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Buffer;
  readonly text: string;
  readonly close: boolean;
  readonly reply: EdgeReply;
  /** Body bytes that were asked for. */
  readonly bodyRead: number;
  /** `<name>` of the document, first occurrence, as it stands there. */
  tag(name: string): string | undefined;
  tags(name: string): string[];
}

const SOCKET_PIECE = 200_000;

function bodyOf(body: Body | undefined, declaredLength: number | undefined): PiecesBody {
  if (body === undefined) return endingBody(declaredLength ?? 0, async () => undefined);
  if (typeof body === "object" && "pieces" in body) {
    const pieces = body.pieces();
    return endingBody(declaredLength ?? body.length, async () => (await pieces.next()).value);
  }
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  let at = 0;
  return endingBody(declaredLength ?? bytes.byteLength, async () => {
    const piece = bytes.subarray(at, at + SOCKET_PIECE);
    at += piece.byteLength;
    return piece.byteLength === 0 ? undefined : piece;
  });
}

/** Says, as the edge does, when it ends too early. */
function endingBody(declaredLength: number, next: () => Promise<Uint8Array | undefined>): PiecesBody {
  let given = 0;
  return new PiecesBody(declaredLength, async () => {
    const piece = await next();
    given += piece?.byteLength ?? 0;
    if (piece === undefined && given < declaredLength) {
      throw new BodyError("TRUNCATED", `the body ended after ${given} of ${declaredLength} bytes`);
    }
    return piece;
  });
}

/** The user who signs every request that is not anonymous, and who owns everything. */
export const OWNER_ID = "0123456789abcdef".repeat(4);
/** The keys that sign forms: those of AWS's examples. */
export const FORM_KEYS = {
  accessKey: "AKIAIOSFODNN7EXAMPLE",
  secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const OWNER = { id: OWNER_ID, name: "root", accountId: accountIdOf(OWNER_ID), displayName: "owner" };
/** A user without buckets, who signs what `Call.as` names. */
export const OTHER_ID = "fedcba9876543210".repeat(4);
const OTHER = { id: OTHER_ID, name: "other", accountId: accountIdOf(OTHER_ID), displayName: "Other" };
/** What a new user may do: everything with its own buckets. */
const OWN_BUCKETS: readonly AttachedPolicy[] = [{ name: "owner", text: CANNED_TEXTS.get("owner") ?? "" }];
const iam: IamView = {
  root: OWNER,
  user: (id) => [OWNER, OTHER].find((known) => known.id === id),
  policiesOf: (id) => (id === OWNER_ID ? [] : OWN_BUCKETS),
};

/** Decides by policies, as a node does. */
export function policiesOnly(view: IamView): Authorizer {
  return policyAuthorizer({
    iam: view,
    onUnreadable: (policy, error) => {
      throw new Error(`policy ${policy.name} cannot be read`, { cause: error });
    },
  });
}

export interface Harness {
  readonly kv: TestKv;
  readonly clock: TestClock;
  readonly deps: S3Deps;
  readonly log: LogSinkDeps;
  readonly errors: unknown[];
  readonly admission: PutAdmission;
  call(method: string, target: string, call?: Call): Promise<Answer>;
}

export interface HarnessOptions {
  readonly kv?: TestKv;
  readonly deps?: Partial<S3Deps>;
  /** Of the path through the log. */
  readonly log?: Partial<LogSinkDeps>;
  readonly admissionBytes?: number;
  /** What the authenticator says after the bucket was read. */
  readonly confirm?: () => void;
}

export function harness(options: HarnessOptions = {}): Harness {
  const kv = options.kv ?? new TestKv();
  const clock = new TestClock();
  const errors: unknown[] = [];
  const admission =
    options.deps?.admission ??
    new PutAdmission({
      capacityBytes: options.admissionBytes ?? 256 * 1024 * 1024,
      timeoutMs: 30_000,
      chunkedIncremental: true,
      entryBytes: kv.maxTxnBytes,
      clock,
      random: systemRandom,
      metrics: noS3Metrics,
    });
  const log: LogSinkDeps = {
    kv: options.deps?.kv ?? kv,
    clock: options.deps?.clock ?? clock,
    random: options.deps?.random ?? systemRandom,
    admission,
    node: "node-1",
    origin: new Uint8Array(8).fill(1),
    inlineBytesMax: 64 * 1024,
    ...options.log,
  };
  const forms = new Authenticator({
    credentials: {
      find: (accessKey) =>
        accessKey === FORM_KEYS.accessKey ? { userId: OWNER_ID, ...FORM_KEYS } : undefined,
    },
    clock,
    region: "us-east-1",
  });
  const results = new WeakMap<EdgeRequest, AuthResult>();
  const deps: S3Deps = {
    kv,
    clock,
    random: systemRandom,
    timers: systemTimers,
    hashes: new HashPool({ workers: 0, spawn: () => neverSpawned() }),
    authenticator: {
      authenticate: (request) => results.get(request.edge) ?? neverSpawned(),
      confirm: options.confirm ?? (() => {}),
      authenticateForm: (form) => forms.authenticateForm(form),
    },
    iam,
    authorizer: policiesOnly(options.deps?.iam ?? iam),
    admission,
    content: logContents(log),
    hold: openHold(),
    versioningOpen: () => true,
    metrics: noS3Metrics,
    region: "us-east-1",
    domains: ["s3.test"],
    hostId: "host-id",
    keepAliveAfterMs: 60_000,
    onInternalError: (error) => errors.push(error),
    ...options.deps,
  };
  const application = createS3Application(deps);
  let requests = 0;

  async function call(method: string, target: string, call: Call = {}): Promise<Answer> {
    const rawHeaders = ["Host", "localhost:9000"];
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      if (name.toLowerCase() === "host") rawHeaders[1] = value;
      else rawHeaders.push(name, value);
    }
    rawHeaders.push(...(call.lines ?? []).flat());
    const body = bodyOf(call.body, call.declaredLength);
    const sendsLength = call.body !== undefined || call.declaredLength !== undefined || method === "PUT";
    if (sendsLength && body.declaredLength !== undefined && call.headers?.["Content-Length"] === undefined) {
      rawHeaders.push("Content-Length", String(body.declaredLength));
    }
    const edge: EdgeRequest = {
      method,
      rawTarget: target,
      rawHeaders,
      header: (name) => {
        for (let i = 0; i < rawHeaders.length; i += 2) {
          if ((rawHeaders[i] as string).toLowerCase() === name) return rawHeaders[i + 1];
        }
        return undefined;
      },
      remoteAddress: call.address ?? "127.0.0.1",
      tlsVersion: call.tlsVersion,
      requestId: `REQUEST${++requests}`,
      body,
      signal: new AbortController().signal,
    };
    results.set(edge, {
      principal:
        call.anonymous === true
          ? { kind: "anonymous" }
          : { kind: "user", id: call.as ?? OWNER_ID, accessKey: "AKTEST" },
      payload: call.payload ?? { kind: "unsigned" },
      method: call.anonymous === true ? "anonymous" : "header",
      ...(call.region === undefined ? {} : { region: call.region }),
    });
    const reply = await application(edge);
    return answerOf(reply, body.received);
  }

  return { kv, clock, deps, log, errors, admission, call };
}

function openHold(): RequestHold {
  const hold = new RequestHold({ timers: systemTimers });
  hold.setOpen(true);
  return hold;
}

function neverSpawned(): never {
  throw new Error("not in this test");
}

async function answerOf(reply: EdgeReply, bodyRead: number): Promise<Answer> {
  const bytes = await drain(reply);
  const text = bytes.toString("utf8");
  const tags = (name: string): string[] =>
    [...text.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`, "g"))].map(
      (match) => match[1] as string,
    );
  return {
    status: reply.status,
    headers: new Map(reply.headers.map(([name, value]) => [name.toLowerCase(), value])),
    bytes,
    text,
    close: reply.close === true,
    reply,
    bodyRead,
    tag: (name) => tags(name)[0],
    tags,
  };
}

async function drain(reply: EdgeReply): Promise<Buffer> {
  switch (reply.body.kind) {
    case "none":
    case "head":
      return Buffer.alloc(0);
    case "bytes":
      return Buffer.from(reply.body.bytes);
    case "stream":
    case "unsized": {
      const pieces: Buffer[] = [];
      for await (const piece of reply.body.chunks) pieces.push(Buffer.from(piece));
      const whole = Buffer.concat(pieces);
      if (reply.body.kind === "stream" && whole.byteLength !== reply.body.length) {
        throw new Error(`${whole.byteLength} bytes were sent, ${reply.body.length} announced`);
      }
      return whole;
    }
  }
}

/** Bytes that no two offsets share by accident. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i + 4 <= length; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes.writeUInt32LE(state, i);
  }
  for (let i = length - (length % 4); i < length; i++) bytes[i] = i & 0xff;
  return bytes;
}
