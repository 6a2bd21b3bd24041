/** What the handlers of a bucket's configurations share. */
import { type BucketExchange, type Handler, openedBucket } from "../context/exchange.ts";
import { documentBytes } from "../objects/document.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply } from "../protocol/replies.ts";
import {
  type ConfigurationName,
  readConfiguration,
  writeConfiguration,
} from "../records/bucket-configuration.ts";

/** The stored configuration; undefined: the bucket has none. @throws KvError */
export function storedConfiguration(
  exchange: BucketExchange,
  name: ConfigurationName,
): Promise<Uint8Array | undefined> {
  const { bucket, view } = openedBucket(exchange);
  return readConfiguration(view, bucket, name);
}

/** The document of a request. @throws S3Error MissingRequestBodyError */
export async function bucketDocument(exchange: BucketExchange): Promise<Uint8Array> {
  const bytes = await documentBytes(exchange);
  if (bytes.byteLength === 0) throw new S3Error("MissingRequestBodyError");
  return bytes;
}

/** S3 also deletes an absent configuration with success. */
export function deletesConfiguration(name: ConfigurationName): Handler<"bucket"> {
  return async (exchange) => {
    const { bucket } = openedBucket(exchange);
    await writeConfiguration(exchange.services, bucket, name, undefined);
    return emptyReply(204);
  };
}
