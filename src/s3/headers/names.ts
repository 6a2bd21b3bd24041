/**
 * Which `x-amz-*` headers the API reference gives each operation that we claim. A test holds this against the names in
 * botocore's service model (test/s3/headers/api-names.json).
 */
import type { OperationName } from "../routing/operations.ts";

const OWNER = ["x-amz-expected-bucket-owner"];
const COMMON = [...OWNER, "x-amz-request-payer"];
const CUSTOMER_KEY = [
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
const COPY_SOURCE = [
  "x-amz-copy-source",
  "x-amz-copy-source-if-match",
  "x-amz-copy-source-if-modified-since",
  "x-amz-copy-source-if-none-match",
  "x-amz-copy-source-if-unmodified-since",
  "x-amz-copy-source-server-side-encryption-customer-*",
  "x-amz-source-expected-bucket-owner",
];
/** What is said about an object when it is made. */
const OBJECT = [
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
const CHECKSUMS = ["x-amz-checksum-*"];
const SDK_CHECKSUM = ["x-amz-sdk-checksum-algorithm"];
const SENT_CHECKSUM = [...SDK_CHECKSUM, ...CHECKSUMS];
const LISTING = [...COMMON, "x-amz-optional-object-attributes"];
const READ = [...COMMON, ...CUSTOMER_KEY, "x-amz-checksum-mode"];

const NAMES: Partial<Record<OperationName, readonly string[]>> = {
  ListBuckets: [],
  CreateBucket: [
    "x-amz-acl",
    "x-amz-bucket-namespace",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-grant-*",
    "x-amz-object-ownership",
  ],
  GetBucketAccelerateConfiguration: COMMON,
  PutBucketAcl: [...OWNER, ...SDK_CHECKSUM, "x-amz-acl", "x-amz-grant-*"],
  PutBucketLogging: [...OWNER, ...SDK_CHECKSUM],
  PutBucketNotificationConfiguration: [...OWNER, "x-amz-skip-destination-validation"],
  PutBucketOwnershipControls: [...OWNER, ...SDK_CHECKSUM],
  PutBucketRequestPayment: [...OWNER, ...SDK_CHECKSUM],
  PutObjectLockConfiguration: [...COMMON, ...SDK_CHECKSUM, "x-amz-bucket-object-lock-token"],
  ListObjects: LISTING,
  ListObjectsV2: LISTING,
  ListObjectVersions: LISTING,
  ListMultipartUploads: COMMON,
  DeleteObjects: [
    ...COMMON,
    "x-amz-bypass-governance-retention",
    "x-amz-mfa",
    "x-amz-sdk-checksum-algorithm",
  ],
  PutObject: [...OBJECT, ...SENT_CHECKSUM, "x-amz-write-offset-bytes"],
  GetObject: READ,
  HeadObject: READ,
  DeleteObject: [
    ...COMMON,
    "x-amz-bypass-governance-retention",
    "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size",
    "x-amz-mfa",
  ],
  CopyObject: [
    ...OBJECT,
    ...COPY_SOURCE,
    "x-amz-checksum-algorithm",
    "x-amz-metadata-directive",
    "x-amz-object-annotation-directive",
    "x-amz-tagging-directive",
  ],
  GetObjectAcl: COMMON,
  GetObjectLegalHold: COMMON,
  GetObjectRetention: COMMON,
  GetObjectTagging: COMMON,
  GetObjectTorrent: COMMON,
  PutObjectAcl: [...COMMON, ...SDK_CHECKSUM, "x-amz-acl", "x-amz-grant-*"],
  PutObjectLegalHold: [...COMMON, ...SDK_CHECKSUM],
  PutObjectRetention: [...COMMON, ...SDK_CHECKSUM, "x-amz-bypass-governance-retention"],
  RestoreObject: [...COMMON, ...SDK_CHECKSUM],
  GetObjectAttributes: [
    ...COMMON,
    ...CUSTOMER_KEY,
    "x-amz-max-parts",
    "x-amz-object-attributes",
    "x-amz-part-number-marker",
  ],
  CreateMultipartUpload: [...OBJECT, "x-amz-checksum-algorithm", "x-amz-checksum-type"],
  UploadPart: [...COMMON, ...CUSTOMER_KEY, ...SENT_CHECKSUM],
  UploadPartCopy: [...COMMON, ...CUSTOMER_KEY, ...COPY_SOURCE, "x-amz-copy-source-range"],
  ListParts: [...COMMON, ...CUSTOMER_KEY],
  CompleteMultipartUpload: [
    ...COMMON,
    ...CUSTOMER_KEY,
    ...CHECKSUMS,
    "x-amz-checksum-type",
    "x-amz-mp-object-size",
  ],
  AbortMultipartUpload: [...COMMON, "x-amz-if-match-initiated-time"],
};

const SETS = new Map<string, ReadonlySet<string>>();

/** Names and families (`x-amz-meta-*`). What is not listed is about a bucket, and knows its owner. */
export function headersOf(operation: OperationName): ReadonlySet<string> {
  let set = SETS.get(operation);
  if (set === undefined) {
    set = new Set(NAMES[operation] ?? OWNER);
    SETS.set(operation, set);
  }
  return set;
}

/** The etag conditions, where S3 decides them; on any other write they are refused. */
const CONDITIONAL: ReadonlySet<OperationName> = new Set<OperationName>([
  "PutObject",
  "CopyObject",
  "CompleteMultipartUpload",
  "DeleteObject",
]);

export function decidesEtags(operation: OperationName): boolean {
  return CONDITIONAL.has(operation);
}
