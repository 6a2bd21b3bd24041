/** The tags of a bucket. */
import { type Handler, openedBucket } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { BUCKET_TAGS } from "../protocol/tags.ts";
import { writeConfiguration } from "../records/bucket-configuration.ts";
import { decodeTagging, encodeTagging } from "../records/tags.ts";
import { readTagging, taggingDocument } from "../xml/tagging.ts";
import { bucketDocument, deletesConfiguration, storedConfiguration } from "./configuration-row.ts";

/** The message is that of S3: localstack/localstack, tests/aws/services/s3/test_s3_api.snapshot.json. */
export const getBucketTagging: Handler<"bucket"> = async (exchange) => {
  const value = await storedConfiguration(exchange, "tagging");
  if (value !== undefined) return xmlReply(taggingDocument(decodeTagging(value)));
  throw new S3Error("NoSuchTagSet", {
    message: "The TagSet does not exist",
    extra: [["BucketName", exchange.bucket]],
  });
};

/** An empty set deletes the tags. */
export const putBucketTagging: Handler<"bucket"> = async (exchange) => {
  const tags = readTagging(await bucketDocument(exchange), BUCKET_TAGS);
  const value = tags.length === 0 ? undefined : encodeTagging(tags);
  await writeConfiguration(exchange.services, openedBucket(exchange).bucket, "tagging", value);
  return emptyReply(204);
};

export const deleteBucketTagging = deletesConfiguration("tagging");
