/** Where an operation is known to differ from AWS, by its name. docs/s3-compatibility.md shows the differences. */

const NEVER_SET = "cannot be set: the answer is that of a bucket that never had any";
const NO_CHECKSUM = "a document without Content-MD5 or checksum is taken";

export const DIFFERENCES: Readonly<Record<string, string>> = {
  CreateBucket: "tags in the document: NotImplemented",
  GetBucketAbac: NEVER_SET,
  GetBucketAccelerateConfiguration: NEVER_SET,
  GetBucketEncryption: "nothing is encrypted by S3's rules: AWS answers AES256 by default",
  GetBucketLifecycleConfiguration: NEVER_SET,
  GetBucketLogging: NEVER_SET,
  GetBucketMetadataConfiguration: NEVER_SET,
  GetBucketMetadataTableConfiguration: NEVER_SET,
  GetBucketNotificationConfiguration: NEVER_SET,
  GetBucketReplication: NEVER_SET,
  GetBucketWebsite: NEVER_SET,
  ListBucketAnalyticsConfigurations: NEVER_SET,
  ListBucketIntelligentTieringConfigurations: NEVER_SET,
  ListBucketInventoryConfigurations: NEVER_SET,
  ListBucketMetricsConfigurations: NEVER_SET,
  GetObjectTorrent: "405, as S3 today",
  PostObject:
    "no SigV2; a second file is ignored like everything behind the first; Location says `http` (decision 175)",
  PutBucketAcl: "only the ACL that is in force: BucketOwnerEnforced",
  PutBucketCors: `${NO_CHECKSUM}; an ID of more than 255 characters and a wildcard in ExposeHeader are InvalidRequest, in words of our own`,
  PutBucketLogging: "only an empty document",
  PutBucketNotificationConfiguration: "only an empty document",
  PutBucketOwnershipControls: "only BucketOwnerEnforced",
  PutBucketRequestPayment: `${NO_CHECKSUM}; kept and answered, but nobody is charged, and requests without \`x-amz-request-payer\` are served`,
  PutBucketTagging: NO_CHECKSUM,
  PutObject: "no CRC64NVME is added to an object that was sent without a checksum (decision 177)",
  PutObjectAcl: "only the ACL that is in force: BucketOwnerEnforced",
  PutObjectTagging: NO_CHECKSUM,
  RestoreObject: "403: nothing is ever archived",
};
