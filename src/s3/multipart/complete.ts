/**
 * CompleteMultipartUpload. Parts are read, checked and assembled in one view. The transaction commits only if the
 * upload and its parts are unchanged since the view; otherwise the handler decides again. So concurrent completions,
 * aborts and uploads of parts see each other entirely or not at all.
 */
import { crc32 } from "node:zlib";
import { encodeGarbage, type GarbageItem } from "../../txn/garbage.ts";
import type { ReadView, TxnMutation } from "../../txn/types.ts";
import { checksumLine } from "../body/checksum-headers.ts";
import { unreadableContent } from "../content/unreadable.ts";
import { type Handler, type ObjectExchange, openedBucket, type S3Services } from "../context/exchange.ts";
import { type SlowResult, withKeepAlive } from "../context/keep-alive.ts";
import { ownerIdOf } from "../context/owners.ts";
import { checksumElements, checksumText, checksumTypeOf } from "../objects/checksums.ts";
import { decideWrite, type WriteCondition, writeConditionOf } from "../objects/conditions.ts";
import { lockOfNew } from "../objects/lock.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { PART_NUMBER_MAX } from "../protocol/limits.ts";
import { quoted } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import { objectKey, partsPrefix, uploadAttempt, uploadKey } from "../records/keys.ts";
import type { Lock } from "../records/lock.ts";
import { decodeManifest, encodeManifest, encodePartTable, type Manifest } from "../records/manifest.ts";
import { rowOwner } from "../records/owner.ts";
import { NULL_VERSION } from "../records/version-id.ts";
import { currentVersion, writtenHeaders } from "../versions/current.ts";
import { type Placement, placeVersion } from "../versions/placement.ts";
import { tag } from "../xml/builder.ts";
import { type Assembly, assemble, multipartEtag } from "./assemble.ts";
import { expectedChecksum, type ListedPart, readListedParts } from "./complete-request.ts";
import { type NumberedPart, partsAfter } from "./parts.ts";
import { type CurrentUpload, currentUpload } from "./upload.ts";

/** Unlisted parts whose garbage one transaction adds. */
const GARBAGE_PER_ENTRY = 64;

export const completeMultipartUpload: Handler<"object"> = async (exchange) => {
  const condition = writeConditionOf(exchange.request);
  // Several checksums, or an unknown checksum, are refused before the document is read.
  checksumLine(exchange.request);
  const listed = await readListedParts(exchange);
  return withKeepAlive(exchange, complete(exchange, listed, condition));
};

async function complete(
  exchange: ObjectExchange,
  listed: readonly ListedPart[],
  condition: WriteCondition,
): Promise<SlowResult> {
  const { services } = exchange;
  const alive = services.buckets.aliveGuard(openedBucket(exchange).bucket);
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const view = await services.kv.group(exchange.bucket).snapshot();
    let current: CurrentUpload;
    try {
      current = await currentUpload(exchange, view, alive);
    } catch (error) {
      const done = await completedBefore(exchange, view, listed, error);
      return resultOf(exchange, done, done.parts);
    }
    const { bucket, key, uploadId, upload } = current;
    const stored = await partsAfter(view, bucket, key, uploadId, 0, PART_NUMBER_MAX);
    const unreadable = stored.find((part) => part.kind === "unknown");
    if (unreadable !== undefined) throw unreadableContent(unreadable.kind);
    const assembly = assemble(uploadId, upload, listed, stored);
    checkExpectations(exchange.request, assembly);
    const decided = condition === undefined ? [] : [await decideWrite(view, bucket, key, condition)];
    const placement =
      bucket.versioning === "off"
        ? undefined
        : placeVersion(bucket, key, await currentVersion(view, bucket, key), view.readTs, services.random);
    const lock = await lockOfNew(services, view, bucket, upload.lock);
    const outcome = await transactGuarded(
      services.kv.group(bucket.bucket),
      [...guardsOf(alive, view, current), ...decided, ...(placement?.guards ?? [])],
      mutationsOf(services, current, assembly, placement, lock),
    );
    if (outcome.kind === "retry") continue;
    await leaveUnlisted(services, current, assembly.unlisted.slice(GARBAGE_PER_ENTRY));
    const { etag, checksum, parts } = assembly;
    const versionId = placement?.versionId ?? NULL_VERSION;
    return resultOf(exchange, { etag, checksum, versionId }, parts.length);
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", exchange.key]] });
}

function guardsOf(alive: Guard, view: ReadView, { bucket, key, uploadId, row }: CurrentUpload): Guard[] {
  return [
    alive,
    {
      condition: {
        kind: "version-equals",
        key: uploadKey(bucket, key, uploadId),
        commitTs: row.commitTs,
      },
      onFail: "retry",
    },
    {
      condition: { kind: "prefix-unchanged", prefix: partsPrefix(bucket, key, uploadId), ts: view.readTs },
      onFail: "retry",
    },
  ];
}

function mutationsOf(
  services: S3Services,
  current: CurrentUpload,
  assembly: Assembly,
  placement: Placement | undefined,
  lock: Lock | undefined,
): TxnMutation[] {
  const { bucket, key, uploadId, upload } = current;
  const payload = encodePartTable(assembly.parts);
  const manifest: Manifest = {
    versionId: placement?.versionId ?? NULL_VERSION,
    order: placement?.order,
    lock,
    size: assembly.size,
    etag: assembly.etag,
    modifiedMs: services.clock.nowMs(),
    headers: upload.headers,
    metadata: upload.metadata,
    checksum: assembly.checksum,
    owner: rowOwner(ownerIdOf(services, bucket)),
    storageClass: upload.storageClass,
    tags: upload.tags,
    redirect: upload.redirect,
    content: {
      kind: "parts",
      attempt: uploadAttempt(uploadId),
      chunkSize: upload.chunkSize,
      partCount: assembly.parts.length,
      payloadCrc32: crc32(payload),
    },
  };
  const attempt = uploadAttempt(uploadId);
  // Unlisted parts too: when their own records are cut short, they go with the object.
  const kinds = [...assembly.parts, ...assembly.unlisted].map((part) => part.kind);
  const garbage: GarbageItem[] = [
    // The rows of the parts are no longer needed; the object keeps the content of the parts.
    { kind: "prefix", prefix: partsPrefix(bucket, key, uploadId) },
    ...contentOf(services, current, assembly.unlisted.slice(0, GARBAGE_PER_ENTRY)),
  ];
  return [
    ...(placement?.before ?? []),
    ...(placement?.unmarks ?? []),
    {
      kind: "put",
      key: objectKey(bucket, key),
      value: encodeManifest(manifest),
      payload,
      garbage: encodeGarbage(services.content.garbage(kinds, { of: "attempt", ref: bucket, key, attempt })),
      keepContent: placement?.keepContent === true,
    },
    { kind: "delete", key: uploadKey(bucket, key, uploadId), keepContent: true },
    { kind: "add-garbage", garbage: encodeGarbage(garbage) },
  ];
}

function contentOf(
  { content }: S3Services,
  { bucket, key, uploadId }: CurrentUpload,
  parts: readonly NumberedPart[],
): GarbageItem[] {
  return parts.flatMap(({ kind, number, attempt }) =>
    content.garbage([kind], {
      of: "part",
      ref: bucket,
      key,
      attempt: uploadAttempt(uploadId),
      partNumber: number,
      partAttempt: attempt,
    }),
  );
}

/**
 * One entry has no space for hundreds of unlisted parts. After an interruption, the remaining unlisted parts are
 * collected together with the object: the object's own garbage covers the whole upload.
 */
async function leaveUnlisted(
  services: S3Services,
  current: CurrentUpload,
  unlisted: readonly NumberedPart[],
): Promise<void> {
  for (let i = 0; i < unlisted.length; i += GARBAGE_PER_ENTRY) {
    const items = contentOf(services, current, unlisted.slice(i, i + GARBAGE_PER_ENTRY));
    try {
      await services.kv.group(current.bucket.bucket).transact({
        conditions: [],
        mutations: [{ kind: "add-garbage", garbage: encodeGarbage(items) }],
      });
    } catch (error) {
      services.onInternalError(error, "");
      return;
    }
  }
}

/** @throws S3Error BadDigest, InvalidRequest */
function checkExpectations(request: S3Request, assembly: Assembly): void {
  const size = request.header("x-amz-mp-object-size");
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw invalidArgument("x-amz-mp-object-size", size);
  if (size !== undefined && Number(size) !== assembly.size) {
    throw new S3Error("InvalidRequest", {
      message: `The provided 'x-amz-mp-object-size' header value ${size} does not match what was computed: ${assembly.size}`,
    });
  }
  const { checksum, parts } = assembly;
  const type = checksumTypeOf(request);
  if (type !== undefined && checksum !== undefined && type !== checksum.type) {
    throw new S3Error("InvalidRequest", {
      message: `The upload was created using the ${checksum.type} checksum mode. The complete request must use the same checksum mode.`,
    });
  }
  const expected = expectedChecksum(request);
  if (expected === undefined) return;
  if (checksum === undefined || checksum.algorithm !== expected.algorithm) {
    throw new S3Error("InvalidRequest", {
      message: `Checksum Type mismatch occurred, expected checksum Type: ${checksum?.algorithm ?? "null"}, actual checksum Type: ${expected.algorithm}`,
    });
  }
  const whole = checksumText(checksum, parts.length);
  if (expected.text !== whole && expected.text !== Buffer.from(checksum.value).toString("base64")) {
    throw new S3Error("BadDigest", {
      message: `The ${expected.algorithm} you specified did not match the calculated checksum.`,
    });
  }
}

/**
 * A client repeats a completion whose answer was lost: while the object of this upload is still current, the same
 * list gets the same answer. @throws the given error otherwise
 */
async function completedBefore(
  exchange: ObjectExchange,
  view: ReadView,
  listed: readonly ListedPart[],
  error: unknown,
): Promise<Completed & { readonly parts: number }> {
  const uploadId = exchange.request.query.get("uploadId") ?? "";
  if (!(error instanceof S3Error) || error.code !== "NoSuchUpload") throw error;
  const { bucket } = openedBucket(exchange);
  const row = await view.getMeta(objectKey(bucket, exchange.key));
  if (row === undefined) throw error;
  const { content, etag, checksum, versionId } = decodeManifest(row.value);
  const sameUpload =
    content.kind === "parts" && Buffer.compare(content.attempt, uploadAttempt(uploadId)) === 0;
  if (!sameUpload || !listed.every((part) => /^[0-9a-f]{32}$/.test(part.etag))) throw error;
  if (multipartEtag(listed.map((part) => Buffer.from(part.etag, "hex"))) !== etag) throw error;
  return { etag, checksum, versionId, parts: content.partCount };
}

type Completed = Pick<Manifest, "checksum" | "etag" | "versionId">;

function resultOf(
  exchange: ObjectExchange,
  { etag, checksum, versionId }: Completed,
  parts: number,
): SlowResult {
  const { request } = exchange;
  const scheme = "http";
  const location = `${scheme}://${request.header("host") ?? "localhost"}${request.rawPath}`;
  return {
    root: "CompleteMultipartUploadResult",
    headers: writtenHeaders(versionId),
    inner:
      tag("Location", location) +
      tag("Bucket", exchange.bucket) +
      tag("Key", exchange.key) +
      tag("ETag", quoted(etag)) +
      checksumElements(checksum, parts),
  };
}
