/**
 * The condition keys of AWS that a request can answer for a policy; each value is computed on access. Names: IAM user
 * guide, "AWS global condition context keys"; Service Authorization Reference, Amazon S3, "Condition keys".
 */

import { accountIdOf } from "../../iam/account-id.ts";
import {
  type ContextValue,
  type ContextValues,
  contextKey,
  PENDING,
} from "../../iam/policy/context-values.ts";
import { arnOf } from "../../iam/policy/principals.ts";
import type { User, UserId } from "../../iam/types.ts";
import type { Clock } from "../../platform/clock.ts";
import { S3Error } from "../protocol/errors.ts";
import type { S3Request } from "../protocol/request.ts";
import { parseTaggingHeader, TAGGING_HEADER, type TagSet } from "../protocol/tags.ts";
import { parseAmzDate } from "./amz-date.ts";
import type { AuthResult } from "./types.ts";
import type { Written } from "./written.ts";

export interface ContextSources {
  /** With the headers that a presigned URL carries in its query. */
  readonly request: S3Request;
  readonly auth: AuthResult;
  readonly clock: Pick<Clock, "nowMs">;
  /** The user that asks; undefined: nobody has signed. */
  readonly user: User | undefined;
  /** The user is the root of the cluster. */
  readonly isRoot: boolean;
  /** Owner of the bucket in question; undefined: an anonymous request to no bucket. */
  readonly owner: UserId | undefined;
  /** Name of the operation in the API reference. */
  readonly operation: string;
  /** Tags of the object in question, for the actions that AWS gives `s3:ExistingObjectTag/...`. */
  readonly objectTags: TagSet | undefined;
  /** Undefined: what the headers say. */
  readonly written: Written | undefined;
  /** `keysInBody` of the operation while the body is not read; undefined: nothing is missing. */
  readonly pending: readonly string[] | undefined;
}

type Find = (sources: ContextSources) => ContextValue;

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
const EXISTING_TAG = "s3:existingobjecttag/";
const REQUESTED_TAG = "s3:requestobjecttag/";
const DAY_MS = 24 * 60 * 60 * 1000;

/** Operations that make an object visible: UploadPart and CreateMultipartUpload do not. */
const CREATES_OBJECT = new Set(["CompleteMultipartUpload", "CopyObject", "PostObject", "PutObject"]);

const resourceAccount: Find = ({ owner }) => (owner === undefined ? undefined : accountIdOf(owner));

/** By lower-case name: names of condition keys have no case. */
const KEYS: Readonly<Record<string, Find>> = {
  "aws:sourceip": ({ request }) => sourceIp(request.edge.remoteAddress),
  // The node does not know whether a proxy before the listener used TLS.
  "aws:securetransport": ({ request }) => String(request.edge.tlsVersion !== undefined),
  "aws:useragent": header("user-agent"),
  "aws:referer": header("referer"),
  "aws:currenttime": ({ clock }) => new Date(clock.nowMs()).toISOString(),
  "aws:epochtime": ({ clock }) => String(Math.floor(clock.nowMs() / 1000)),
  "aws:principaltype": ({ isRoot, user }) => (user === undefined ? "Anonymous" : isRoot ? "Account" : "User"),
  "aws:principalaccount": ({ user }) => user?.accountId,
  "aws:principalarn": ({ isRoot, user }) => (user === undefined ? undefined : arnOf({ ...user, isRoot })),
  "aws:principalisawsservice": () => "false",
  "aws:viaawsservice": () => "false",
  "aws:username": ({ isRoot, user }) => (isRoot ? undefined : user?.name),
  "aws:userid": ({ auth }) => (auth.principal.kind === "user" ? auth.principal.id : "anonymous"),
  "aws:requestedregion": ({ auth }) => auth.region,
  "aws:resourceaccount": resourceAccount,
  "s3:resourceaccount": resourceAccount,
  "s3:authtype": ({ auth }) => AUTH_TYPES[auth.method],
  "s3:signatureversion": ({ auth }) => (auth.method === "anonymous" ? undefined : "AWS4-HMAC-SHA256"),
  "s3:signatureage": signatureAge,
  "s3:tlsversion": ({ request }) => request.edge.tlsVersion,
  "s3:prefix": parameter("prefix"),
  "s3:delimiter": parameter("delimiter"),
  "s3:max-keys": parameter("max-keys"),
  "s3:object-lock-mode": ({ request, written }) =>
    written?.lock === undefined ? request.header("x-amz-object-lock-mode") : written.lock.retention?.mode,
  "s3:object-lock-retain-until-date": retainUntil,
  "s3:object-lock-remaining-retention-days": remainingDays,
  "s3:object-lock-legal-hold": ({ request, written }) =>
    written?.lock === undefined ? request.header("x-amz-object-lock-legal-hold") : written.lock.legalHold,
  "s3:objectcreationoperation": ({ operation }) => String(CREATES_OBJECT.has(operation)),
  "s3:requestobjecttagkeys": (sources) => requestedTags(sources)?.map(({ key }) => key),
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

export class RequestContext implements ContextValues {
  readonly #sources: ContextSources;
  readonly #versionId: string | undefined;

  /** @param versionId the version of the object in question, which may differ from the request's own object */
  constructor(sources: ContextSources, versionId: string | undefined) {
    this.#sources = sources;
    this.#versionId = versionId;
  }

  /** @param key such as `aws:SourceIp`, in any case but that of a tag's key. @returns undefined: the request has no such value */
  get(key: string): ContextValue | typeof PENDING {
    const name = contextKey(key);
    if (name === VERSION_ID) return this.#versionId;
    if (this.#sources.pending?.some((one) => (one.endsWith("/") ? name.startsWith(one) : name === one))) {
      return PENDING;
    }
    if (Object.hasOwn(KEYS, name)) return KEYS[name]?.(this.#sources);
    const { objectTags, request } = this.#sources;
    if (name.startsWith(HEADER_KEYS)) return request.header(name.slice("s3:".length));
    if (name.startsWith(EXISTING_TAG)) return tagOf(objectTags, name.slice(EXISTING_TAG.length));
    if (name.startsWith(REQUESTED_TAG))
      return tagOf(requestedTags(this.#sources), name.slice(REQUESTED_TAG.length));
    return undefined;
  }
}

/** Keys of tags have case: a set may hold `Env` and `env`. */
function tagOf(tags: TagSet | undefined, name: string): string | undefined {
  return tags?.find(({ key }) => key === name)?.value;
}

/** The tags that a request writes. Those in a header may be malformed: the request is then refused later. */
function requestedTags({ request, written }: ContextSources): TagSet | undefined {
  if (written?.tags !== undefined) return written.tags;
  const header = request.header(TAGGING_HEADER);
  if (header === undefined) return undefined;
  try {
    return parseTaggingHeader(header);
  } catch (error) {
    if (error instanceof S3Error) return undefined;
    throw error;
  }
}

function sourceIp(remoteAddress: string): string | undefined {
  return remoteAddress === "" ? undefined : remoteAddress.replace(MAPPED, "");
}

/** Milliseconds since the request was signed. */
function signatureAge({ auth, clock, request }: ContextSources): string | undefined {
  if (auth.method === "anonymous") return undefined;
  const signedAtMs = parseAmzDate(request.query.get("X-Amz-Date") ?? request.header("x-amz-date") ?? "");
  return signedAtMs === undefined ? undefined : String(clock.nowMs() - signedAtMs);
}

function retainUntil({ request, written }: ContextSources): string | undefined {
  if (written?.lock === undefined) return request.header("x-amz-object-lock-retain-until-date");
  const { retention } = written.lock;
  return retention === undefined ? undefined : new Date(retention.untilMs).toISOString();
}

/** Whole days from now until the date that the request asks for. */
function remainingDays(sources: ContextSources): string | undefined {
  const { clock } = sources;
  const until = Date.parse(retainUntil(sources) ?? "");
  return Number.isNaN(until) ? undefined : String(Math.floor((until - clock.nowMs()) / DAY_MS));
}
