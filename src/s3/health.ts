/**
 * Health on the S3 port, for balancers that probe the port of the clients. `-` is no bucket name, so `/-/` is no
 * object. Operators who come from MinIO probe `/minio/health/`, which is an object as soon as a bucket `minio`
 * exists.
 *
 * The probe is answered before signatures and routing, without a read of the cluster. S3 handles every signed
 * request.
 */
import type { EdgeBody, EdgeReply, EdgeRequest } from "../http/types.ts";
import { parseQuery, type Query } from "./protocol/query.ts";
import { bucketOfHostHeader } from "./protocol/request.ts";
import { bucketKey } from "./records/keys.ts";

export interface HealthSources {
  /** Domains whose subdomains are buckets: there `/-/ready` is an object. */
  readonly domains: readonly string[];
  /** The readiness that /readyz returns. */
  readiness(): { readonly ready: boolean; readonly reasons?: readonly { readonly code: string }[] };
  /**
   * Whether this node's own copy has a live row of `key`. The copy may be older than the cluster, and the call never
   * waits.
   */
  hasLocally(key: Uint8Array): boolean;
}

type Answer = (sources: HealthSources) => EdgeReply;

/** Bodies contain codes only: messages name nodes, and the sender of a probe is anonymous. */
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

/** MinIO's health check API (docs.min.io, "Healthcheck API"): the status alone is the answer. */
const MINIO: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ["/minio/health/live", () => empty(200)],
  ["/minio/health/ready", readyOrNot],
  ["/minio/health/cluster", readyOrNot],
  ["/minio/health/cluster/read", readyOrNot],
]);
const MINIO_PREFIX = "/minio/health/";

const NO_STORE: readonly [string, string] = ["Cache-Control", "no-store"];

/** A request that is no probe costs one or two comparisons. @returns undefined: the request is for S3. */
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
      // `maintenance` asks whether the node may stop, and 200 would be a wrong answer to that question.
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
    return undefined; // S3 answers with the error of the query.
  }
}

/** Signature version 4 or 2 in the query, whole or in part. */
function isSigned(query: Query): boolean {
  return query.entries.some(
    ({ name }) => /^x-amz-/i.test(name) || name === "AWSAccessKeyId" || name === "Signature",
  );
}

/** A node that cannot read its own copy answers the probe. */
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
