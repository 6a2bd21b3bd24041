/** CreateMultipartUpload, AbortMultipartUpload, and the look-up of an upload. */

import type { VersionedValue } from "../../store/types.ts";
import { encodeGarbage } from "../../txn/garbage.ts";
import type { ReadView } from "../../txn/types.ts";
import { type Contents, garbageBesideLog } from "../content/contents.ts";
import { type Handler, type ObjectExchange, ownerOf } from "../context/exchange.ts";
import { uploadChecksum, wireName } from "../objects/checksums.ts";
import { dateOf, preconditionFailed, sameSecond } from "../objects/conditions.ts";
import { bucketForLock, requestedLock } from "../objects/lock.ts";
import { contentHeadersOf, userMetadataOf } from "../objects/object-headers.ts";
import { requestedRedirect } from "../objects/redirect.ts";
import { requestedClass } from "../objects/storage-class.ts";
import { requestedTags } from "../objects/tags.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, type HeaderPair, xmlReply } from "../protocol/replies.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded, transactUnchanged } from "../records/guarded.ts";
import { type BucketRef, partsPrefix, uploadAttempt, uploadKey } from "../records/keys.ts";
import { decodeUpload, encodeUpload, type UploadRecord } from "../records/upload.ts";
import { checkUploadId, isUploadId, newUploadId, noSuchUpload } from "../records/upload-id.ts";
import { document, tag } from "../xml/builder.ts";

const INITIATED = "x-amz-if-match-initiated-time";

export const createMultipartUpload: Handler<"object"> = async (exchange) => {
  const { request, services } = exchange;
  const checksum = uploadChecksum(request);
  const headers = contentHeadersOf(request);
  const metadata = userMetadataOf(request);
  const tags = requestedTags(request);
  const redirect = requestedRedirect(request);
  const bucket = await bucketForLock(exchange);
  if (tags !== undefined || redirect !== undefined) await services.newRows.allow();
  const key = exchange.key;
  const uploadId = newUploadId(services.clock, services.random);
  const upload: UploadRecord = {
    initiatedMs: services.clock.nowMs(),
    headers,
    metadata,
    checksumAlgorithm: checksum?.algorithm,
    checksumType: checksum?.type,
    owner: ownerOf(exchange),
    chunkSize: services.content.chunkBytes,
    storageClass: requestedClass(request),
    lock: requestedLock(exchange, bucket),
    tags,
    redirect,
  };
  await transactUnchanged(
    services.kv.group(bucket.bucket),
    [services.buckets.aliveGuard(bucket)],
    [
      {
        kind: "put",
        key: uploadKey(bucket, key, uploadId),
        value: encodeUpload(upload),
        garbage: uploadGarbage(services.content, bucket, key, uploadId),
      },
    ],
  );
  const extra: HeaderPair[] =
    checksum === undefined
      ? []
      : [
          ["x-amz-checksum-algorithm", wireName(checksum.algorithm)],
          ["x-amz-checksum-type", checksum.type],
        ];
  const inner = tag("Bucket", bucket.bucket) + tag("Key", key) + tag("UploadId", uploadId);
  return xmlReply(document("InitiateMultipartUploadResult", inner), extra);
};

/** Garbage of an upload: the rows of its parts, and the content of its parts of any kind. */
function uploadGarbage(content: Contents, ref: BucketRef, key: string, uploadId: string): Uint8Array {
  return encodeGarbage([
    ...content.garbageOfAny({ of: "attempt", ref, key, attempt: uploadAttempt(uploadId) }),
    { kind: "prefix", prefix: partsPrefix(ref, key, uploadId) },
  ]);
}

export const abortMultipartUpload: Handler<"object"> = async (exchange) => {
  const { request, services } = exchange;
  const uploadId = request.query.get("uploadId") ?? "";
  const name = exchange.bucket;
  const kv = services.kv.group(name);
  const initiated = request.header(INITIATED);
  const initiatedMs = initiated === undefined ? undefined : dateOf(initiated, INITIATED);
  if (!isUploadId(uploadId)) {
    // The handler checks the bucket before the upload, even when the id is malformed.
    await services.buckets.inView(await kv.snapshot(), name);
    if (initiatedMs !== undefined) return emptyReply(204);
    throw noSuchUpload(uploadId);
  }
  const bucket = await services.buckets.forWrite(exchange.bucket);
  const row = uploadKey(bucket, exchange.key, uploadId);
  const alive = services.buckets.aliveGuard(bucket);
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const guard =
      initiatedMs === undefined
        ? uploadGuard(bucket, exchange.key, uploadId)
        : await initiatedGuard(await kv.snapshot(), row, initiatedMs);
    // Deleting the row makes garbage of parts and chunks; a part that is still uploading finds no upload at its
    // apply.
    const guards = [alive, guard];
    const attempted = { ref: bucket, key: exchange.key, attempt: uploadAttempt(uploadId) };
    const outcome = await transactGuarded(kv, guards, [
      { kind: "delete", key: row },
      ...garbageBesideLog(services.content, { of: "attempt", ...attempted }),
    ]);
    if (outcome.kind === "committed") return emptyReply(204);
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", exchange.key]] });
};

/**
 * The condition also holds when there is no upload (API reference, AbortMultipartUpload). @throws S3Error
 * PreconditionFailed
 */
async function initiatedGuard(view: ReadView, row: Uint8Array, initiatedMs: number): Promise<Guard> {
  const current = await view.getMeta(row);
  if (current === undefined) return { condition: { kind: "must-not-exist", key: row }, onFail: "retry" };
  if (!sameSecond(decodeUpload(current.value).initiatedMs, initiatedMs)) throw preconditionFailed(INITIATED);
  return { condition: { kind: "version-equals", key: row, commitTs: current.commitTs }, onFail: "retry" };
}

/** The guard of every transaction of a part. */
export function uploadGuard(ref: BucketRef, key: string, uploadId: string): Guard {
  return {
    condition: { kind: "must-exist", key: uploadKey(ref, key, uploadId) },
    onFail: () => noSuchUpload(uploadId),
  };
}

export interface CurrentUpload {
  readonly bucket: Bucket;
  readonly key: string;
  readonly uploadId: string;
  readonly upload: UploadRecord;
  readonly row: VersionedValue;
}

/** @throws S3Error NoSuchBucket, NoSuchUpload */
export async function currentUpload(exchange: ObjectExchange, view: ReadView): Promise<CurrentUpload> {
  const { request, services } = exchange;
  const bucket = await services.buckets.inView(view, exchange.bucket);
  const key = exchange.key;
  const uploadId = checkUploadId(request.query.get("uploadId"));
  const row = await view.getMeta(uploadKey(bucket, key, uploadId));
  if (row === undefined) throw noSuchUpload(uploadId);
  return { bucket, key, uploadId, upload: decodeUpload(row.value), row };
}
