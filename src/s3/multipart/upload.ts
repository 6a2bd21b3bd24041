/** CreateMultipartUpload, AbortMultipartUpload, and looking an upload up. */
import type { ReadView } from "../../kv/types.ts";
import type { VersionedValue } from "../../store/types.ts";
import type { Bucket } from "../buckets/directory.ts";
import { bucketOf, type Exchange, type Handler, keyOf, ownerOf } from "../exchange.ts";
import { type Guard, transactGuarded } from "../guarded.ts";
import { attemptChunksPrefix, type BucketRef, partsPrefix, uploadAttempt, uploadKey } from "../keys.ts";
import { uploadChecksum, wireName } from "../objects/checksums.ts";
import { contentHeadersOf, refuseUnimplemented, userMetadataOf } from "../objects/object-headers.ts";
import { requestedClass } from "../objects/storage-class.ts";
import { encodeDisposal } from "../records/attempt.ts";
import { decodeUpload, encodeUpload, type UploadRecord } from "../records/upload.ts";
import { emptyReply, type HeaderPair, xmlReply } from "../replies.ts";
import { document, tag } from "../xml/builder.ts";
import { checkUploadId, newUploadId, noSuchUpload } from "./upload-id.ts";

export const PART_NUMBER_MAX = 10_000;

export const createMultipartUpload: Handler = async (exchange) => {
  const { request, services } = exchange;
  refuseUnimplemented(request);
  const checksum = uploadChecksum(request);
  const headers = contentHeadersOf(request);
  const metadata = userMetadataOf(request);
  const bucket = await services.buckets.forWrite(bucketOf(exchange));
  const key = keyOf(exchange);
  const uploadId = newUploadId(services.clock, services.random);
  const upload: UploadRecord = {
    initiatedMs: services.clock.nowMs(),
    headers,
    metadata,
    checksumAlgorithm: checksum?.algorithm,
    checksumType: checksum?.type,
    owner: ownerOf(exchange),
    chunkSize: services.plan.chunkBytes,
    storageClass: requestedClass(request),
  };
  await transactGuarded(
    services.kv,
    [services.buckets.aliveGuard(bucket)],
    [
      {
        kind: "put",
        key: uploadKey(bucket, key, uploadId),
        value: encodeUpload(upload),
        disposal: uploadDisposal(bucket, key, uploadId),
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

/** Everything an upload has: its parts' rows and their chunks. */
function uploadDisposal(ref: BucketRef, key: string, uploadId: string): Uint8Array {
  return encodeDisposal([
    attemptChunksPrefix(ref, key, uploadAttempt(uploadId)),
    partsPrefix(ref, key, uploadId),
  ]);
}

export const abortMultipartUpload: Handler = async (exchange) => {
  const { request, services } = exchange;
  const uploadId = checkUploadId(request.query.get("uploadId"));
  const bucket = await services.buckets.forWrite(bucketOf(exchange));
  const key = keyOf(exchange);
  // Superseding the row disposes of parts and chunks; a part that is still on its way finds no upload at its apply.
  await transactGuarded(
    services.kv,
    [services.buckets.aliveGuard(bucket), uploadGuard(bucket, key, uploadId)],
    [{ kind: "delete", key: uploadKey(bucket, key, uploadId) }],
  );
  return emptyReply(204);
};

/** What every transaction of a part carries. */
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
export async function currentUpload(exchange: Exchange, view: ReadView): Promise<CurrentUpload> {
  const { request, services } = exchange;
  const bucket = await services.buckets.inView(view, bucketOf(exchange));
  const key = keyOf(exchange);
  const uploadId = checkUploadId(request.query.get("uploadId"));
  const row = await view.getMeta(uploadKey(bucket, key, uploadId));
  if (row === undefined) throw noSuchUpload(uploadId);
  return { bucket, key, uploadId, upload: decodeUpload(row.value), row };
}
