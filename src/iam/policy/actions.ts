/**
 * The actions of S3 on general purpose buckets and objects, and the type of resource of each. Service Authorization
 * Reference, "Actions, resources, and condition keys for Amazon S3".
 */
import { NO_CONTEXT } from "./context-values.ts";
import { Glob } from "./glob.ts";
import { Template } from "./template.ts";

export type ResourceType = "service" | "bucket" | "object";

const SERVICE = ["ListAllMyBuckets"];

const BUCKET = [
  ...["CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "DeleteBucketWebsite"],
  ...[
    "GetAccelerateConfiguration",
    "GetAnalyticsConfiguration",
    "GetBucketAbac",
    "GetBucketAcl",
    "GetBucketCORS",
  ],
  ...["GetBucketLocation", "GetBucketLogging", "GetBucketNotification", "GetBucketObjectLockConfiguration"],
  ...["GetBucketOwnershipControls", "GetBucketPolicy", "GetBucketPolicyStatus", "GetBucketPublicAccessBlock"],
  ...["GetBucketRequestPayment", "GetBucketTagging", "GetBucketVersioning", "GetBucketWebsite"],
  ...["GetEncryptionConfiguration", "GetIntelligentTieringConfiguration", "GetInventoryConfiguration"],
  ...["GetLifecycleConfiguration", "GetMetricsConfiguration", "GetReplicationConfiguration"],
  ...["ListBucket", "ListBucketMultipartUploads", "ListBucketVersions", "ListTagsForResource"],
  ...[
    "PutAccelerateConfiguration",
    "PutAnalyticsConfiguration",
    "PutBucketAbac",
    "PutBucketAcl",
    "PutBucketCORS",
  ],
  ...["PutBucketLogging", "PutBucketNotification", "PutBucketObjectLockConfiguration"],
  ...[
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketRequestPayment",
  ],
  ...["PutBucketTagging", "PutBucketVersioning", "PutBucketWebsite", "PutEncryptionConfiguration"],
  ...["PutIntelligentTieringConfiguration", "PutInventoryConfiguration", "PutLifecycleConfiguration"],
  ...["PutMetricsConfiguration", "PutReplicationConfiguration", "TagResource", "UntagResource"],
  ...["CreateBucketMetadataTableConfiguration", "DeleteBucketMetadataTableConfiguration"],
  ...["GetBucketMetadataTableConfiguration", "UpdateBucketMetadataAnnotationTableConfiguration"],
  ...["UpdateBucketMetadataInventoryTableConfiguration", "UpdateBucketMetadataJournalTableConfiguration"],
  "PauseReplication",
];

const OBJECT = [
  ...["AbortMultipartUpload", "BypassGovernanceRetention", "DeleteObject", "DeleteObjectTagging"],
  ...[
    "DeleteObjectVersion",
    "DeleteObjectVersionTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
  ],
  ...["GetObjectLegalHold", "GetObjectRetention", "GetObjectTagging", "GetObjectTorrent", "GetObjectVersion"],
  ...["GetObjectVersionAcl", "GetObjectVersionAttributes", "GetObjectVersionForReplication"],
  ...[
    "GetObjectVersionTagging",
    "GetObjectVersionTorrent",
    "InitiateReplication",
    "ListMultipartUploadParts",
  ],
  ...[
    "ObjectOwnerOverrideToBucketOwner",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
  ],
  ...[
    "PutObjectTagging",
    "PutObjectVersionAcl",
    "PutObjectVersionTagging",
    "ReplicateDelete",
    "ReplicateObject",
  ],
  ...["ReplicateTags", "RestoreObject", "UpdateObjectEncryption"],
  ...["DeleteObjectAnnotation", "DeleteObjectVersionAnnotation", "GetObjectAnnotation"],
  ...["GetObjectVersionAnnotation", "PutObjectAnnotation", "PutObjectVersionAnnotation"],
  ...["ListObjectAnnotations", "ListObjectVersionAnnotations"],
];

function rowsOf(names: readonly string[], type: ResourceType): [string, ResourceType][] {
  return names.map((name) => [`s3:${name}`, type]);
}

/** Type of resource by the action's name. */
export const S3_ACTIONS: ReadonlyMap<string, ResourceType> = new Map([
  ...rowsOf(SERVICE, "service"),
  ...rowsOf(BUCKET, "bucket"),
  ...rowsOf(OBJECT, "object"),
]);

const LOWER_CASE = [...S3_ACTIONS.keys()].map((name) => ({ name, lower: name.toLowerCase() }));

/** The actions of S3 that a pattern of a policy names. Names of actions have no case. */
export function actionsMatching(pattern: string): readonly string[] {
  const glob = actionGlob(pattern);
  return LOWER_CASE.filter(({ lower }) => glob.matches(lower)).map(({ name }) => name);
}

/** A matcher for lower-case names of actions. An action has no policy variables. */
export function actionGlob(pattern: string): Glob {
  const template = new Template(pattern, { version: "2008-10-17", wildcards: true, lowerCase: true });
  return template.globFor(NO_CONTEXT) ?? new Glob([]);
}
