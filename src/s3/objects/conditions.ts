/** Conditional reads (RFC 9110 section 13.2.2) and conditional writes. */
import type { ReadView } from "../../txn/types.ts";
import { notImplementedHeader } from "../headers/values.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { listHeader } from "../protocol/header-values.ts";
import { parseHttpDate } from "../protocol/http-date.ts";
import { type HeaderPair, httpDate, quoted } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import type { Guard } from "../records/guarded.ts";
import { type BucketRef, objectKey } from "../records/keys.ts";
import { decodeManifest, type Manifest } from "../records/manifest.ts";
import { checkNotWrittenBefore } from "./invocation.ts";

interface Validators {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
}

type Verdict = "go" | "not-modified" | "failed";

/** The conditions of a GET or HEAD. @throws S3Error PreconditionFailed, NotModified */
export function checkReadConditions(request: S3Request, manifest: Manifest): void {
  const verdict = judge(manifest, {
    ifMatch: listHeader(request, "if-match"),
    ifNoneMatch: listHeader(request, "if-none-match"),
    ifModifiedSince: request.header("if-modified-since"),
    ifUnmodifiedSince: request.header("if-unmodified-since"),
  });
  if (verdict === "failed") throw preconditionFailed("If-Match or If-Unmodified-Since");
  if (verdict === "not-modified") {
    throw new S3Error("NotModified", { headers: unchangedHeaders(manifest) });
  }
}

/** The headers of a 200 that a 304 must carry too (RFC 9110 section 15.4.5). */
function unchangedHeaders({ etag, modifiedMs, headers }: Manifest): HeaderPair[] {
  const pairs: HeaderPair[] = [
    ["ETag", quoted(etag)],
    ["Last-Modified", httpDate(modifiedMs)],
  ];
  if (headers.cacheControl !== "") pairs.push(["Cache-Control", headers.cacheControl]);
  if (headers.expires !== "") pairs.push(["Expires", headers.expires]);
  return pairs;
}

/** Checks the conditions on the source of a copy: a failed condition is 412. @throws S3Error PreconditionFailed */
export function checkCopySourceConditions(request: S3Request, manifest: Manifest): void {
  const verdict = judge(manifest, {
    ifMatch: listHeader(request, "x-amz-copy-source-if-match"),
    ifNoneMatch: listHeader(request, "x-amz-copy-source-if-none-match"),
    ifModifiedSince: request.header("x-amz-copy-source-if-modified-since"),
    ifUnmodifiedSince: request.header("x-amz-copy-source-if-unmodified-since"),
  });
  if (verdict !== "go") throw preconditionFailed("x-amz-copy-source-If-*");
}

/** Etags have precedence over dates: a date counts only when the request has no etag condition of the same kind. */
function judge(manifest: Manifest, validators: Validators): Verdict {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = validators;
  if (ifMatch !== undefined) {
    if (!matchesEtag(ifMatch, manifest.etag)) return "failed";
  } else if (ifUnmodifiedSince !== undefined) {
    const since = parseHttpDate(ifUnmodifiedSince);
    if (since !== undefined && seconds(manifest.modifiedMs) > seconds(since)) return "failed";
  }
  if (ifNoneMatch !== undefined) {
    if (matchesEtag(ifNoneMatch, manifest.etag)) return "not-modified";
  } else if (ifModifiedSince !== undefined) {
    const since = parseHttpDate(ifModifiedSince);
    if (since !== undefined && seconds(manifest.modifiedMs) <= seconds(since)) return "not-modified";
  }
  return "go";
}

/** `list` holds entity tags, or `*` alone. S3 also accepts tags without quotes. */
function matchesEtag(list: string, etag: string): boolean {
  if (list.trim() === "*") return true;
  return list.split(",").some((candidate) => unquoted(candidate.trim()) === etag);
}

export function unquoted(tag: string): string {
  const strong = tag.startsWith("W/") ? tag.slice(2) : tag;
  return strong.length >= 2 && strong.startsWith('"') && strong.endsWith('"') ? strong.slice(1, -1) : strong;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

export function preconditionFailed(condition: string): S3Error {
  return new S3Error("PreconditionFailed", { extra: [["Condition", condition]] });
}

/** The condition of a write on the object that the write replaces. `undefined`: no condition. */
export type WriteCondition =
  | { readonly kind: "absent" }
  /** `etag` is the value of If-Match: "*" matches any object, and a list matches any of its tags. */
  | { readonly kind: "matches"; readonly etag: string }
  /** There is no object, or the object is not newer than `sinceMs`. */
  | { readonly kind: "unmodified-since"; readonly sinceMs: number }
  | undefined;

/**
 * Etags have precedence over dates, as in reads; with `If-None-Match: *` a date has no effect. If-Modified-Since is
 * ignored: RFC 9110 section 13.1.3 defines the header for GET and HEAD only.
 * @throws S3Error NotImplemented for the forms that S3 does not implement either, with the messages of S3:
 *   versity/versitygw#2108, aws/aws-sdk-ruby#3144 (an ETag in If-None-Match), versity/versitygw,
 *   s3err/not-implemented-error.go (both at once)
 */
export function writeConditionOf(request: S3Request): WriteCondition {
  const ifMatch = listHeader(request, "if-match");
  const ifNoneMatch = listHeader(request, "if-none-match");
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw notImplementedHeader(
      "If-Match,If-None-Match",
      "Multiple conditional request headers present in the request",
    );
  }
  if (ifMatch !== undefined) return { kind: "matches", etag: ifMatch };
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== "*") {
      const why = "We don't accept the provided value of If-None-Match header for this API";
      throw notImplementedHeader("If-None-Match", why);
    }
    return { kind: "absent" };
  }
  const sinceMs = parseHttpDate(request.header("if-unmodified-since") ?? "");
  return sinceMs === undefined ? undefined : { kind: "unmodified-since", sinceMs };
}

/**
 * Decides a write condition on the state of `view`, and returns the guard that makes apply decide the condition
 * again. After a failed apply, the caller decides on a new view.
 * @param invocation of this write
 * @throws S3Error PreconditionFailed, NoSuchKey; WrittenBefore
 */
export async function decideWrite(
  view: ReadView,
  ref: BucketRef,
  key: string,
  condition: NonNullable<WriteCondition>,
  invocation?: Uint8Array,
): Promise<Guard> {
  const row = objectKey(ref, key);
  const current = await view.getMeta(row);
  if (current === undefined) {
    if (condition.kind === "matches") throw new S3Error("NoSuchKey", { extra: [["Key", key]] });
    return { condition: { kind: "must-not-exist", key: row }, onFail: "retry" };
  }
  const manifest = decodeManifest(current.value);
  const failed = failedHeader(condition, manifest);
  if (failed !== undefined) {
    checkNotWrittenBefore(manifest, invocation);
    throw preconditionFailed(failed);
  }
  return { condition: { kind: "version-equals", key: row, commitTs: current.commitTs }, onFail: "retry" };
}

/** The conditions of a delete on the object, beside its ETag. `undefined`: no condition. */
export interface DeleteFacts {
  readonly size: number | undefined;
  /** Compared in whole seconds, the precision of Last-Modified. */
  readonly modifiedMs: number | undefined;
}

/**
 * @param names names of size and date, as the client wrote the names. @throws S3Error InvalidArgument for text that
 *   is no size or date
 */
export function deleteFacts(
  size: string | undefined,
  modified: string | undefined,
  names: readonly [size: string, modified: string],
): DeleteFacts | undefined {
  if (size === undefined && modified === undefined) return undefined;
  if (size !== undefined && !/^\d{1,15}$/.test(size.trim()))
    throw invalidArgument(names[0], size.slice(0, 200));
  return {
    size: size === undefined ? undefined : Number(size),
    modifiedMs: modified === undefined ? undefined : dateOf(modified, names[1]),
  };
}

/**
 * Parses the date of a condition. A condition is never ignored. @throws S3Error InvalidArgument for text that is no
 * date
 */
export function dateOf(text: string, name: string): number {
  const ms = parseHttpDate(text);
  if (ms === undefined) throw invalidArgument(name, text.slice(0, 200));
  return ms;
}

export function sameSecond(a: number, b: number): boolean {
  return seconds(a) === seconds(b);
}

/**
 * Like decideWrite. The conditions also hold when there is no object (API reference, DeleteObject). @throws S3Error
 * PreconditionFailed
 */
export async function decideDelete(
  view: ReadView,
  ref: BucketRef,
  key: string,
  facts: DeleteFacts,
): Promise<Guard> {
  const row = objectKey(ref, key);
  const current = await view.getMeta(row);
  if (current === undefined) return { condition: { kind: "must-not-exist", key: row }, onFail: "retry" };
  checkFacts(facts, decodeManifest(current.value));
  return { condition: { kind: "version-equals", key: row, commitTs: current.commitTs }, onFail: "retry" };
}

/** @throws S3Error PreconditionFailed */
function checkFacts(facts: DeleteFacts, { size, modifiedMs }: Manifest): void {
  if (facts.size !== undefined && facts.size !== size) throw preconditionFailed("x-amz-if-match-size");
  if (facts.modifiedMs !== undefined && !sameSecond(facts.modifiedMs, modifiedMs)) {
    throw preconditionFailed("x-amz-if-match-last-modified-time");
  }
}

/** The conditions of a delete that names a version: they are about that version. @throws S3Error PreconditionFailed */
export function checkVersionConditions(
  version: Manifest,
  condition: WriteCondition,
  facts: DeleteFacts | undefined,
): void {
  const failed = condition === undefined ? undefined : failedHeader(condition, version);
  if (failed !== undefined) throw preconditionFailed(failed);
  if (facts !== undefined) checkFacts(facts, version);
}

/** The header whose condition fails for this object. */
function failedHeader(
  condition: NonNullable<WriteCondition>,
  { etag, modifiedMs }: Manifest,
): string | undefined {
  switch (condition.kind) {
    case "absent":
      return "If-None-Match";
    case "matches":
      return matchesEtag(condition.etag, etag) ? undefined : "If-Match";
    case "unmodified-since":
      // The client knows Last-Modified, which has whole seconds.
      return seconds(modifiedMs) <= seconds(condition.sinceMs) ? undefined : "If-Unmodified-Since";
  }
}
