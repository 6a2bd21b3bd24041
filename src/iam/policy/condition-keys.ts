/**
 * The condition keys of S3, and the actions that some of them belong to. Service Authorization Reference, "Condition
 * keys for Amazon S3". Keys of other services are unknown in the policy of a bucket; every key of `aws:` is accepted,
 * as S3 does.
 */

const LISTS = [
  "s3:ListBucket",
  "s3:ListBucketVersions",
  "s3:ListBucketMultipartUploads",
  "s3:ListAllMyBuckets",
];

/** By lower-case name. */
const OF_ACTIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["s3:prefix", new Set(LISTS)],
  ["s3:delimiter", new Set(LISTS)],
  ["s3:max-keys", new Set(LISTS)],
  ["s3:locationconstraint", new Set(["s3:CreateBucket"])],
]);

const KEYS = new Set([
  ...[
    "s3:accesspointnetworkorigin",
    "s3:accessgrantsinstancearn",
    "s3:authtype",
    "s3:dataaccesspointaccount",
  ],
  ...["s3:dataaccesspointarn", "s3:existingjoboperation", "s3:existingjobpriority", "s3:if-match"],
  ...["s3:if-none-match", "s3:jobsuspendedcause", "s3:object-lock-legal-hold", "s3:object-lock-mode"],
  ...["s3:object-lock-remaining-retention-days", "s3:object-lock-retain-until-date"],
  ...[
    "s3:objectcreationoperation",
    "s3:requestjoboperation",
    "s3:requestjobpriority",
    "s3:requestobjecttagkeys",
  ],
  ...["s3:resourceaccount", "s3:signatureage", "s3:signatureversion", "s3:tlsversion", "s3:versionid"],
  ...["s3:inventoryaccessibleoptionalfields", "s3:bucketnamespace"],
  ...OF_ACTIONS.keys(),
]);

/** Keys of a family end with the name of a tag, or of a header. */
const FAMILIES = ["s3:existingobjecttag/", "s3:requestobjecttag/", "s3:buckettag/", "s3:x-amz-"];

export function isBucketPolicyKey(key: string): boolean {
  const name = key.toLowerCase();
  if (name.startsWith("aws:") && name.length > "aws:".length) return true;
  return KEYS.has(name) || FAMILIES.some((family) => name.startsWith(family) && name.length > family.length);
}

/** The only actions whose requests have the key; undefined: requests of many actions have it. */
export function actionsOfKey(key: string): ReadonlySet<string> | undefined {
  return OF_ACTIONS.get(key.toLowerCase());
}
