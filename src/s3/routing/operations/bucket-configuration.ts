/**
 * The configuration of a bucket. IAM actions: Service Authorization Reference, Amazon S3. The delete of a
 * configuration needs the action of the put, except for policies, websites and metadata.
 */
import {
  putBucketLogging,
  putBucketNotificationConfiguration,
  putBucketOwnershipControls,
} from "../../buckets/as-it-is.ts";
import { deleteBucketCors, getBucketCors, putBucketCors } from "../../buckets/cors.ts";
import * as reads from "../../buckets/default-configuration.ts";
import { getObjectLockConfiguration, putObjectLockConfiguration } from "../../buckets/object-lock.ts";
import * as policy from "../../buckets/policy.ts";
import * as publicAccess from "../../buckets/public-access-block.ts";
import { getBucketRequestPayment, putBucketRequestPayment } from "../../buckets/request-payment.ts";
import { deleteBucketTagging, getBucketTagging, putBucketTagging } from "../../buckets/tagging.ts";
import { getBucketVersioning, putBucketVersioning } from "../../buckets/versioning.ts";
import type { Operation } from "../../context/exchange.ts";
import { COMMON, OWNER, SDK_CHECKSUM } from "../../headers/groups.ts";
import { putBucketAcl } from "../../objects/acl.ts";
import { type RowOptions, row } from "./row.ts";

const { configurations, noSuchConfiguration, nothingToDelete } = reads;
const LIST: RowOptions = { parameters: ["continuation-token", "id"] };
const ONE: RowOptions = { parameters: ["id"] };
const WITH_CHECKSUM: RowOptions = { headers: [...OWNER, ...SDK_CHECKSUM] };

const READ: readonly Operation<"bucket">[] = [
  row("GetBucketLocation", "GET location", "s3:GetBucketLocation", reads.getBucketLocation),
  row("GetBucketVersioning", "GET versioning", "s3:GetBucketVersioning", getBucketVersioning),
  row("GetBucketAcl", "GET acl", "s3:GetBucketAcl", reads.getBucketAcl),
  row("GetBucketPolicy", "GET policy", "s3:GetBucketPolicy", policy.getBucketPolicy),
  row("GetBucketPolicyStatus", "GET policyStatus", "s3:GetBucketPolicyStatus", policy.getBucketPolicyStatus),
  row("GetBucketCors", "GET cors", "s3:GetBucketCORS", getBucketCors),
  row(
    "GetBucketLifecycleConfiguration",
    "GET lifecycle",
    "s3:GetLifecycleConfiguration",
    reads.getBucketLifecycleConfiguration,
  ),
  row("GetBucketTagging", "GET tagging", "s3:GetBucketTagging", getBucketTagging),
  row("GetBucketWebsite", "GET website", "s3:GetBucketWebsite", reads.getBucketWebsite),
  row("GetBucketEncryption", "GET encryption", "s3:GetEncryptionConfiguration", reads.getBucketEncryption),
  row(
    "GetObjectLockConfiguration",
    "GET object-lock",
    "s3:GetBucketObjectLockConfiguration",
    getObjectLockConfiguration,
  ),
  row(
    "GetBucketReplication",
    "GET replication",
    "s3:GetReplicationConfiguration",
    reads.getBucketReplication,
  ),
  row("GetBucketLogging", "GET logging", "s3:GetBucketLogging", reads.getBucketLogging),
  row(
    "GetBucketNotificationConfiguration",
    "GET notification",
    "s3:GetBucketNotification",
    reads.getBucketNotificationConfiguration,
  ),
  row("GetBucketRequestPayment", "GET requestPayment", "s3:GetBucketRequestPayment", getBucketRequestPayment),
  row(
    "GetBucketAccelerateConfiguration",
    "GET accelerate",
    "s3:GetAccelerateConfiguration",
    reads.getBucketAccelerateConfiguration,
    { headers: COMMON },
  ),
  row(
    "GetBucketOwnershipControls",
    "GET ownershipControls",
    "s3:GetBucketOwnershipControls",
    reads.getBucketOwnershipControls,
  ),
  row(
    "GetPublicAccessBlock",
    "GET publicAccessBlock",
    "s3:GetBucketPublicAccessBlock",
    publicAccess.getPublicAccessBlock,
  ),
  row("GetBucketAbac", "GET abac", "s3:GetBucketAbac", reads.getBucketAbac),
  row(
    "ListBucketAnalyticsConfigurations",
    "GET analytics",
    "s3:GetAnalyticsConfiguration",
    configurations("ListBucketAnalyticsConfigurationsResult"),
    LIST,
  ),
  row(
    "ListBucketIntelligentTieringConfigurations",
    "GET intelligent-tiering",
    "s3:GetIntelligentTieringConfiguration",
    configurations("ListIntelligentTieringConfigurationsResult"),
    LIST,
  ),
  row(
    "ListBucketInventoryConfigurations",
    "GET inventory",
    "s3:GetInventoryConfiguration",
    configurations("ListInventoryConfigurationsResult"),
    LIST,
  ),
  row(
    "ListBucketMetricsConfigurations",
    "GET metrics",
    "s3:GetMetricsConfiguration",
    configurations("ListMetricsConfigurationsResult"),
    LIST,
  ),
  row(
    "GetBucketMetadataConfiguration",
    "GET metadataConfiguration",
    "s3:GetBucketMetadataTableConfiguration",
    reads.getBucketMetadataConfiguration,
  ),
  row(
    "GetBucketMetadataTableConfiguration",
    "GET metadataTable",
    "s3:GetBucketMetadataTableConfiguration",
    reads.getBucketMetadataConfiguration,
  ),
];

const WRITE: readonly Operation<"bucket">[] = [
  row("PutBucketVersioning", "PUT versioning", "s3:PutBucketVersioning", putBucketVersioning, {
    headers: [...OWNER, ...SDK_CHECKSUM, "x-amz-mfa"],
  }),
  row("PutBucketAcl", "PUT acl", "s3:PutBucketAcl", putBucketAcl, {
    headers: [...OWNER, ...SDK_CHECKSUM, "x-amz-acl", "x-amz-grant-*"],
  }),
  row("PutBucketPolicy", "PUT policy", "s3:PutBucketPolicy", policy.putBucketPolicy, {
    headers: [...OWNER, ...SDK_CHECKSUM, "x-amz-confirm-remove-self-bucket-access"],
  }),
  row(
    "PutPublicAccessBlock",
    "PUT publicAccessBlock",
    "s3:PutBucketPublicAccessBlock",
    publicAccess.putPublicAccessBlock,
    WITH_CHECKSUM,
  ),
  row("PutBucketLogging", "PUT logging", "s3:PutBucketLogging", putBucketLogging, WITH_CHECKSUM),
  row(
    "PutBucketNotificationConfiguration",
    "PUT notification",
    "s3:PutBucketNotification",
    putBucketNotificationConfiguration,
    { headers: [...OWNER, "x-amz-skip-destination-validation"] },
  ),
  row(
    "PutObjectLockConfiguration",
    "PUT object-lock",
    "s3:PutBucketObjectLockConfiguration",
    putObjectLockConfiguration,
    { headers: [...COMMON, ...SDK_CHECKSUM, "x-amz-bucket-object-lock-token"] },
  ),
  row(
    "PutBucketOwnershipControls",
    "PUT ownershipControls",
    "s3:PutBucketOwnershipControls",
    putBucketOwnershipControls,
    WITH_CHECKSUM,
  ),
  row(
    "PutBucketRequestPayment",
    "PUT requestPayment",
    "s3:PutBucketRequestPayment",
    putBucketRequestPayment,
    WITH_CHECKSUM,
  ),
  row("PutBucketCors", "PUT cors", "s3:PutBucketCORS", putBucketCors, WITH_CHECKSUM),
  row("PutBucketTagging", "PUT tagging", "s3:PutBucketTagging", putBucketTagging, WITH_CHECKSUM),
];

const DELETE: readonly Operation<"bucket">[] = [
  row(
    "DeleteBucketAnalyticsConfiguration",
    "DELETE analytics",
    "s3:PutAnalyticsConfiguration",
    noSuchConfiguration,
    ONE,
  ),
  row("DeleteBucketCors", "DELETE cors", "s3:PutBucketCORS", deleteBucketCors),
  row("DeleteBucketEncryption", "DELETE encryption", "s3:PutEncryptionConfiguration", nothingToDelete),
  row(
    "DeleteBucketIntelligentTieringConfiguration",
    "DELETE intelligent-tiering",
    "s3:PutIntelligentTieringConfiguration",
    noSuchConfiguration,
    ONE,
  ),
  row(
    "DeleteBucketInventoryConfiguration",
    "DELETE inventory",
    "s3:PutInventoryConfiguration",
    noSuchConfiguration,
    ONE,
  ),
  row("DeleteBucketLifecycle", "DELETE lifecycle", "s3:PutLifecycleConfiguration", nothingToDelete),
  row(
    "DeleteBucketMetadataConfiguration",
    "DELETE metadataConfiguration",
    "s3:DeleteBucketMetadataTableConfiguration",
    nothingToDelete,
  ),
  row(
    "DeleteBucketMetadataTableConfiguration",
    "DELETE metadataTable",
    "s3:DeleteBucketMetadataTableConfiguration",
    nothingToDelete,
  ),
  row(
    "DeleteBucketMetricsConfiguration",
    "DELETE metrics",
    "s3:PutMetricsConfiguration",
    noSuchConfiguration,
    ONE,
  ),
  row("DeleteBucketPolicy", "DELETE policy", "s3:DeleteBucketPolicy", policy.deleteBucketPolicy),
  row(
    "DeletePublicAccessBlock",
    "DELETE publicAccessBlock",
    "s3:PutBucketPublicAccessBlock",
    publicAccess.deletePublicAccessBlock,
  ),
  row("DeleteBucketReplication", "DELETE replication", "s3:PutReplicationConfiguration", nothingToDelete),
  row("DeleteBucketTagging", "DELETE tagging", "s3:PutBucketTagging", deleteBucketTagging),
  row("DeleteBucketWebsite", "DELETE website", "s3:DeleteBucketWebsite", nothingToDelete),
];

export const BUCKET_CONFIGURATION: readonly Operation<"bucket">[] = [...READ, ...WRITE, ...DELETE];
