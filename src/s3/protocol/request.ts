/** Reads an HTTP request as S3 does. */

import type { EdgeRequest } from "../../http/types.ts";
import { S3Error } from "./errors.ts";
import { KEY_BYTES_MAX } from "./limits.ts";
import { decodeComponent } from "./percent.ts";
import { parseQuery, type Query } from "./query.ts";

export interface S3RequestOptions {
  /** Domains whose subdomains are buckets (`ELASTICKV_S3_DOMAINS`), lower case, without port. */
  readonly domains: readonly string[];
}

export interface S3Request {
  readonly edge: EdgeRequest;
  readonly method: string;
  readonly style: "path" | "virtual-host";
  /** Host header, lower case, without port; "" when there was none. */
  readonly host: string;
  /** Undefined: the service itself. Not validated as a bucket name. */
  readonly bucket: string | undefined;
  /** Undefined: the bucket itself. Never "". Exactly the client's bytes, percent-decoded once. */
  readonly key: string | undefined;
  readonly query: Query;
  /** Path of the target as sent (absolute form: without scheme and host), before `?`. */
  readonly rawPath: string;
  /** Query string as sent, without `?`; "" when there is none. */
  readonly rawQuery: string;
  /** `/bucket/key`, decoded: what error documents name. */
  readonly resource: string;
  readonly requestId: string;
  /** First value of a header by lower-case name, latin1 as received. */
  header(lowerName: string): string | undefined;
}

/**
 * Reads the request target and Host. The bucket is the first label(s) of the host when that is a subdomain of a
 * configured domain, else the first segment of the path.
 * @throws S3Error InvalidURI (bad escape, not UTF-8, `*`, absolute form for another host), InvalidBucketName (empty),
 *   KeyTooLongError.
 */
export function parseS3Request(edge: EdgeRequest, options: S3RequestOptions): S3Request {
  const hostHeader = edge.header("host") ?? "";
  const target = originForm(edge.rawTarget, hostHeader);
  const mark = target.indexOf("?");
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  const rawQuery = mark < 0 ? "" : target.slice(mark + 1);
  const host = hostName(hostHeader);
  const hostBucket = options.domains.length === 0 ? undefined : bucketOfHost(host, options.domains);

  let bucket: string | undefined;
  let rawKey: string;
  if (hostBucket !== undefined) {
    bucket = hostBucket;
    rawKey = rawPath.slice(1);
  } else {
    const slash = rawPath.indexOf("/", 1);
    const rawBucket = slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash);
    bucket = rawPath === "/" ? undefined : decodeComponent(rawBucket);
    rawKey = slash < 0 ? "" : rawPath.slice(slash + 1);
  }
  if (bucket === "") throw new S3Error("InvalidBucketName", { extra: [["BucketName", ""]] });
  const key = rawKey === "" ? undefined : decodeComponent(rawKey);
  if (key !== undefined) checkKeyLength(key);
  const style = hostBucket === undefined ? "path" : "virtual-host";
  return new ParsedRequest(edge, style, host, bucket, key, parseQuery(rawQuery), rawPath, rawQuery);
}

/** The bucket that a Host header names in virtual-host style; undefined: path style. */
export function bucketOfHostHeader(hostHeader: string, domains: readonly string[]): string | undefined {
  return domains.length === 0 ? undefined : bucketOfHost(hostName(hostHeader), domains);
}

/** `/bucket/key` when the target cannot be parsed further: for the error document. */
export function resourceOfTarget(rawTarget: string): string {
  const mark = rawTarget.indexOf("?");
  return mark < 0 ? rawTarget : rawTarget.slice(0, mark);
}

class ParsedRequest implements S3Request {
  readonly edge: EdgeRequest;
  readonly style: "path" | "virtual-host";
  readonly host: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly query: Query;
  readonly rawPath: string;
  readonly rawQuery: string;

  constructor(
    edge: EdgeRequest,
    style: "path" | "virtual-host",
    host: string,
    bucket: string | undefined,
    key: string | undefined,
    query: Query,
    rawPath: string,
    rawQuery: string,
  ) {
    this.edge = edge;
    this.style = style;
    this.host = host;
    this.bucket = bucket;
    this.key = key;
    this.query = query;
    this.rawPath = rawPath;
    this.rawQuery = rawQuery;
  }

  get method(): string {
    return this.edge.method;
  }

  get requestId(): string {
    return this.edge.requestId;
  }

  get resource(): string {
    if (this.bucket === undefined) return "/";
    return this.key === undefined ? `/${this.bucket}` : `/${this.bucket}/${this.key}`;
  }

  header(lowerName: string): string | undefined {
    return this.edge.header(lowerName);
  }
}

const SCHEME = /^https?:\/\//i;

/**
 * `/path?query` of the target. For an absolute-form target (RFC 9112 section 3.2.2) the edge has replaced Host by the
 * authority, so bucket and signature use the authority. A difference is still refused, because only Host is signed.
 */
function originForm(rawTarget: string, hostHeader: string): string {
  if (rawTarget.charCodeAt(0) === 0x2f) return rawTarget;
  const scheme = SCHEME.exec(rawTarget);
  if (scheme === null) throw new S3Error("InvalidURI", { message: "The request target must be a path." });
  const rest = rawTarget.slice(scheme[0].length);
  const end = rest.search(/[/?]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  if (authority.toLowerCase() !== hostHeader.toLowerCase()) {
    throw new S3Error("InvalidURI", {
      message: "The request target names another host than the Host header.",
    });
  }
  if (end < 0) return "/";
  return rest.charCodeAt(end) === 0x3f ? `/${rest.slice(end)}` : rest.slice(end);
}

/** Lower case, without port; IPv6 literals keep their brackets. */
function hostName(hostHeader: string): string {
  const end = hostHeader.charCodeAt(0) === 0x5b ? hostHeader.indexOf("]") + 1 : hostHeader.indexOf(":");
  return (end <= 0 ? hostHeader : hostHeader.slice(0, end)).toLowerCase();
}

/** With domains `s3.local` and `eu.s3.local`, the longest matching domain counts. The domain itself has no bucket. */
function bucketOfHost(host: string, domains: readonly string[]): string | undefined {
  let longest: string | undefined;
  for (const domain of domains) {
    if (host === domain) return undefined;
    const matches =
      host.length > domain.length + 1 && host.endsWith(domain) && host.at(-domain.length - 1) === ".";
    if (matches && domain.length > (longest?.length ?? -1)) longest = domain;
  }
  return longest === undefined ? undefined : host.slice(0, -longest.length - 1);
}

function checkKeyLength(key: string): void {
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (key.length * 3 <= KEY_BYTES_MAX) return;
  const size = Buffer.byteLength(key, "utf8");
  if (size <= KEY_BYTES_MAX) return;
  throw new S3Error("KeyTooLongError", {
    extra: [
      ["Size", String(size)],
      ["MaxSizeAllowed", String(KEY_BYTES_MAX)],
    ],
  });
}
