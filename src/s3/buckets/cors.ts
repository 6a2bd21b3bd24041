/** The CORS configuration of a bucket. src/s3/cors.ts obeys it. */
import { type Handler, openedBucket } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { writeConfiguration } from "../records/bucket-configuration.ts";
import { decodeCors, encodeCors } from "../records/cors.ts";
import { corsDocument, readCorsConfiguration } from "../xml/cors.ts";
import { bucketDocument, deletesConfiguration, storedConfiguration } from "./configuration-row.ts";

/** The message is that of S3: versity/versitygw#1842. */
export const getBucketCors: Handler<"bucket"> = async (exchange) => {
  const value = await storedConfiguration(exchange, "cors");
  if (value !== undefined) return xmlReply(corsDocument(decodeCors(value)));
  throw new S3Error("NoSuchCORSConfiguration", {
    message: "The CORS configuration does not exist",
    extra: [["BucketName", exchange.bucket]],
  });
};

export const putBucketCors: Handler<"bucket"> = async (exchange) => {
  const rules = readCorsConfiguration(await bucketDocument(exchange));
  await writeConfiguration(exchange.services, openedBucket(exchange).bucket, "cors", encodeCors(rules));
  return emptyReply(200);
};

export const deleteBucketCors = deletesConfiguration("cors");
