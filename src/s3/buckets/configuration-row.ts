/** What the handlers of a bucket's configurations share. */
import type { BucketExchange, Handler } from "../context/exchange.ts";
import { documentBytes } from "../objects/document.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply } from "../protocol/replies.ts";
import {
  type ConfigurationName,
  readConfiguration,
  writeConfiguration,
} from "../records/bucket-configuration.ts";
import type { Bucket } from "../records/bucket-directory.ts";

/** @throws S3Error NoSuchBucket */
export async function currentBucket({ bucket, services }: BucketExchange): Promise<Bucket> {
  return services.buckets.inView(await services.kv.group(bucket).snapshot(), bucket);
}

/** The stored configuration; undefined: the bucket has none. @throws S3Error NoSuchBucket */
export async function storedConfiguration(
  { bucket, services }: BucketExchange,
  name: ConfigurationName,
): Promise<Uint8Array | undefined> {
  const view = await services.kv.group(bucket).snapshot();
  return readConfiguration(view, await services.buckets.inView(view, bucket), name);
}

/** The document of a request, after its bucket was found. @throws S3Error NoSuchBucket, MissingRequestBodyError */
export async function bucketDocument(
  exchange: BucketExchange,
): Promise<{ readonly bucket: Bucket; readonly bytes: Uint8Array }> {
  const bucket = await currentBucket(exchange);
  const bytes = await documentBytes(exchange);
  if (bytes.byteLength === 0) throw new S3Error("MissingRequestBodyError");
  return { bucket, bytes };
}

/** S3 also deletes an absent configuration with success. */
export function deletesConfiguration(name: ConfigurationName): Handler<"bucket"> {
  return async (exchange) => {
    const bucket = await currentBucket(exchange);
    await writeConfiguration(exchange.services, bucket, name, undefined);
    return emptyReply(204);
  };
}
