/** ListObjects and ListObjectsV2. */
import type { ScanItem } from "../../store/types.ts";
import { type BucketExchange, type Handler, openedBucket } from "../context/exchange.ts";
import { ownerOfBucket } from "../context/owners.ts";
import { wireName } from "../objects/checksums.ts";
import { decodeToken, encodeToken } from "../protocol/continuation-token.ts";
import { escapeXml } from "../protocol/errors.ts";
import { type ListParameters, listParameters, nameEncoder } from "../protocol/list-parameters.ts";
import { xmlReply } from "../protocol/replies.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import { objectsPrefix, parseObjectKey } from "../records/keys.ts";
import { type ManifestSummary, readSummary } from "../records/manifest-summary.ts";
import { document, element, isoTime, tag } from "../xml/builder.ts";
import { type Owner, ownerElement } from "../xml/owner.ts";
import { type Entry, type Page, walk } from "./walk.ts";

type ObjectEntry = Entry<ManifestSummary>;

async function listPage(
  exchange: BucketExchange,
  parameters: ListParameters,
  after: string | undefined | (() => string | undefined),
): Promise<{ bucket: Bucket; page: Page<ManifestSummary> }> {
  const { bucket, view } = openedBucket(exchange);
  const marker = typeof after === "function" ? after() : after;
  const offset = objectsPrefix(bucket).byteLength;
  const page = await walk<ManifestSummary>({
    view,
    tag: "o",
    ref: bucket,
    prefix: parameters.prefix,
    delimiter: parameters.delimiter,
    after: marker,
    limit: parameters.max,
    read: (row: ScanItem) => ({ name: parseObjectKey(row.key, offset), item: readSummary(row.value) }),
  });
  return { bucket, page };
}

export const listObjects: Handler<"bucket"> = async (exchange) => {
  const { request } = exchange;
  const parameters = listParameters(request, "max-keys");
  const marker = request.query.get("marker") ?? "";
  const { bucket, page } = await listPage(exchange, parameters, marker === "" ? undefined : marker);
  const encode = nameEncoder(parameters.encodes);
  const last = page.entries[page.entries.length - 1];
  // S3 returns NextMarker only with a delimiter; without a delimiter the last key is the next marker.
  const next = page.truncated && parameters.delimiter !== "" ? last?.name : undefined;
  const inner =
    tag("Name", bucket.bucket) +
    tag("Prefix", encode(parameters.prefix)) +
    tag("Marker", encode(marker)) +
    tag("NextMarker", next === undefined ? undefined : encode(next)) +
    commonHead(parameters, page) +
    contents(page.entries, encode, ownerOfBucket(exchange));
  return xmlReply(document("ListBucketResult", inner));
};

export const listObjectsV2: Handler<"bucket"> = async (exchange) => {
  const { request } = exchange;
  const parameters = listParameters(request, "max-keys");
  const startAfter = request.query.get("start-after") ?? "";
  const token = request.query.get("continuation-token");
  const fetchesOwner = request.query.get("fetch-owner") === "true";
  // S3 checks a token, even an empty token, after S3 has found the bucket (recorded 2026-09-17: brekkylab/backlot,
  // tests).
  const after = (): string | undefined => {
    if (token !== undefined) return decodeToken(exchange.bucket, token);
    return startAfter === "" ? undefined : startAfter;
  };
  const { bucket, page } = await listPage(exchange, parameters, after);
  const encode = nameEncoder(parameters.encodes);
  const last = page.entries[page.entries.length - 1];
  const next = page.truncated && last !== undefined ? encodeToken(bucket.bucket, last.name) : undefined;
  const inner =
    tag("Name", bucket.bucket) +
    tag("Prefix", encode(parameters.prefix)) +
    (startAfter === "" ? "" : tag("StartAfter", encode(startAfter))) +
    tag("ContinuationToken", token) +
    tag("NextContinuationToken", next) +
    tag("KeyCount", page.entries.length) +
    commonHead(parameters, page) +
    contents(page.entries, encode, fetchesOwner ? ownerOfBucket(exchange) : undefined);
  return xmlReply(document("ListBucketResult", inner));
};

export function commonHead(parameters: ListParameters, page: Pick<Page<unknown>, "truncated">): string {
  const encode = nameEncoder(parameters.encodes);
  return (
    tag("MaxKeys", parameters.max) +
    (parameters.delimiter === "" ? "" : tag("Delimiter", encode(parameters.delimiter))) +
    tag("IsTruncated", page.truncated) +
    (parameters.encodes ? tag("EncodingType", "url") : "")
  );
}

function contents(
  entries: readonly ObjectEntry[],
  encode: (name: string) => string,
  shown: Owner | undefined,
): string {
  const owner = shown === undefined ? "" : ownerElement("Owner", shown);
  let objects = "";
  let prefixes = "";
  for (const entry of entries) {
    const name = encode(entry.name);
    if (entry.kind === "prefix") prefixes += element("CommonPrefixes", tag("Prefix", name));
    else objects += `<Contents><Key>${escapeXml(name)}</Key>${objectFacts(entry.item)}${owner}</Contents>`;
  }
  return objects + prefixes;
}

/** These values need no escaping: times, numbers, hex digits and names of this server. */
export function objectFacts({ checksum, etag, modifiedMs, size, storageClass }: ManifestSummary): string {
  const sum =
    checksum === undefined
      ? ""
      : `<ChecksumAlgorithm>${wireName(checksum.algorithm)}</ChecksumAlgorithm><ChecksumType>${checksum.type}</ChecksumType>`;
  return `<LastModified>${isoTime(modifiedMs)}</LastModified><ETag>&quot;${etag}&quot;</ETag>${sum}<Size>${size}</Size><StorageClass>${storageClass}</StorageClass>`;
}
