/** ListObjectVersions. */
import { type Handler, openedBucket } from "../context/exchange.ts";
import { ownerOfBucket } from "../context/owners.ts";
import { invalidArgument } from "../protocol/errors.ts";
import { listParameters, nameEncoder } from "../protocol/list-parameters.ts";
import { xmlReply } from "../protocol/replies.ts";
import { NULL_VERSION, type VersionId } from "../records/version-id.ts";
import { requestedVersion } from "../versions/requested.ts";
import { document, element, isoTime, tag } from "../xml/builder.ts";
import { ownerElement } from "../xml/owner.ts";
import { commonHead, objectFacts } from "./list-objects.ts";
import { walkVersions } from "./version-walk.ts";

/** Versions and delete markers in order of their keys, and for one key the newest first. */
export const listObjectVersions: Handler<"bucket"> = async (exchange) => {
  const { request } = exchange;
  const parameters = listParameters(request, "max-keys");
  const keyMarker = request.query.get("key-marker") ?? "";
  const versionMarker = versionMarkerOf(keyMarker, request.query.get("version-id-marker") ?? "");
  const { bucket, view } = openedBucket(exchange);
  const page = await walkVersions({
    view,
    bucket,
    prefix: parameters.prefix,
    delimiter: parameters.delimiter,
    after: keyMarker === "" ? undefined : keyMarker,
    afterVersion: versionMarker,
    limit: parameters.max,
  });
  const encode = nameEncoder(parameters.encodes);
  const last = page.entries[page.entries.length - 1];
  let inner =
    tag("Name", bucket.bucket) +
    tag("Prefix", encode(parameters.prefix)) +
    tag("KeyMarker", encode(keyMarker)) +
    tag("VersionIdMarker", versionMarker ?? "");
  if (page.truncated && last !== undefined) {
    inner += tag("NextKeyMarker", encode(last.name));
    if (last.kind === "item") inner += tag("NextVersionIdMarker", last.item.manifest.versionId);
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
    const { isLatest, manifest } = entry.item;
    // A row that a newer release wrote into a bucket without versioning may have an id; clients see the only version.
    const versionId = bucket.versioning === "off" ? NULL_VERSION : manifest.versionId;
    const identity = tag("Key", name) + tag("VersionId", versionId) + tag("IsLatest", isLatest);
    inner +=
      manifest.content.kind === "marker"
        ? element("DeleteMarker", identity + tag("LastModified", isoTime(manifest.modifiedMs)) + owner)
        : element("Version", identity + objectFacts(manifest) + owner);
  }
  return xmlReply(document("ListVersionsResult", inner + prefixes));
};

/** @throws S3Error InvalidArgument */
function versionMarkerOf(keyMarker: string, text: string): VersionId | undefined {
  if (text === "") return undefined;
  if (keyMarker !== "") return requestedVersion(text, "version-id-marker");
  throw invalidArgument(
    "version-id-marker",
    text,
    "A version-id marker cannot be specified without a key marker.",
  );
}
