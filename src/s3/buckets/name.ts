import { S3Error } from "../protocol/errors.ts";
import { BUCKET_NAME_LENGTH_MAX, BUCKET_NAME_LENGTH_MIN } from "../protocol/limits.ts";

/** Lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit. */
const SHAPE = /^[a-z0-9][a-z0-9.-]*[a-z0-9]$/;
const LIKE_IPV4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
const RESERVED_PREFIXES = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/** The rules of "General purpose bucket naming rules" in the S3 user guide. @internal */
export function isBucketName(name: string): boolean {
  return (
    name.length >= BUCKET_NAME_LENGTH_MIN &&
    name.length <= BUCKET_NAME_LENGTH_MAX &&
    SHAPE.test(name) &&
    !name.includes("..") &&
    !LIKE_IPV4.test(name) &&
    !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) &&
    !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix))
  );
}

/** @throws S3Error InvalidBucketName */
export function checkBucketName(name: string): void {
  if (!isBucketName(name))
    throw new S3Error("InvalidBucketName", { extra: [["BucketName", name.slice(0, 256)]] });
}
