/** GetObjectTagging, PutObjectTagging, DeleteObjectTagging. */
import { unreadableContent } from "../content/unreadable.ts";
import type { Handler, ObjectExchange } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { NO_TAGS, OBJECT_TAGS, type TagSet } from "../protocol/tags.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import { objectKey } from "../records/keys.ts";
import { encodeManifest, type Manifest } from "../records/manifest.ts";
import { readTagging, taggingDocument } from "../xml/tagging.ts";
import { currentObject } from "./current.ts";
import { readDocument } from "./document-body.ts";

export const getObjectTagging: Handler<"object"> = async (exchange) => {
  const { manifest } = await currentObject(exchange, "meta");
  return xmlReply(taggingDocument(manifest.tags ?? NO_TAGS));
};

export const putObjectTagging: Handler<"object"> = async (exchange) => {
  await currentObject(exchange, "meta");
  const bytes = await readDocument(exchange);
  if (bytes.byteLength === 0) throw new S3Error("MissingRequestBodyError");
  await setTags(exchange, readTagging(bytes, OBJECT_TAGS));
  return emptyReply(200);
};

export const deleteObjectTagging: Handler<"object"> = async (exchange) => {
  await setTags(exchange, NO_TAGS);
  return emptyReply(204);
};

/**
 * Replaces the object's row: the content, ETag and Last-Modified stay. The row is written only if it is the row that
 * was read, so tags never reach another write of the same key.
 * @throws S3Error NoSuchBucket, NoSuchKey, ConditionalRequestConflict, NotImplemented (content of a newer release)
 */
async function setTags(exchange: ObjectExchange, tags: TagSet): Promise<void> {
  const { services } = exchange;
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const { bucket, key, manifest, row } = await currentObject(exchange, "with-payload");
    const { content, tags: before, ...rest } = manifest;
    if (content.kind === "unknown") throw unreadableContent(String(content.number));
    if (before === undefined && tags.length === 0) return;
    const changed: Manifest = { ...rest, content, tags: tags.length === 0 ? undefined : tags };
    const name = objectKey(bucket, key);
    const unchanged: Guard = {
      condition: { kind: "version-equals", key: name, commitTs: row.commitTs },
      onFail: "retry",
    };
    const outcome = await transactGuarded(
      services.kv.group(bucket.bucket),
      [services.buckets.aliveGuard(bucket), unchanged],
      [
        {
          kind: "put",
          key: name,
          value: encodeManifest(changed),
          payload: row.payload,
          garbage: row.garbage,
          keepContent: true,
        },
      ],
    );
    if (outcome.kind === "committed") return;
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", exchange.key]] });
}
