/**
 * AWS Signature Version 4 for the tests' and benches' own requests. Written apart from `src/s3/auth`, from the AWS
 * document alone, so that a mistake there is not repeated here and thereby hidden.
 */
import { createHash, createHmac } from "node:crypto";

export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface RequestToSign {
  readonly method: string;
  /** Host header, with the port. */
  readonly host: string;
  /** As it will stand on the request line, percent-encoded, without the query. */
  readonly path: string;
  /** Not encoded yet. */
  readonly query?: readonly (readonly [string, string])[];
  /** Headers to sign besides host, x-amz-date and x-amz-content-sha256. Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Hex SHA-256 of the body, or UNSIGNED-PAYLOAD and the like. */
  readonly payloadHash: string;
  readonly credentials: Credentials;
  readonly now?: Date;
}

export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";
const REGION = "us-east-1";
const ALGORITHM = "AWS4-HMAC-SHA256";

/** RFC 3986: everything but unreserved characters, as UTF-8, upper-case hex. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A key as a request path: "/" stays. */
export function encodeKey(key: string): string {
  return key.split("/").map(percentEncode).join("/");
}

export function encodeQuery(query: readonly (readonly [string, string])[]): string {
  return query.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join("&");
}

/** All headers the request needs, `authorization` included. */
export function signedHeaders(request: RequestToSign): Record<string, string> {
  const { stamp, scope } = scopeOf(request);
  const headers: Record<string, string> = {
    host: request.host,
    "x-amz-content-sha256": request.payloadHash,
    "x-amz-date": stamp,
    ...request.headers,
  };
  const names = Object.keys(headers).sort();
  const signature = sign(request, stamp, scope, sortedQuery(request.query ?? []), headers, names);
  headers["authorization"] =
    `${ALGORITHM} Credential=${request.credentials.accessKey}/${scope},` +
    `SignedHeaders=${names.join(";")},Signature=${signature}`;
  return headers;
}

/** Path and query of a presigned URL (only `host` is signed). */
export function presignedTarget(request: Omit<RequestToSign, "payloadHash">, expiresSeconds: number): string {
  const full = { ...request, payloadHash: UNSIGNED_PAYLOAD };
  const { stamp, scope } = scopeOf(full);
  const query: (readonly [string, string])[] = [
    ...(request.query ?? []),
    ["X-Amz-Algorithm", ALGORITHM],
    ["X-Amz-Credential", `${request.credentials.accessKey}/${scope}`],
    ["X-Amz-Date", stamp],
    ["X-Amz-Expires", String(expiresSeconds)],
    ["X-Amz-SignedHeaders", "host"],
  ];
  const canonicalQuery = sortedQuery(query);
  const signature = sign(full, stamp, scope, canonicalQuery, { host: request.host }, ["host"]);
  return `${request.path}?${canonicalQuery}&X-Amz-Signature=${signature}`;
}

function scopeOf(request: RequestToSign): { stamp: string; scope: string } {
  const stamp = (request.now ?? new Date()).toISOString().replace(/[-:]|\.\d+/g, "");
  return { stamp, scope: `${stamp.slice(0, 8)}/${REGION}/s3/aws4_request` };
}

function sortedQuery(query: readonly (readonly [string, string])[]): string {
  return query
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .sort()
    .join("&");
}

function sign(
  request: RequestToSign,
  stamp: string,
  scope: string,
  canonicalQuery: string,
  headers: Readonly<Record<string, string>>,
  names: readonly string[],
): string {
  const canonical = [
    request.method,
    request.path,
    canonicalQuery,
    ...names.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    names.join(";"),
    request.payloadHash,
  ].join("\n");
  const digest = createHash("sha256").update(canonical).digest("hex");
  const [day = "", region = "", service = "", terminator = ""] = scope.split("/");
  let key: Buffer = hmac(`AWS4${request.credentials.secretKey}`, day);
  for (const word of [region, service, terminator]) key = hmac(key, word);
  return hmac(key, [ALGORITHM, stamp, scope, digest].join("\n")).toString("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
