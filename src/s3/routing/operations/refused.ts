/**
 * Operations of S3 that answer NotImplemented (501), and the reason. Almost all these operations are writes that ask
 * for an effect that the server does not have. An operation in no table is no operation of S3 either.
 */
import { type RefusedOperation, refused } from "./row.ts";

const CONFIGURES = "would have to be kept and obeyed, and nothing here does";
const ANNOTATIONS = "objects have no annotations";
const METADATA_TABLES = "there are no S3 Tables";

export const REFUSED_BUCKETS: readonly RefusedOperation[] = [
  refused("CreateSession", "GET session", "s3express:CreateSession", "sessions are for directory buckets"),
  refused("PutBucketAbac", "PUT abac", "s3:PutBucketAbac", CONFIGURES),
  refused("PutBucketAccelerateConfiguration", "PUT accelerate", "s3:PutAccelerateConfiguration", CONFIGURES),
  refused("PutBucketAnalyticsConfiguration", "PUT analytics", "s3:PutAnalyticsConfiguration", CONFIGURES),
  refused("PutBucketEncryption", "PUT encryption", "s3:PutEncryptionConfiguration", CONFIGURES),
  refused(
    "PutBucketIntelligentTieringConfiguration",
    "PUT intelligent-tiering",
    "s3:PutIntelligentTieringConfiguration",
    CONFIGURES,
  ),
  refused("PutBucketInventoryConfiguration", "PUT inventory", "s3:PutInventoryConfiguration", CONFIGURES),
  refused("PutBucketLifecycleConfiguration", "PUT lifecycle", "s3:PutLifecycleConfiguration", CONFIGURES),
  refused("PutBucketMetricsConfiguration", "PUT metrics", "s3:PutMetricsConfiguration", CONFIGURES),
  refused("PutBucketReplication", "PUT replication", "s3:PutReplicationConfiguration", CONFIGURES),
  refused("PutBucketWebsite", "PUT website", "s3:PutBucketWebsite", CONFIGURES),
  refused(
    "DeleteBucketOwnershipControls",
    "DELETE ownershipControls",
    "s3:PutBucketOwnershipControls",
    "would allow ACLs, and there are none",
  ),
  refused(
    "CreateBucketMetadataConfiguration",
    "POST metadataConfiguration",
    "s3:CreateBucketMetadataTableConfiguration",
    METADATA_TABLES,
  ),
  refused(
    "CreateBucketMetadataTableConfiguration",
    "POST metadataTable",
    "s3:CreateBucketMetadataTableConfiguration",
    METADATA_TABLES,
  ),
  refused(
    "UpdateBucketMetadataAnnotationTableConfiguration",
    "PUT metadataAnnotationTable",
    "s3:UpdateBucketMetadataAnnotationTableConfiguration",
    METADATA_TABLES,
  ),
  refused(
    "UpdateBucketMetadataInventoryTableConfiguration",
    "PUT metadataInventoryTable",
    "s3:UpdateBucketMetadataInventoryTableConfiguration",
    METADATA_TABLES,
  ),
  refused(
    "UpdateBucketMetadataJournalTableConfiguration",
    "PUT metadataJournalTable",
    "s3:UpdateBucketMetadataJournalTableConfiguration",
    METADATA_TABLES,
  ),
];

export const REFUSED_OBJECTS: readonly RefusedOperation[] = [
  // ListObjectAnnotations has the same method and sub-resource, without a name.
  refused(
    "GetObjectAnnotation",
    "GET annotation",
    { actions: ["s3:GetObjectAnnotation"], ofVersion: ["s3:GetObjectVersionAnnotation"] },
    ANNOTATIONS,
  ),
  refused(
    "PutObjectAnnotation",
    "PUT annotation",
    { actions: ["s3:PutObjectAnnotation"], ofVersion: ["s3:PutObjectVersionAnnotation"] },
    ANNOTATIONS,
  ),
  refused(
    "DeleteObjectAnnotation",
    "DELETE annotation",
    { actions: ["s3:DeleteObjectAnnotation"], ofVersion: ["s3:DeleteObjectVersionAnnotation"] },
    ANNOTATIONS,
  ),
  refused("UpdateObjectEncryption", "PUT encryption", "s3:UpdateObjectEncryption", "nothing is encrypted"),
  refused("RenameObject", "PUT renameObject", "s3express:CreateSession", "renaming is for directory buckets"),
  refused("SelectObjectContent", "POST select", "s3:GetObject", "there are no queries"),
];
