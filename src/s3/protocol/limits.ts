/**
 * The limits of S3, each defined once: bytes, or a count. Sources: [UG] the S3 User Guide, by page; [API] the S3
 * API Reference, by operation. `test/s3/protocol/limits.test.ts` holds the relations between them.
 */
const KIB = 1024;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;

/** Bytes of a key in UTF-8. [UG] Naming Amazon S3 objects. */
export const KEY_BYTES_MAX = 1024;
/** [API] PutObject, x-amz-website-redirect-location. */
export const WEBSITE_REDIRECT_BYTES_MAX = 2 * KIB;
/** Bytes of a form before its file. S3 API, POST Object: "up to 20 KB in size". */
export const FORM_FIELDS_BYTES_MAX = 20 * KIB;
/** [UG] General purpose bucket naming rules. */
export const BUCKET_NAME_LENGTH_MIN = 3;
export const BUCKET_NAME_LENGTH_MAX = 63;
/** Names without `x-amz-meta-`, and values, together. [UG] Working with object metadata. */
export const USER_METADATA_BYTES_MAX = 2 * KIB;

/**
 * Bytes that one request may upload or copy: PutObject, UploadPart, CopyObject, UploadPartCopy. [UG] Uploading
 * objects; Amazon S3 multipart upload limits. [API] CopyObject.
 */
export const REQUEST_BYTES_MAX = 5 * GIB;
/** Bytes of an object with parts. [UG] Amazon S3 multipart upload limits, as they were until 2025. */
export const OBJECT_BYTES_MAX = 5 * TIB;
/** Bytes of every part but the last. [UG] Amazon S3 multipart upload limits. */
export const PART_BYTES_MIN = 5 * MIB;
/** Highest part number, and number of parts. [UG] Amazon S3 multipart upload limits. */
export const PART_NUMBER_MAX = 10_000;

/** Entries of one page, and the default of a request. [API] ListObjectsV2, ListMultipartUploads. */
export const LIST_KEYS_MAX = 1000;
/** [API] ListParts, GetObjectAttributes. */
export const LIST_PARTS_MAX = 1000;
/** [API] ListBuckets. */
export const LIST_BUCKETS_MAX = 10_000;
/** [API] DeleteObjects. */
export const DELETE_OBJECTS_MAX = 1000;

/**
 * Documents that list objects or parts: DeleteObjects, CompleteMultipartUpload. A limit of this server; S3 documents
 * none.
 */
export const LIST_DOCUMENT_BYTES_MAX = 2 * MIB;
/** Documents that configure a bucket or an ACL. A limit of this server; S3 documents none. */
export const CONFIGURATION_BYTES_MAX = 64 * KIB;
