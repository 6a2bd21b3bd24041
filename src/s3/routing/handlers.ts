/** Which code answers which operation. */
import {
  putBucketLogging,
  putBucketNotificationConfiguration,
  putBucketOwnershipControls,
  putBucketRequestPayment,
} from "../buckets/as-it-is.ts";
import {
  configurations,
  getBucketAbac,
  getBucketAccelerateConfiguration,
  getBucketAcl,
  getBucketCors,
  getBucketEncryption,
  getBucketLifecycleConfiguration,
  getBucketLocation,
  getBucketLogging,
  getBucketMetadataConfiguration,
  getBucketNotificationConfiguration,
  getBucketOwnershipControls,
  getBucketPolicy,
  getBucketPolicyStatus,
  getBucketReplication,
  getBucketRequestPayment,
  getBucketTagging,
  getBucketVersioning,
  getBucketWebsite,
  getObjectLockConfiguration,
  getPublicAccessBlock,
  noSuchConfiguration,
  nothingToDelete,
  putObjectLockConfiguration,
} from "../buckets/facts.ts";
import { createBucket, deleteBucket, headBucket, listBuckets } from "../buckets/lifecycle.ts";
import type { Handler } from "../exchange.ts";
import { listObjects, listObjectsV2, listObjectVersions } from "../listing/list-objects.ts";
import { listMultipartUploads } from "../listing/list-uploads.ts";
import { completeMultipartUpload } from "../multipart/complete.ts";
import { listParts } from "../multipart/parts.ts";
import { abortMultipartUpload, createMultipartUpload } from "../multipart/upload.ts";
import { uploadPart, uploadPartCopy } from "../multipart/upload-part.ts";
import { putBucketAcl, putObjectAcl } from "../objects/acl.ts";
import { copyObject } from "../objects/copy.ts";
import { deleteObject, deleteObjects } from "../objects/delete.ts";
import {
  deleteObjectTagging,
  getObjectAcl,
  getObjectAttributes,
  getObjectTagging,
  getObjectTorrent,
  restoreObject,
  withoutLock,
} from "../objects/facts.ts";
import { getObject, headObject } from "../objects/get.ts";
import { putObject } from "../objects/put.ts";
import type { OperationName } from "./operations.ts";

const unsupported: Handler = (exchange) => {
  const { unsupported: error } = exchange;
  return Promise.reject(error ?? new Error("an unsupported operation without its error"));
};

export const HANDLERS: Readonly<Record<OperationName, Handler>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketLocation: getBucketLocation,
  GetBucketVersioning: getBucketVersioning,
  GetBucketAcl: getBucketAcl,
  GetBucketPolicy: getBucketPolicy,
  GetBucketPolicyStatus: getBucketPolicyStatus,
  GetBucketCors: getBucketCors,
  GetBucketLifecycleConfiguration: getBucketLifecycleConfiguration,
  GetBucketTagging: getBucketTagging,
  GetBucketWebsite: getBucketWebsite,
  GetBucketEncryption: getBucketEncryption,
  GetObjectLockConfiguration: getObjectLockConfiguration,
  GetBucketReplication: getBucketReplication,
  GetBucketLogging: getBucketLogging,
  GetBucketNotificationConfiguration: getBucketNotificationConfiguration,
  GetBucketRequestPayment: getBucketRequestPayment,
  GetBucketAccelerateConfiguration: getBucketAccelerateConfiguration,
  GetBucketOwnershipControls: getBucketOwnershipControls,
  GetPublicAccessBlock: getPublicAccessBlock,
  GetBucketAbac: getBucketAbac,
  ListBucketAnalyticsConfigurations: configurations("ListBucketAnalyticsConfigurationsResult"),
  ListBucketIntelligentTieringConfigurations: configurations("ListIntelligentTieringConfigurationsResult"),
  ListBucketInventoryConfigurations: configurations("ListInventoryConfigurationsResult"),
  ListBucketMetricsConfigurations: configurations("ListMetricsConfigurationsResult"),
  GetBucketMetadataConfiguration: getBucketMetadataConfiguration,
  GetBucketMetadataTableConfiguration: getBucketMetadataConfiguration,
  PutBucketAcl: putBucketAcl,
  PutBucketLogging: putBucketLogging,
  PutBucketNotificationConfiguration: putBucketNotificationConfiguration,
  PutObjectLockConfiguration: putObjectLockConfiguration,
  PutBucketOwnershipControls: putBucketOwnershipControls,
  PutBucketRequestPayment: putBucketRequestPayment,
  DeleteBucketAnalyticsConfiguration: noSuchConfiguration,
  DeleteBucketCors: nothingToDelete,
  DeleteBucketEncryption: nothingToDelete,
  DeleteBucketIntelligentTieringConfiguration: noSuchConfiguration,
  DeleteBucketInventoryConfiguration: noSuchConfiguration,
  DeleteBucketLifecycle: nothingToDelete,
  DeleteBucketMetadataConfiguration: nothingToDelete,
  DeleteBucketMetadataTableConfiguration: nothingToDelete,
  DeleteBucketMetricsConfiguration: noSuchConfiguration,
  DeleteBucketPolicy: nothingToDelete,
  DeletePublicAccessBlock: nothingToDelete,
  DeleteBucketReplication: nothingToDelete,
  DeleteBucketTagging: nothingToDelete,
  DeleteBucketWebsite: nothingToDelete,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListObjectVersions: listObjectVersions,
  ListMultipartUploads: listMultipartUploads,
  DeleteObjects: deleteObjects,
  PutObject: putObject,
  GetObject: getObject,
  HeadObject: headObject,
  DeleteObject: deleteObject,
  CopyObject: copyObject,
  GetObjectAcl: getObjectAcl,
  GetObjectTagging: getObjectTagging,
  GetObjectAttributes: getObjectAttributes,
  GetObjectLegalHold: withoutLock,
  GetObjectRetention: withoutLock,
  GetObjectTorrent: getObjectTorrent,
  PutObjectAcl: putObjectAcl,
  PutObjectLegalHold: withoutLock,
  PutObjectRetention: withoutLock,
  DeleteObjectTagging: deleteObjectTagging,
  RestoreObject: restoreObject,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  ListParts: listParts,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  Unsupported: unsupported,
};
