/** ListObjects, ListObjectsV2 and ListObjectVersions. */
import type { ScanItem } from "../../store/types.ts";
import { type BucketExchange, type Handler, openedBucket } from "../context/exchange.ts";
import { ownerOfBucket } from "../context/owners.ts";
import { wireName } from "../objects/checksums.ts";
import { decodeToken, encodeToken } from "../protocol/continuation-token.ts";
import { escapeXml, invalidArgument } from "../protocol/errors.ts";
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

function commonHead(parameters: ListParameters, page: Page<ManifestSummary>): string {
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
function objectFacts({ checksum, etag, modifiedMs, size, storageClass }: ManifestSummary): string {
  const sum =
    checksum === undefined
      ? ""
      : `<ChecksumAlgorithm>${wireName(checksum.algorithm)}</ChecksumAlgorithm><ChecksumType>${checksum.type}</ChecksumType>`;
  return `<LastModified>${isoTime(modifiedMs)}</LastModified><ETag>&quot;${etag}&quot;</ETag>${sum}<Size>${size}</Size><StorageClass>${storageClass}</StorageClass>`;
}

/** Buckets are not versioned: every object is its own latest version, `null`. */
export const listObjectVersions: Handler<"bucket"> = async (exchange) => {
  const { request } = exchange;
  const parameters = listParameters(request, "max-keys");
  const keyMarker = request.query.get("key-marker") ?? "";
  const versionMarker = request.query.get("version-id-marker") ?? "";
  if (versionMarker !== "" && keyMarker === "") {
    throw invalidArgument(
      "version-id-marker",
      versionMarker,
      "A version-id marker cannot be specified without a key marker.",
    );
  }
  if (versionMarker !== "" && versionMarker !== "null") {
    throw invalidArgument("version-id-marker", versionMarker, "Invalid version id specified");
  }
  const { bucket, page } = await listPage(exchange, parameters, keyMarker === "" ? undefined : keyMarker);
  const encode = nameEncoder(parameters.encodes);
  const last = page.entries[page.entries.length - 1];
  let inner =
    tag("Name", bucket.bucket) +
    tag("Prefix", encode(parameters.prefix)) +
    tag("KeyMarker", encode(keyMarker)) +
    tag("VersionIdMarker", versionMarker);
  if (page.truncated && last !== undefined) {
    inner += tag("NextKeyMarker", encode(last.name));
    if (last.kind === "item") inner += tag("NextVersionIdMarker", "null");
  }
  inner += commonHead(parameters, page);
  const owner = ownerElement("Owner", ownerOfBucket(exchange));
  let prefixes = "";
  for (const entry of page.entries) {
    const name = encode(entry.name);
    if (entry.kind === "prefix") {
      prefixes += element("CommonPrefixes", tag("Prefix", name));
      continue;
    }
    const identity = tag("Key", name) + tag("VersionId", "null") + tag("IsLatest", true);
    inner += element("Version", identity + objectFacts(entry.item) + owner);
  }
  return xmlReply(document("ListVersionsResult", inner + prefixes));
};
