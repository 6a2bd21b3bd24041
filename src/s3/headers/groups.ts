/**
 * Groups of `x-amz-*` headers that the API reference gives several operations. The rows of the operations
 * (routing/operations) name their groups; a test compares the groups with botocore's service model
 * (test/s3/headers/api-names.json).
 */

export const OWNER = ["x-amz-expected-bucket-owner"];
export const COMMON = [...OWNER, "x-amz-request-payer"];
export const CUSTOMER_KEY = [
  "x-amz-server-side-encryption-customer-algorithm",
  "x-amz-server-side-encryption-customer-key",
  "x-amz-server-side-encryption-customer-key-md5",
];
const ENCRYPTION = [
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-aws-kms-key-id",
  "x-amz-server-side-encryption-context",
  "x-amz-server-side-encryption-bucket-key-enabled",
  ...CUSTOMER_KEY,
];
const OBJECT_LOCK = [
  "x-amz-object-lock-mode",
  "x-amz-object-lock-retain-until-date",
  "x-amz-object-lock-legal-hold",
  "x-amz-object-lock-event-hold",
  "x-amz-object-lock-event-hold-duration-days",
  "x-amz-object-lock-event-hold-duration-years",
];
export const COPY_SOURCE = [
  "x-amz-copy-source",
  "x-amz-copy-source-if-match",
  "x-amz-copy-source-if-modified-since",
  "x-amz-copy-source-if-none-match",
  "x-amz-copy-source-if-unmodified-since",
  "x-amz-copy-source-server-side-encryption-customer-*",
  "x-amz-source-expected-bucket-owner",
];
/** Headers that describe a new object. */
export const OBJECT = [
  ...COMMON,
  ...ENCRYPTION,
  ...OBJECT_LOCK,
  "x-amz-acl",
  "x-amz-grant-*",
  "x-amz-meta-*",
  "x-amz-storage-class",
  "x-amz-tagging",
  "x-amz-website-redirect-location",
];
export const CHECKSUMS = ["x-amz-checksum-*"];
export const SDK_CHECKSUM = ["x-amz-sdk-checksum-algorithm"];
export const SENT_CHECKSUM = [...SDK_CHECKSUM, ...CHECKSUMS];
export const LISTING = [...COMMON, "x-amz-optional-object-attributes"];
export const READ = [...COMMON, ...CUSTOMER_KEY, "x-amz-checksum-mode"];
