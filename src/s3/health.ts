/**
 * Health on the S3 port, for balancers that look where they send clients. `-` is no bucket name, so `/-/` is nobody's object;
 * `/minio/health/` is where those look who come from MinIO, and somebody's object as soon as there is a bucket of that name.
 *
 * Answered before signatures and routing, without a read of the cluster. What is signed goes to S3 as ever.
 */
import type { EdgeBody, EdgeReply, EdgeRequest } from "../http/types.ts";
import { bucketKey } from "./keys.ts";
import { parseQuery, type Query } from "./query.ts";
import { bucketOfHostHeader } from "./request.ts";

export interface HealthSources {
  /** Domains whose subdomains are buckets: there `/-/ready` is an object. */
  readonly domains: readonly string[];
  /** What /readyz says. */
  readiness(): { readonly ready: boolean; readonly reasons?: readonly { readonly code: string }[] };
  /** Whether this node's own copy has a live row there: old by what it has not applied yet, and never waited for. */
  hasLocally(key: Uint8Array): boolean;
}

type Answer = (sources: HealthSources) => EdgeReply;

/** Bodies tell codes only: messages name nodes, and whoever asks is nobody in particular. */
const OWN: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ["/-/healthy", () => json(200, { status: "ok" })],
  [
    "/-/ready",
    (sources) => {
      const { ready, reasons = [] } = sources.readiness();
      return json(ready ? 200 : 503, { ready, reasons: ready ? [] : reasons.map(({ code }) => ({ code })) });
    },
  ],
]);

/** MinIO's health check API (docs.min.io, "Healthcheck API"): the status says it all. */
const MINIO: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ["/minio/health/live", () => empty(200)],
  ["/minio/health/ready", readyOrNot],
  ["/minio/health/cluster", readyOrNot],
  ["/minio/health/cluster/read", readyOrNot],
]);
const MINIO_PREFIX = "/minio/health/";

const NO_STORE: readonly [string, string] = ["Cache-Control", "no-store"];

/** Costs a request that is not about health a comparison or two. @returns undefined: this is for S3. */
export function healthProbe(sources: HealthSources): (request: EdgeRequest) => EdgeReply | undefined {
  return (request) => {
    const { method, rawTarget } = request;
    if (!(rawTarget.startsWith("/-/") || rawTarget.startsWith(MINIO_PREFIX))) return undefined;
    if (method !== "GET" && method !== "HEAD") return undefined;
    const mark = rawTarget.indexOf("?");
    const path = mark < 0 ? rawTarget : rawTarget.slice(0, mark);
    const minio = MINIO.get(path);
    const answer = OWN.get(path) ?? minio;
    if (
      answer === undefined ||
      bucketOfHostHeader(request.header("host") ?? "", sources.domains) !== undefined
    ) {
      return undefined;
    }
    const query = queryOf(mark < 0 ? "" : rawTarget.slice(mark + 1));
    if (query === undefined || request.header("authorization") !== undefined || isSigned(query))
      return undefined;
    if (minio !== undefined) {
      // "May this node go down?" is another question, and 200 would be the wrong answer to it.
      if (query.has("maintenance") || minioIsABucket(sources)) return undefined;
    }
    const reply = answer(sources);
    return method === "HEAD" ? { ...reply, body: headOf(reply.body) } : reply;
  };
}

function queryOf(raw: string): Query | undefined {
  try {
    return parseQuery(raw);
  } catch {
    return undefined; // S3 says what is wrong with it.
  }
}

/** Signature version 4 or 2 in the query, whole or in part. */
function isSigned(query: Query): boolean {
  return query.entries.some(
    ({ name }) => /^x-amz-/i.test(name) || name === "AWSAccessKeyId" || name === "Signature",
  );
}

/** A node that cannot read its own copy now has other worries than this name. */
function minioIsABucket(sources: HealthSources): boolean {
  try {
    return sources.hasLocally(MINIO_BUCKET);
  } catch {
    return false;
  }
}

const MINIO_BUCKET = bucketKey("minio");

function readyOrNot(sources: HealthSources): EdgeReply {
  return empty(sources.readiness().ready ? 200 : 503);
}

function empty(status: number): EdgeReply {
  return { status, headers: [NO_STORE], body: { kind: "bytes", bytes: new Uint8Array(0) } };
}

function json(status: number, value: unknown): EdgeReply {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return {
    status,
    headers: [["Content-Type", "application/json"], NO_STORE],
    body: { kind: "bytes", bytes },
  };
}

function headOf(body: EdgeBody): EdgeBody {
  return body.kind === "bytes" ? { kind: "head", length: body.bytes.byteLength } : body;
}
