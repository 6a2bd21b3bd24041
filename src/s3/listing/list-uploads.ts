import { keyAfter } from "../../store/key-encoding.ts";
import { type Handler, openedBucket } from "../context/exchange.ts";
import { ownerOfBucket, personOf } from "../context/owners.ts";
import { wireName } from "../objects/checksums.ts";
import { invalidArgument } from "../protocol/errors.ts";
import { listParameters, nameEncoder } from "../protocol/list-parameters.ts";
import { xmlReply } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import { parseUploadKey, uploadKey } from "../records/keys.ts";
import { decodeUpload, type UploadRecord } from "../records/upload.ts";
import { isUploadId } from "../records/upload-id.ts";
import { document, element, isoTime, tag } from "../xml/builder.ts";
import { ownerElement } from "../xml/owner.ts";
import { walk } from "./walk.ts";

interface UploadItem {
  readonly uploadId: string;
  readonly upload: UploadRecord;
}

/** Uploads in order of their keys, and for one key in order of their start. */
export const listMultipartUploads: Handler<"bucket"> = async (exchange) => {
  const { request, services } = exchange;
  const parameters = listParameters(request, "max-uploads");
  const keyMarker = request.query.get("key-marker") ?? "";
  const uploadMarker = uploadMarkerOf(request, keyMarker);
  const { bucket, view } = openedBucket(exchange);
  const page = await walk<UploadItem>({
    view,
    tag: "u",
    ref: bucket,
    prefix: parameters.prefix,
    delimiter: parameters.delimiter,
    after: keyMarker === "" ? undefined : keyMarker,
    // With an upload marker the page has the later uploads of the marker's key, then the greater keys.
    startRow: uploadMarker === "" ? undefined : keyAfter(uploadKey(bucket, keyMarker, uploadMarker)),
    limit: parameters.max,
    read: (row) => {
      const { key, uploadId } = parseUploadKey(row.key);
      return { name: key, item: { uploadId, upload: decodeUpload(row.value) } };
    },
  });
  const encode = nameEncoder(parameters.encodes);
  const last = page.entries[page.entries.length - 1];
  let inner =
    tag("Bucket", bucket.bucket) +
    tag("KeyMarker", encode(keyMarker)) +
    tag("UploadIdMarker", uploadMarker) +
    tag("NextKeyMarker", page.truncated && last !== undefined ? encode(last.name) : "") +
    tag("NextUploadIdMarker", page.truncated && last?.kind === "item" ? last.item.uploadId : "") +
    tag("Prefix", encode(parameters.prefix)) +
    (parameters.delimiter === "" ? "" : tag("Delimiter", encode(parameters.delimiter))) +
    (parameters.encodes ? tag("EncodingType", "url") : "") +
    tag("MaxUploads", parameters.max) +
    tag("IsTruncated", page.truncated);
  const owner = ownerElement("Owner", ownerOfBucket(exchange));
  let prefixes = "";
  for (const entry of page.entries) {
    if (entry.kind === "prefix") {
      prefixes += element("CommonPrefixes", tag("Prefix", encode(entry.name)));
      continue;
    }
    const { uploadId, upload } = entry.item;
    inner += element(
      "Upload",
      tag("Key", encode(entry.name)) +
        tag("UploadId", uploadId) +
        ownerElement("Initiator", personOf(services, upload.initiator)) +
        owner +
        tag("StorageClass", upload.storageClass) +
        tag("Initiated", isoTime(upload.initiatedMs)) +
        tag(
          "ChecksumAlgorithm",
          upload.checksumAlgorithm === undefined ? undefined : wireName(upload.checksumAlgorithm),
        ) +
        tag("ChecksumType", upload.checksumType),
    );
  }
  return xmlReply(document("ListMultipartUploadsResult", inner + prefixes));
};

/**
 * Returns "" for no marker. Without a key marker S3 ignores every upload marker. @throws S3Error InvalidArgument for
 * text that is no id
 */
function uploadMarkerOf(request: S3Request, keyMarker: string): string {
  const marker = keyMarker === "" ? "" : (request.query.get("upload-id-marker") ?? "");
  if (marker === "" || isUploadId(marker)) return marker;
  throw invalidArgument("upload-id-marker", marker, "Invalid uploadId marker");
}
