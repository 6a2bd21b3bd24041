import type { HashAlgorithm } from "../../hash/types.ts";
import { layoutOf } from "../content/layout.ts";
import { unreadableContent } from "../content/unreadable.ts";
import { type Exchange, type Handler, openedBucket } from "../context/exchange.ts";
import { type SlowResult, withKeepAlive } from "../context/keep-alive.ts";
import { ownerOfObject } from "../context/owners.ts";
import { S3Error } from "../protocol/errors.ts";
import { REQUEST_BYTES_MAX } from "../protocol/limits.ts";
import { quoted } from "../protocol/replies.ts";
import type { TagSet } from "../protocol/tags.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import type { ChecksumAlgorithm, StoredChecksum } from "../records/checksum.ts";
import type { ContentHeaders, UserMetadata } from "../records/content-headers.ts";
import { type Guard, transactGuarded } from "../records/guarded.ts";
import { objectKey } from "../records/keys.ts";
import type { Lock } from "../records/lock.ts";
import { encodeManifest, type Manifest } from "../records/manifest.ts";
import type { StorageClass } from "../records/storage-class.ts";
import { writtenHeaders } from "../versions/current.ts";
import { isoTime, tag } from "../xml/builder.ts";
import { checksumElements, parseAlgorithm } from "./checksums.ts";
import { commitObject, decideEarly } from "./commit.ts";
import { type WriteCondition, writeConditionOf } from "./conditions.ts";
import { CopiedBytes, type CopySource, copyContent, copySource, isSelf } from "./copy-source.ts";
import { invocationOf, WrittenBefore } from "./invocation.ts";
import { requestedLock } from "./lock.ts";
import { contentHeadersOf, userMetadataOf } from "./object-headers.ts";
import { hexDigest, openWrite } from "./payload.ts";
import { requestedRedirect } from "./redirect.ts";
import { requestedClass, STORAGE_CLASS_HEADER } from "./storage-class.ts";
import { copiedTags } from "./tags.ts";

interface Plan {
  readonly bucket: Bucket;
  readonly key: string;
  readonly source: CopySource;
  readonly headers: ContentHeaders;
  readonly metadata: UserMetadata;
  readonly storageClass: StorageClass;
  readonly tags: TagSet | undefined;
  readonly redirect: string | undefined;
  readonly condition: WriteCondition;
  readonly early: Guard | undefined;
  readonly invocation: Uint8Array | undefined;
  /** The copy has no lock of its source. */
  readonly lock: Lock | undefined;
  /** Checksum algorithm of the copy: the requested algorithm, else the source's algorithm. */
  readonly checksum: ChecksumAlgorithm | undefined;
}

export const copyObject: Handler<"object"> = async (exchange) => {
  try {
    return await copy(exchange);
  } catch (error) {
    if (!(error instanceof WrittenBefore)) throw error;
    return withKeepAlive(exchange, Promise.resolve(resultOf(error.manifest)));
  }
};

const copy: Handler<"object"> = async (exchange) => {
  const { request, services } = exchange;
  const replaces = request.header("x-amz-metadata-directive") === "REPLACE";
  const condition = writeConditionOf(request);
  const invocation = invocationOf(exchange, condition !== undefined);
  const { bucket, view } = openedBucket(exchange);
  const lock = requestedLock(exchange, bucket);
  const source = await copySource(exchange);
  const { manifest } = source;
  // The check includes a copy onto itself that only changes the row: the new row would lose the unknown fields.
  if (manifest.content.kind === "unknown") throw unreadableContent(String(manifest.content.number));
  if (manifest.size > REQUEST_BYTES_MAX) {
    throw new S3Error("InvalidRequest", {
      message: `The specified copy source is larger than the maximum allowable size for a copy source: ${REQUEST_BYTES_MAX}`,
    });
  }
  const asked = request.header("x-amz-checksum-algorithm");
  const plan: Plan = {
    bucket,
    key: exchange.key,
    source,
    headers: replaces ? contentHeadersOf(request) : manifest.headers,
    metadata: replaces ? userMetadataOf(request) : manifest.metadata,
    // Not the source's class: without the header a copy is STANDARD (API reference, CopyObject, x-amz-storage-class).
    storageClass: requestedClass(request),
    tags: copiedTags(exchange, source),
    redirect: requestedRedirect(request),
    condition,
    early: await decideEarly(view, bucket, exchange.key, condition, invocation),
    invocation,
    lock,
    checksum:
      asked === undefined ? manifest.checksum?.algorithm : parseAlgorithm(asked, "x-amz-checksum-algorithm"),
  };
  if (plan.tags !== undefined || plan.redirect !== undefined) await services.newRows.allow();
  if (isSelf(exchange, source)) {
    const changes =
      replaces ||
      asked !== undefined ||
      plan.redirect !== undefined ||
      request.header(STORAGE_CLASS_HEADER) !== undefined;
    // A copy of a named version over the object makes that version current again.
    if (!changes && source.versionId === undefined) throw illegalSelfCopy();
    // In a bucket with versioning the copy is a version of its own.
    const isRewrite = bucket.versioning === "off" && plan.checksum === manifest.checksum?.algorithm;
    const rewritten = isRewrite && (await rewrite(exchange, plan));
    if (rewritten) return withKeepAlive(exchange, Promise.resolve(resultOf(rewritten)));
  }
  return withKeepAlive(exchange, copyBytes(exchange, plan));
};

function illegalSelfCopy(): S3Error {
  return new S3Error("InvalidRequest", {
    message:
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  });
}

/**
 * Writes new metadata for the same bytes: the row is replaced, and the content of the row stays. Returns false when
 * another write has replaced the row first.
 */
async function rewrite(exchange: Exchange, plan: Plan): Promise<Manifest | false> {
  const { services } = exchange;
  const { bucket, key, source, headers, metadata, redirect, storageClass, tags } = plan;
  const modifiedMs = services.clock.nowMs();
  const manifest: Manifest = {
    ...source.manifest,
    headers,
    metadata,
    storageClass,
    tags,
    redirect,
    modifiedMs,
    invocation: plan.invocation,
  };
  const unchanged: Guard = {
    condition: { kind: "version-equals", key: objectKey(bucket, key), commitTs: source.row.commitTs },
    onFail: "retry",
  };
  // The new row has the same garbage as the old row, for every kind of content.
  const put = {
    kind: "put",
    key: objectKey(bucket, key),
    value: encodeManifest(manifest),
    payload: source.row.payload,
    garbage: source.row.garbage,
    keepContent: true,
  } as const;
  // The early guard was decided on this version or on a newer version; `unchanged` fails for a newer version.
  const outcome = await transactGuarded(
    services.kv.group(bucket.bucket),
    [services.buckets.aliveGuard(bucket), unchanged],
    [put],
  );
  return outcome.kind === "committed" ? manifest : false;
}

async function copyBytes(exchange: Exchange, plan: Plan): Promise<SlowResult> {
  const { services } = exchange;
  const { bucket, key, source, condition, early } = plan;
  const { size } = source.manifest;
  const layout = layoutOf(source.bucket, source.key, source.manifest, source.row);
  const bytes = new CopiedBytes(
    services.content.read(layout, 0, size),
    services.hashes,
    wantedDigests(plan),
    size,
  );
  const alive = services.buckets.aliveGuard(bucket);
  const target = { ref: bucket, key, guards: [alive] };
  const write = openWrite(exchange, target, size, "fixed-length");
  try {
    const content = await copyContent(write, bytes, layout.extents(0, size), size, services.admission);
    const digests = await bytes.digests();
    const manifest = {
      size,
      etag: digests.md5 === undefined ? source.manifest.etag : hexDigest(digests.md5),
      modifiedMs: services.clock.nowMs(),
      headers: plan.headers,
      metadata: plan.metadata,
      checksum: copiedChecksum(plan, digests),
      owner: ownerOfObject(exchange),
      storageClass: plan.storageClass,
      tags: plan.tags,
      redirect: plan.redirect,
      content,
      invocation: plan.invocation,
      lock: plan.lock,
    };
    const versionId = await commitObject(services, { alive, key, manifest, condition, early, write });
    return resultOf({ ...manifest, versionId }, source);
  } catch (error) {
    await write.abandon();
    if (error instanceof WrittenBefore) return resultOf(error.manifest, source);
    throw error;
  } finally {
    write.release();
    bytes.close();
  }
}

/**
 * The copy has no parts, so a source with parts gets a plain MD5 and a FULL_OBJECT checksum; otherwise the known
 * digests are kept.
 */
function wantedDigests(plan: Plan): HashAlgorithm[] {
  const wanted: HashAlgorithm[] = [];
  if (plan.source.manifest.content.kind === "parts") wanted.push("md5");
  if (plan.checksum !== undefined && !keepsChecksum(plan)) wanted.push(plan.checksum);
  return wanted;
}

function keepsChecksum(plan: Plan): boolean {
  const { checksum } = plan.source.manifest;
  return checksum?.type === "FULL_OBJECT" && checksum.algorithm === plan.checksum;
}

function copiedChecksum(
  plan: Plan,
  digests: Awaited<ReturnType<CopiedBytes["digests"]>>,
): StoredChecksum | undefined {
  if (plan.checksum === undefined) return undefined;
  if (keepsChecksum(plan)) return plan.source.manifest.checksum;
  const value = digests[plan.checksum];
  if (value === undefined) throw new Error(`the copy was not hashed with ${plan.checksum}`);
  return { algorithm: plan.checksum, type: "FULL_OBJECT", value };
}

function resultOf(manifest: Manifest, source?: CopySource): SlowResult {
  return {
    root: "CopyObjectResult",
    headers: [...(source?.headers ?? []), ...writtenHeaders(manifest.versionId)],
    inner:
      tag("LastModified", isoTime(manifest.modifiedMs)) +
      tag("ETag", quoted(manifest.etag)) +
      checksumElements(manifest.checksum, undefined),
  };
}
