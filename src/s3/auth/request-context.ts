/**
 * The condition keys of AWS that a request can answer for a policy; each value is computed on access. Names: IAM user
 * guide, "AWS global condition context keys"; Service Authorization Reference, Amazon S3, "Condition keys".
 */
import type { Clock } from "../../platform/clock.ts";
import type { S3Request } from "../protocol/request.ts";
import type { AuthResult } from "./types.ts";

export interface ContextSources {
  /** With the headers that a presigned URL carries in its query. */
  readonly request: S3Request;
  readonly auth: AuthResult;
  readonly clock: Pick<Clock, "nowMs">;
}

type Find = (sources: ContextSources) => string | undefined;

const header =
  (name: string): Find =>
  ({ request }) =>
    request.header(name);
const parameter =
  (name: string): Find =>
  ({ request }) =>
    request.query.get(name);

/** Prefix of the condition keys that are named after `x-amz-*` headers. */
const HEADER_KEYS = "s3:x-amz-";

/** By lower-case name: names of condition keys have no case. */
const KEYS: Readonly<Record<string, Find>> = {
  "aws:sourceip": ({ request }) => sourceIp(request.edge.remoteAddress),
  // The listener speaks plain HTTP; the node does not know whether a proxy before the listener used TLS.
  "aws:securetransport": () => "false",
  "aws:useragent": header("user-agent"),
  "aws:referer": header("referer"),
  "aws:currenttime": ({ clock }) => new Date(clock.nowMs()).toISOString(),
  "aws:epochtime": ({ clock }) => String(Math.floor(clock.nowMs() / 1000)),
  "aws:principaltype": ({ auth }) => (auth.principal.kind === "user" ? "User" : "Anonymous"),
  "aws:userid": ({ auth }) => (auth.principal.kind === "user" ? auth.principal.id : "anonymous"),
  "aws:requestedregion": ({ auth }) => auth.region,
  "s3:authtype": ({ auth }) => AUTH_TYPES[auth.method],
  "s3:signatureversion": ({ auth }) => (auth.method === "anonymous" ? undefined : "AWS4-HMAC-SHA256"),
  "s3:prefix": parameter("prefix"),
  "s3:delimiter": parameter("delimiter"),
  "s3:max-keys": parameter("max-keys"),
  "s3:object-lock-mode": header("x-amz-object-lock-mode"),
  "s3:object-lock-retain-until-date": header("x-amz-object-lock-retain-until-date"),
  "s3:object-lock-legal-hold": header("x-amz-object-lock-legal-hold"),
  "s3:if-match": header("if-match"),
  "s3:if-none-match": header("if-none-match"),
};

const AUTH_TYPES = {
  anonymous: undefined,
  header: "REST-HEADER",
  presigned: "REST-QUERY-STRING",
  form: "POST",
} as const;
const VERSION_ID = "s3:versionid";
/** How an IPv4 address looks to a listener of both families (RFC 4291 section 2.5.5.2). */
const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

export class RequestContext {
  readonly #sources: ContextSources;
  readonly #versionId: string | undefined;

  /** @param versionId the version of the object in question, which may differ from the request's own object */
  constructor(sources: ContextSources, versionId: string | undefined) {
    this.#sources = sources;
    this.#versionId = versionId;
  }

  /** @param key such as `aws:SourceIp`, in any case. @returns undefined: the request has no such value */
  get(key: string): string | undefined {
    const name = key.toLowerCase();
    if (name === VERSION_ID) return this.#versionId;
    if (Object.hasOwn(KEYS, name)) return KEYS[name]?.(this.#sources);
    return name.startsWith(HEADER_KEYS) ? this.#sources.request.header(name.slice("s3:".length)) : undefined;
  }
}

function sourceIp(remoteAddress: string): string | undefined {
  return remoteAddress === "" ? undefined : remoteAddress.replace(MAPPED, "");
}
