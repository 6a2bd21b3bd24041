/** Every operation of S3 by level, method and sub-resource: what has an answer, and what is refused. */
import type { OperationName } from "./operations.ts";

export interface Route {
  readonly operation: Exclude<OperationName, "Unsupported">;
  /** Parameters it knows beside its sub-resource. */
  readonly parameters?: readonly string[];
}

export type Level = "service" | "bucket" | "object";

const RESPONSE_OVERRIDES = [
  "response-cache-control",
  "response-content-disposition",
  "response-content-encoding",
  "response-content-language",
  "response-content-type",
  "response-expires",
];
const CONFIGURATIONS = ["continuation-token", "id"];
const LIST_COMMON = ["delimiter", "encoding-type", "max-keys", "prefix"];

/** `LEVEL METHOD sub-resource`; a route without sub-resource ends with a blank. */
export const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  [
    "service GET ",
    {
      operation: "ListBuckets",
      parameters: ["bucket-region", "continuation-token", "max-buckets", "prefix"],
    },
  ],

  ["bucket PUT ", { operation: "CreateBucket" }],
  ["bucket HEAD ", { operation: "HeadBucket" }],
  ["bucket DELETE ", { operation: "DeleteBucket" }],
  ["bucket GET ", { operation: "ListObjects", parameters: [...LIST_COMMON, "marker"] }],
  [
    "bucket GET list-type",
    {
      operation: "ListObjectsV2",
      parameters: [...LIST_COMMON, "continuation-token", "fetch-owner", "start-after"],
    },
  ],
  [
    "bucket GET versions",
    { operation: "ListObjectVersions", parameters: [...LIST_COMMON, "key-marker", "version-id-marker"] },
  ],
  [
    "bucket GET uploads",
    {
      operation: "ListMultipartUploads",
      parameters: ["delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker"],
    },
  ],
  ["bucket POST delete", { operation: "DeleteObjects" }],
  ["bucket GET location", { operation: "GetBucketLocation" }],
  ["bucket GET versioning", { operation: "GetBucketVersioning" }],
  ["bucket GET acl", { operation: "GetBucketAcl" }],
  ["bucket GET policy", { operation: "GetBucketPolicy" }],
  ["bucket GET policyStatus", { operation: "GetBucketPolicyStatus" }],
  ["bucket GET cors", { operation: "GetBucketCors" }],
  ["bucket GET lifecycle", { operation: "GetBucketLifecycleConfiguration" }],
  ["bucket GET tagging", { operation: "GetBucketTagging" }],
  ["bucket GET website", { operation: "GetBucketWebsite" }],
  ["bucket GET encryption", { operation: "GetBucketEncryption" }],
  ["bucket GET object-lock", { operation: "GetObjectLockConfiguration" }],
  ["bucket GET replication", { operation: "GetBucketReplication" }],
  ["bucket GET logging", { operation: "GetBucketLogging" }],
  ["bucket GET notification", { operation: "GetBucketNotificationConfiguration" }],
  ["bucket GET requestPayment", { operation: "GetBucketRequestPayment" }],
  ["bucket GET accelerate", { operation: "GetBucketAccelerateConfiguration" }],
  ["bucket GET ownershipControls", { operation: "GetBucketOwnershipControls" }],
  ["bucket GET publicAccessBlock", { operation: "GetPublicAccessBlock" }],
  ["bucket GET abac", { operation: "GetBucketAbac" }],
  ["bucket GET analytics", { operation: "ListBucketAnalyticsConfigurations", parameters: CONFIGURATIONS }],
  [
    "bucket GET intelligent-tiering",
    { operation: "ListBucketIntelligentTieringConfigurations", parameters: CONFIGURATIONS },
  ],
  ["bucket GET inventory", { operation: "ListBucketInventoryConfigurations", parameters: CONFIGURATIONS }],
  ["bucket GET metrics", { operation: "ListBucketMetricsConfigurations", parameters: CONFIGURATIONS }],
  ["bucket GET metadataConfiguration", { operation: "GetBucketMetadataConfiguration" }],
  ["bucket GET metadataTable", { operation: "GetBucketMetadataTableConfiguration" }],
  ["bucket PUT acl", { operation: "PutBucketAcl" }],
  ["bucket PUT logging", { operation: "PutBucketLogging" }],
  ["bucket PUT notification", { operation: "PutBucketNotificationConfiguration" }],
  ["bucket PUT object-lock", { operation: "PutObjectLockConfiguration" }],
  ["bucket PUT ownershipControls", { operation: "PutBucketOwnershipControls" }],
  ["bucket PUT requestPayment", { operation: "PutBucketRequestPayment" }],
  ["bucket DELETE analytics", { operation: "DeleteBucketAnalyticsConfiguration", parameters: ["id"] }],
  ["bucket DELETE cors", { operation: "DeleteBucketCors" }],
  ["bucket DELETE encryption", { operation: "DeleteBucketEncryption" }],
  [
    "bucket DELETE intelligent-tiering",
    { operation: "DeleteBucketIntelligentTieringConfiguration", parameters: ["id"] },
  ],
  ["bucket DELETE inventory", { operation: "DeleteBucketInventoryConfiguration", parameters: ["id"] }],
  ["bucket DELETE lifecycle", { operation: "DeleteBucketLifecycle" }],
  ["bucket DELETE metadataConfiguration", { operation: "DeleteBucketMetadataConfiguration" }],
  ["bucket DELETE metadataTable", { operation: "DeleteBucketMetadataTableConfiguration" }],
  ["bucket DELETE metrics", { operation: "DeleteBucketMetricsConfiguration", parameters: ["id"] }],
  ["bucket DELETE policy", { operation: "DeleteBucketPolicy" }],
  ["bucket DELETE publicAccessBlock", { operation: "DeletePublicAccessBlock" }],
  ["bucket DELETE replication", { operation: "DeleteBucketReplication" }],
  ["bucket DELETE tagging", { operation: "DeleteBucketTagging" }],
  ["bucket DELETE website", { operation: "DeleteBucketWebsite" }],

  ["object GET ", { operation: "GetObject", parameters: ["partNumber", "versionId", ...RESPONSE_OVERRIDES] }],
  [
    "object HEAD ",
    { operation: "HeadObject", parameters: ["partNumber", "versionId", ...RESPONSE_OVERRIDES] },
  ],
  ["object PUT ", { operation: "PutObject" }],
  ["object DELETE ", { operation: "DeleteObject", parameters: ["versionId"] }],
  ["object GET acl", { operation: "GetObjectAcl", parameters: ["versionId"] }],
  ["object GET tagging", { operation: "GetObjectTagging", parameters: ["versionId"] }],
  ["object GET attributes", { operation: "GetObjectAttributes", parameters: ["versionId"] }],
  ["object GET legal-hold", { operation: "GetObjectLegalHold", parameters: ["versionId"] }],
  ["object GET retention", { operation: "GetObjectRetention", parameters: ["versionId"] }],
  ["object GET torrent", { operation: "GetObjectTorrent" }],
  ["object PUT acl", { operation: "PutObjectAcl", parameters: ["versionId"] }],
  ["object PUT legal-hold", { operation: "PutObjectLegalHold", parameters: ["versionId"] }],
  ["object PUT retention", { operation: "PutObjectRetention", parameters: ["versionId"] }],
  ["object DELETE tagging", { operation: "DeleteObjectTagging", parameters: ["versionId"] }],
  ["object POST restore", { operation: "RestoreObject", parameters: ["versionId"] }],
  [
    "object GET uploadId",
    { operation: "ListParts", parameters: ["encoding-type", "max-parts", "part-number-marker"] },
  ],
  ["object POST uploads", { operation: "CreateMultipartUpload" }],
  ["object PUT uploadId", { operation: "UploadPart", parameters: ["partNumber"] }],
  ["object POST uploadId", { operation: "CompleteMultipartUpload" }],
  ["object DELETE uploadId", { operation: "AbortMultipartUpload" }],
]);

const CONFIGURES = "would have to be kept and obeyed, and nothing here does";
const ANNOTATIONS = "objects have no annotations";
const METADATA_TABLES = "there are no S3 Tables";

/**
 * Operations of S3 that answer NotImplemented (501), and why no other answer is true. All but a few are writes that ask for
 * something that would not happen. Whatever is neither here nor above is no operation of S3 either.
 */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ["bucket POST ", "form uploads are not implemented"],
  ["bucket GET session", "sessions are for directory buckets"],
  ["bucket PUT abac", CONFIGURES],
  ["bucket PUT accelerate", CONFIGURES],
  ["bucket PUT analytics", CONFIGURES],
  ["bucket PUT cors", CONFIGURES],
  ["bucket PUT encryption", CONFIGURES],
  ["bucket PUT intelligent-tiering", CONFIGURES],
  ["bucket PUT inventory", CONFIGURES],
  ["bucket PUT lifecycle", CONFIGURES],
  ["bucket PUT metrics", CONFIGURES],
  ["bucket PUT policy", CONFIGURES],
  ["bucket PUT publicAccessBlock", CONFIGURES],
  ["bucket PUT replication", CONFIGURES],
  ["bucket PUT tagging", CONFIGURES],
  ["bucket PUT versioning", CONFIGURES],
  ["bucket PUT website", CONFIGURES],
  ["bucket DELETE ownershipControls", "would allow ACLs, and there are none"],
  ["bucket POST metadataConfiguration", METADATA_TABLES],
  ["bucket POST metadataTable", METADATA_TABLES],
  ["bucket PUT metadataAnnotationTable", METADATA_TABLES],
  ["bucket PUT metadataInventoryTable", METADATA_TABLES],
  ["bucket PUT metadataJournalTable", METADATA_TABLES],
  ["object GET annotation", ANNOTATIONS],
  ["object PUT annotation", ANNOTATIONS],
  ["object DELETE annotation", ANNOTATIONS],
  ["object PUT encryption", "nothing is encrypted"],
  ["object PUT renameObject", "renaming is for directory buckets"],
  ["object PUT tagging", "objects have no tags"],
  ["object POST select", "there are no queries"],
]);
