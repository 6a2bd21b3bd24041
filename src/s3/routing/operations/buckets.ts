/**
 * The service itself, buckets, and the lists of their contents. IAM actions: Service Authorization Reference, Amazon
 * S3; the actions of each operation: API reference, "Permissions" of each operation.
 */
import { createBucket, deleteBucket, headBucket, listBuckets } from "../../buckets/lifecycle.ts";
import type { Operation } from "../../context/exchange.ts";
import { postObject } from "../../forms/post.ts";
import { COMMON, LISTING } from "../../headers/groups.ts";
import { listObjects, listObjectsV2 } from "../../listing/list-objects.ts";
import { listMultipartUploads } from "../../listing/list-uploads.ts";
import { listObjectVersions } from "../../listing/list-versions.ts";
import { deleteObjects } from "../../objects/delete.ts";
import { MAKES_OBJECT } from "./objects.ts";
import { row } from "./row.ts";

const PAGE = ["delimiter", "encoding-type", "max-keys", "prefix"];

export const SERVICE: readonly Operation<"service">[] = [
  row("ListBuckets", "GET", "s3:ListAllMyBuckets", listBuckets, {
    parameters: ["bucket-region", "continuation-token", "max-buckets", "prefix"],
    headers: [],
  }),
];

export const BUCKETS: readonly Operation<"bucket">[] = [
  row(
    "CreateBucket",
    "PUT",
    {
      actions: ["s3:CreateBucket"],
      ofHeaders: {
        "x-amz-acl": "s3:PutBucketAcl",
        "x-amz-grant-*": "s3:PutBucketAcl",
        "x-amz-bucket-object-lock-enabled": "s3:PutBucketObjectLockConfiguration",
        "x-amz-object-ownership": "s3:PutBucketOwnershipControls",
      },
    },
    createBucket,
    {
      headers: [
        "x-amz-acl",
        "x-amz-bucket-namespace",
        "x-amz-bucket-object-lock-enabled",
        "x-amz-grant-*",
        "x-amz-object-ownership",
      ],
      makesBucket: true,
    },
  ),
  row("HeadBucket", "HEAD", "s3:ListBucket", headBucket),
  row("DeleteBucket", "DELETE", "s3:DeleteBucket", deleteBucket),
  row("ListObjects", "GET", "s3:ListBucket", listObjects, {
    parameters: [...PAGE, "marker"],
    headers: LISTING,
  }),
  row("ListObjectsV2", "GET list-type", "s3:ListBucket", listObjectsV2, {
    subResourceValue: "2",
    parameters: [...PAGE, "continuation-token", "fetch-owner", "start-after"],
    headers: LISTING,
  }),
  row("ListObjectVersions", "GET versions", "s3:ListBucketVersions", listObjectVersions, {
    parameters: [...PAGE, "key-marker", "version-id-marker"],
    headers: LISTING,
  }),
  row("ListMultipartUploads", "GET uploads", "s3:ListBucketMultipartUploads", listMultipartUploads, {
    parameters: ["delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker"],
    headers: COMMON,
  }),
  // Its headers are fields of the form (forms/post.ts).
  row("PostObject", "POST", MAKES_OBJECT, postObject, { signedIn: "form" }),
  row(
    "DeleteObjects",
    "POST delete",
    {
      actions: [],
      ofKeys: {
        action: "s3:DeleteObject",
        ofVersion: "s3:DeleteObjectVersion",
        ofHeaders: { "x-amz-bypass-governance-retention": "s3:BypassGovernanceRetention" },
      },
    },
    deleteObjects,
    {
      headers: [...COMMON, "x-amz-bypass-governance-retention", "x-amz-mfa", "x-amz-sdk-checksum-algorithm"],
    },
  ),
];
