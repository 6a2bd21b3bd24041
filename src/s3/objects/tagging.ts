/** GetObjectTagging, PutObjectTagging, DeleteObjectTagging. */
import { authorizeWritten } from "../context/authorize.ts";
import type { Handler, ObjectExchange } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, type HeaderPair, xmlReply } from "../protocol/replies.ts";
import { NO_TAGS, OBJECT_TAGS, type TagSet } from "../protocol/tags.ts";
import { versionHeaders } from "../versions/current.ts";
import { readTagging, taggingDocument } from "../xml/tagging.ts";
import { currentObject } from "./current.ts";
import { documentBytes } from "./document.ts";
import { rewriteObject } from "./rewrite.ts";

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

/** ETag and Last-Modified stay. @returns headers of the answer. @throws as `rewriteObject`; S3Error ServiceUnavailable */
async function setTags(exchange: ObjectExchange, tags: TagSet): Promise<HeaderPair[]> {
  if (tags.length > 0) await exchange.services.newRows.allow();
  const { bucket, manifest } = await rewriteObject(exchange, ({ tags: before, ...rest }) =>
    before === undefined && tags.length === 0
      ? undefined
      : { manifest: { ...rest, tags: tags.length === 0 ? undefined : tags } },
  );
  return versionHeaders(bucket, manifest);
}
