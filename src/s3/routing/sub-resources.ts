/**
 * Query parameters that choose another operation. All that AWS documents are named here, so that one we do not
 * implement is refused instead of being read as the plain operation (`PUT /bucket/key?acl` must not store an object).
 */
export const SUB_RESOURCES: ReadonlySet<string> = new Set([
  "abac",
  "accelerate",
  "acl",
  "analytics",
  "annotation",
  "annotations",
  "attributes",
  "cors",
  "delete",
  "encryption",
  "intelligent-tiering",
  "inventory",
  "legal-hold",
  "lifecycle",
  "list-type",
  "location",
  "logging",
  "metadataAnnotationTable",
  "metadataConfiguration",
  "metadataInventoryTable",
  "metadataJournalTable",
  "metadataTable",
  "metrics",
  "notification",
  "object-lock",
  "ownershipControls",
  "policy",
  "policyStatus",
  "publicAccessBlock",
  "renameObject",
  "replication",
  "requestPayment",
  "restore",
  "retention",
  "select",
  "session",
  "tagging",
  "torrent",
  "uploadId",
  "uploads",
  "versioning",
  "versions",
  "website",
]);

/** Parameters of SigV2, which is refused in its own words, and what SDKs add to any request. */
const OF_ANY_REQUEST: ReadonlySet<string> = new Set(["AWSAccessKeyId", "Expires", "Signature", "x-id"]);

export function isOfAnyRequest(name: string): boolean {
  return OF_ANY_REQUEST.has(name);
}
