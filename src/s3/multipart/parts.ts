/** Rows of parts, in order of their numbers; and ListParts. */

import { keyAfter, prefixEnd } from "../../store/key-encoding.ts";
import type { ReadView } from "../../txn/types.ts";
import { type Handler, openedBucket } from "../context/exchange.ts";
import { ownerOfBucket, personOf } from "../context/owners.ts";
import { elementName, wireName } from "../objects/checksums.ts";
import { LIST_PARTS_MAX } from "../protocol/limits.ts";
import { encodesNames, integerParameter } from "../protocol/list-parameters.ts";
import { quoted, xmlReply } from "../protocol/replies.ts";
import { type BucketRef, parsePartKey, partKey, partsPrefix } from "../records/keys.ts";
import { decodePart, type PartRecord } from "../records/upload.ts";
import { document, element, isoTime, tag } from "../xml/builder.ts";
import { ownerElement } from "../xml/owner.ts";
import { currentUpload } from "./upload.ts";

export interface NumberedPart extends PartRecord {
  readonly number: number;
}

const PAGE = 1000;

/** At most `limit` parts with numbers above `after`. */
export async function partsAfter(
  view: ReadView,
  ref: BucketRef,
  key: string,
  uploadId: string,
  after: number,
  limit: number,
): Promise<NumberedPart[]> {
  const end = prefixEnd(partsPrefix(ref, key, uploadId));
  const parts: NumberedPart[] = [];
  let start = keyAfter(partKey(ref, key, uploadId, after));
  while (parts.length < limit) {
    const wanted = Math.min(PAGE, limit - parts.length);
    const page = await view.scan(start, end, { limit: wanted });
    for (const row of page) parts.push({ number: parsePartKey(row.key), ...decodePart(row.value) });
    const last = page[page.length - 1];
    if (last === undefined || page.length < wanted) break;
    start = keyAfter(last.key);
  }
  return parts;
}

export const listParts: Handler<"object"> = async (exchange) => {
  const { request, services } = exchange;
  const max = Math.min(integerParameter(request, "max-parts", LIST_PARTS_MAX), LIST_PARTS_MAX);
  const marker = integerParameter(request, "part-number-marker", 0);
  encodesNames(request);
  const { view } = openedBucket(exchange);
  const { bucket, key, uploadId, upload } = await currentUpload(exchange, view);
  const found = await partsAfter(view, bucket, key, uploadId, marker, max + 1);
  const page = found.slice(0, max);
  const last = page[page.length - 1];
  const algorithm = upload.checksumAlgorithm;
  let inner =
    tag("Bucket", bucket.bucket) +
    tag("Key", key) +
    tag("UploadId", uploadId) +
    ownerElement("Initiator", personOf(services, upload.initiator)) +
    ownerElement("Owner", ownerOfBucket(exchange)) +
    tag("StorageClass", upload.storageClass) +
    tag("PartNumberMarker", marker) +
    tag("NextPartNumberMarker", last?.number ?? 0) +
    tag("MaxParts", max) +
    tag("IsTruncated", found.length > page.length && max > 0) +
    tag("ChecksumAlgorithm", algorithm === undefined ? undefined : wireName(algorithm)) +
    tag("ChecksumType", upload.checksumType);
  for (const part of page) inner += element("Part", partElements(part));
  return xmlReply(document("ListPartsResult", inner));
};

function partElements(part: NumberedPart): string {
  const { checksum } = part;
  return (
    tag("PartNumber", part.number) +
    tag("LastModified", isoTime(part.modifiedMs)) +
    tag("ETag", quoted(Buffer.from(part.md5).toString("hex"))) +
    tag("Size", part.size) +
    (checksum === undefined
      ? ""
      : tag(elementName(checksum.algorithm), Buffer.from(checksum.value).toString("base64")))
  );
}
