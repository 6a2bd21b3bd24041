/**
 * Configurations of a bucket that clients read, and that cannot be set. So each answer is the
 * answer of S3 for a bucket that never had the configuration: an empty configuration, or an error. Source: recorded
 * answers of a bucket without configuration (2026-09-29, us-east-1): brekkylab/backlot, tests. AWS enables encryption
 * and publicAccessBlock by itself; the answer here is that the bucket has no such configuration.
 */
import { DEFAULT_REGION } from "../../config/region.ts";
import { type Handler, openedBucket } from "../context/exchange.ts";
import { ownerOfBucket } from "../context/owners.ts";
import { accessPolicy } from "../objects/acl.ts";
import { escapeXml, S3Error, type S3ErrorCode } from "../protocol/errors.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { document, element, tag } from "../xml/builder.ts";
import { regionOf } from "./region.ts";

/** An existing bucket answers `xml`. */
function always(xml: string): Handler<"bucket"> {
  return async () => xmlReply(xml);
}

/** The configuration never existed: S3 also deletes an absent configuration with success. */
export const nothingToDelete: Handler<"bucket"> = async () => emptyReply(204);

/** An existing bucket has no such configuration. */
function never(code: S3ErrorCode): Handler<"bucket"> {
  return async (exchange) => {
    throw new S3Error(code, { extra: [["BucketName", exchange.bucket]] });
  };
}

export const getBucketLocation: Handler<"bucket"> = async (exchange) => {
  const region = regionOf(exchange, openedBucket(exchange).bucket);
  // S3 names us-east-1 with an empty element.
  return xmlReply(document("LocationConstraint", region === DEFAULT_REGION ? "" : escapeXml(region)));
};

export const getBucketAcl: Handler<"bucket"> = async (exchange) =>
  xmlReply(accessPolicy(ownerOfBucket(exchange)));

export const getBucketLogging = always(document("BucketLoggingStatus", ""));
export const getBucketNotificationConfiguration = always(document("NotificationConfiguration", ""));
export const getBucketAccelerateConfiguration = always(document("AccelerateConfiguration", ""));

export const getBucketLifecycleConfiguration = never("NoSuchLifecycleConfiguration");
export const getBucketWebsite = never("NoSuchWebsiteConfiguration");
export const getBucketEncryption = never("ServerSideEncryptionConfigurationNotFoundError");
export const getBucketReplication = never("ReplicationConfigurationNotFoundError");
export const getBucketMetadataConfiguration = never("MetadataConfigurationNotFound");
export const noSuchConfiguration = never("NoSuchConfiguration");
export const getBucketAbac = always(document("AbacStatus", tag("Status", "Disabled")));

/** ACLs are always off, and the owner of the bucket owns all objects in it. */
export const getBucketOwnershipControls = always(
  document("OwnershipControls", element("Rule", tag("ObjectOwnership", "BucketOwnerEnforced"))),
);

/**
 * The list of configurations with an id is empty. With `id` the request is for one configuration, which does not
 * exist.
 */
export function configurations(root: string): Handler<"bucket"> {
  return async (exchange) => {
    const { query } = exchange.request;
    if ((query.get("id") ?? "") !== "") throw new S3Error("NoSuchConfiguration");
    const token = query.get("continuation-token");
    if (token !== undefined && token !== "") throw new S3Error("MalformedContinuationToken");
    return xmlReply(document(root, tag("IsTruncated", false) + tag("ContinuationToken", token)));
  };
}
