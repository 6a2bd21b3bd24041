/**
 * Request module for the load generator: SigV4-signed S3 requests, all made before the first one is sent. Every
 * connection goes round its own keys: `/bucket/<prefix><connection>-<number>`.
 */
import { createHash } from "node:crypto";
import {
  type Credentials,
  encodeQuery,
  signedHeaders,
  UNSIGNED_PAYLOAD,
} from "../../test/process/lib/sigv4.ts";
import type { LoadPlan, RequestFactory, WireRequest } from "./load-plan.ts";

export interface S3RequestOptions {
  readonly method: "GET" | "PUT";
  /** Path before the key: `/bucket/prefix`. */
  readonly path: string;
  /** Each connection has this many keys; 0 = `path` is the whole path and all ask for the same. */
  readonly keysPerConnection: number;
  readonly bodyBytes?: number;
  /** Sign the body's SHA-256 instead of UNSIGNED-PAYLOAD. */
  readonly signBody?: boolean;
  /** One request for each of these queries, instead of one for each key. */
  readonly queries?: readonly (readonly (readonly [string, string])[])[];
  /** Each connection goes round its keys once and stops: after it every key exists, whichever connection was slow. */
  readonly once?: boolean;
  readonly credentials: Credentials;
}

/** Bodies above this are sent as repetitions of one piece. */
const PIECE_BYTES = 1 << 20;
/** Up to this head and body leave in one write, as a client's small request does. */
const ONE_WRITE_BYTES = 64 << 10;

const factory: RequestFactory = (connection, plan) => {
  const options = plan.options as S3RequestOptions;
  const requests = paths(options, connection).map(({ path, query }) => build(plan, options, path, query));
  let at = 0;
  if (options.once === true) return () => requests[at++];
  return () => requests[at++ % requests.length];
};

/** Imported by path (load-generator.ts). */
export default factory;

function paths(options: S3RequestOptions, connection: number) {
  if (options.queries !== undefined) return options.queries.map((query) => ({ path: options.path, query }));
  if (options.keysPerConnection === 0) return [{ path: options.path, query: undefined }];
  return Array.from({ length: options.keysPerConnection }, (_, i) => ({
    path: `${options.path}${connection}-${i}`,
    query: undefined,
  }));
}

function build(
  plan: LoadPlan,
  options: S3RequestOptions,
  path: string,
  query: readonly (readonly [string, string])[] | undefined,
): WireRequest {
  const bodyBytes = options.bodyBytes ?? 0;
  const piece = new Uint8Array(Math.min(bodyBytes, PIECE_BYTES)).fill(98);
  const headers = signedHeaders({
    method: options.method,
    host: `${plan.host}:${plan.port}`,
    path,
    payloadHash: options.signBody === true ? hashOfBody(bodyBytes) : UNSIGNED_PAYLOAD,
    credentials: options.credentials,
    ...(query === undefined ? {} : { query }),
  });
  if (options.method === "PUT") headers["content-length"] = String(bodyBytes);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const target = query === undefined ? path : `${path}?${encodeQuery(query)}`;
  const head = Buffer.from(`${options.method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  if (bodyBytes === 0) return { head };
  if (bodyBytes <= ONE_WRITE_BYTES) return { head: Buffer.concat([head, piece]) };
  return { head, body: piece, repeat: bodyBytes / piece.length, fresh: options.signBody !== true };
}

const hashes = new Map<number, string>();

function hashOfBody(bytes: number): string {
  let hash = hashes.get(bytes);
  if (hash === undefined) {
    hash = createHash("sha256").update(new Uint8Array(bytes).fill(98)).digest("hex");
    hashes.set(bytes, hash);
  }
  return hash;
}
