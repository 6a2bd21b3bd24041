/**
 * Request module for the load generator: GET or PUT with a SigV4 Authorization header, computed once per connection
 * and repeated. Options: `{ method, target, bodyBytes?, signed? }`.
 */
import { createHash, createHmac } from "node:crypto";
import type { LoadPlan, RequestFactory, WireRequest } from "./load-plan.ts";

export const BENCH_ACCESS_KEY = "BENCHBENCHBENCHBENCH";
export const BENCH_SECRET_KEY = "bench/secret/bench/secret/bench/secret/1";

export interface SignedRequestOptions {
  readonly method: "GET" | "PUT" | "HEAD" | "DELETE";
  /** Canonical path, with an optional `#` that becomes the connection number. */
  readonly target: string;
  readonly bodyBytes?: number;
  /** False: no Authorization header. Default true. */
  readonly signed?: boolean;
  readonly accessKey?: string;
  readonly secretKey?: string;
}

/** Bodies above this are sent as repetitions of one piece. */
const PIECE_BYTES = 1024 * 1024;

export function buildRequest(plan: LoadPlan, options: SignedRequestOptions, connection: number): WireRequest {
  const target = options.target.replace("#", String(connection));
  const bodyBytes = options.bodyBytes ?? 0;
  const pieceBytes = Math.min(bodyBytes, PIECE_BYTES);
  if (pieceBytes > 0 && bodyBytes % pieceBytes !== 0)
    throw new Error(`${bodyBytes} is not a multiple of ${pieceBytes}`);
  const lines = [`${options.method} ${target} HTTP/1.1`, `Host: ${plan.host}:${plan.port}`];
  if (options.signed !== false) lines.push(...signature(plan, options, target));
  lines.push("User-Agent: elastickv-bench", "Accept: */*");
  if (options.method === "PUT") lines.push(`Content-Length: ${bodyBytes}`);
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  const isHead = options.method === "HEAD";
  if (bodyBytes === 0) return { head, isHead };
  const body = new Uint8Array(pieceBytes).fill(98);
  // One write for a small request: what a client would do.
  if (bodyBytes === pieceBytes && bodyBytes <= 65_536) return { head: Buffer.concat([head, body]), isHead };
  return { head, body, repeat: bodyBytes / pieceBytes, isHead };
}

function signature(plan: LoadPlan, options: SignedRequestOptions, target: string): string[] {
  const accessKey = options.accessKey ?? BENCH_ACCESS_KEY;
  const secretKey = options.secretKey ?? BENCH_SECRET_KEY;
  const timestamp = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
  const day = timestamp.slice(0, 8);
  const signedHeaders = "host;x-amz-content-sha256;x-amz-date";
  const [path = "", query = ""] = target.split("?");
  const canonical = [
    options.method,
    path,
    query,
    `host:${plan.host}:${plan.port}`,
    "x-amz-content-sha256:UNSIGNED-PAYLOAD",
    `x-amz-date:${timestamp}`,
    "",
    signedHeaders,
    "UNSIGNED-PAYLOAD",
  ].join("\n");
  const scope = `${day}/us-east-1/s3/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${createHash("sha256").update(canonical).digest("hex")}`;
  let key: string | Buffer = `AWS4${secretKey}`;
  for (const part of [day, "us-east-1", "s3", "aws4_request"])
    key = createHmac("sha256", key).update(part).digest();
  const hex = createHmac("sha256", key).update(toSign).digest("hex");
  return [
    `x-amz-date: ${timestamp}`,
    "x-amz-content-sha256: UNSIGNED-PAYLOAD",
    `Authorization: AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${signedHeaders}, Signature=${hex}`,
  ];
}

const factory: RequestFactory = (connection, plan) => {
  const request = buildRequest(plan, plan.options as SignedRequestOptions, connection);
  return () => request;
};

export default factory;
