/** Tags of an object, in the requests that write or read the object. */
import { authorizeAlso, authorizeWritten, mayAlso } from "../context/authorize.ts";
import { type ObjectExchange, openedBucket } from "../context/exchange.ts";
import type { HeaderPair } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import { NO_TAGS, parseTaggingHeader, TAGGING_HEADER, type TagSet } from "../protocol/tags.ts";
import type { Manifest } from "../records/manifest.ts";
import type { CopySource } from "./copy-source.ts";

/** The tags of a PUT or a new upload; undefined: none. @throws S3Error InvalidArgument, InvalidTag, BadRequest */
export function requestedTags(request: S3Request): TagSet | undefined {
  const header = request.header(TAGGING_HEADER);
  if (header === undefined) return undefined;
  const tags = parseTaggingHeader(header);
  return tags.length === 0 ? undefined : tags;
}

/**
 * The tags of a copy. Tags are copied only for those who may read the tags of the source and write tags (S3 User
 * Guide, "Object tagging and access control policies"). @throws S3Error AccessDenied and as `requestedTags`
 */
export function copiedTags(exchange: ObjectExchange, source: CopySource): TagSet | undefined {
  const { request } = exchange;
  // With the directive COPY the header has no effect; a wrong header is refused all the same.
  const requested = requestedTags(request);
  if (request.header("x-amz-tagging-directive") === "REPLACE") return requested;
  const { tags } = source.manifest;
  if (tags === undefined) {
    // The header has satisfied conditions about tags that the copy does not get.
    if (requested !== undefined) authorizeWritten(exchange, { tags: NO_TAGS });
    return undefined;
  }
  const { bucket, key } = exchange;
  authorizeAlso(
    exchange,
    { bucket: source.bucket.bucket, key: source.key, versionId: source.versionId, tags },
    source.opened,
    source.versionId === undefined ? "s3:GetObjectTagging" : "s3:GetObjectVersionTagging",
  );
  authorizeWritten(exchange, { tags });
  const target = { bucket, key, versionId: undefined, tags: exchange.objectTags };
  authorizeAlso(exchange, target, openedBucket(exchange), "s3:PutObjectTagging");
  return tags;
}

/** API reference, GetObject, x-amz-tagging-count: "when you have the relevant permission to read object tags". */
export function tagCount(exchange: ObjectExchange, { tags }: Manifest): readonly HeaderPair[] {
  if (tags === undefined || !mayReadTags(exchange, tags)) return [];
  return [["x-amz-tagging-count", String(tags.length)]];
}

function mayReadTags(exchange: ObjectExchange, tags: TagSet): boolean {
  const { bucket, key, request } = exchange;
  const versionId = request.query.get("versionId");
  const action = versionId === undefined ? "s3:GetObjectTagging" : "s3:GetObjectVersionTagging";
  return mayAlso(exchange, { bucket, key, versionId, tags }, openedBucket(exchange), action);
}
