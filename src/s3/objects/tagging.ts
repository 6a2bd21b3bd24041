/** GetObjectTagging, PutObjectTagging, DeleteObjectTagging. */
import { unreadableContent } from "../content/unreadable.ts";
import { authorizeWritten, reopenBucket } from "../context/authorize.ts";
import type { Handler, ObjectExchange } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, type HeaderPair, xmlReply } from "../protocol/replies.ts";
import { NO_TAGS, OBJECT_TAGS, type TagSet } from "../protocol/tags.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import { encodeManifest, type Manifest } from "../records/manifest.ts";
import { versionHeaders } from "../versions/current.ts";
import { readTagging, taggingDocument } from "../xml/tagging.ts";
import { currentObject } from "./current.ts";
import { documentBytes } from "./document.ts";

export const getObjectTagging: Handler<"object"> = async (exchange) => {
  const { bucket, manifest } = await currentObject(exchange, "meta");
  return xmlReply(taggingDocument(manifest.tags ?? NO_TAGS), versionHeaders(bucket, manifest));
};

export const putObjectTagging: Handler<"object"> = async (exchange) => {
  await currentObject(exchange, "meta");
  const bytes = await documentBytes(exchange);
  if (bytes.byteLength === 0) throw new S3Error("MissingRequestBodyError");
  const tags = readTagging(bytes, OBJECT_TAGS);
  authorizeWritten(exchange, { tags });
  return emptyReply(200, await setTags(exchange, tags));
};

export const deleteObjectTagging: Handler<"object"> = async (exchange) => {
  return emptyReply(204, await setTags(exchange, NO_TAGS));
};

/**
 * Replaces the row of the object, or of the version that the request names: the content, ETag and Last-Modified stay.
 * The row is written only if it is the row that was read, so tags never reach another version.
 * @returns headers of the answer
 * @throws S3Error NoSuchBucket, NoSuchKey, NoSuchVersion, MethodNotAllowed, ConditionalRequestConflict, NotImplemented
 *   (content of a newer release)
 */
async function setTags(exchange: ObjectExchange, tags: TagSet): Promise<HeaderPair[]> {
  const { services } = exchange;
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const { at, bucket, manifest, row } = await currentObject(exchange, "with-payload");
    const { content, tags: before, ...rest } = manifest;
    if (content.kind === "unknown") throw unreadableContent(String(content.number));
    if (tags.length > 0) await services.newRows.allow();
    const headers = versionHeaders(bucket, manifest);
    if (before === undefined && tags.length === 0) return headers;
    const changed: Manifest = { ...rest, content, tags: tags.length === 0 ? undefined : tags };
    const unchanged: Guard = {
      condition: { kind: "version-equals", key: at, commitTs: row.commitTs },
      onFail: "retry",
    };
    const outcome = await transactGuarded(
      services.kv.group(bucket.bucket),
      [services.buckets.aliveGuard(bucket), unchanged],
      [
        {
          kind: "put",
          key: at,
          value: encodeManifest(changed),
          payload: row.payload,
          garbage: row.garbage,
          keepContent: true,
        },
      ],
    );
    if (outcome.kind === "committed") return headers;
    await reopenBucket(exchange);
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", exchange.key]] });
}
