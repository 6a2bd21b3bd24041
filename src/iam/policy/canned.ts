/** Policies that exist by name, without being written. The policy of a user says what the user may do by itself. */

const VERSION = "2012-10-17";

function policyText(...statements: readonly object[]): string {
  return JSON.stringify({ Version: VERSION, Statement: statements }, undefined, 2);
}

/** A bucket that does not exist yet counts as a bucket of the asking user. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
const OWN = { StringEquals: { "s3:ResourceAccount": "${aws:PrincipalAccount}" } };

const READS = [
  "s3:GetObject",
  "s3:GetObjectVersion",
  "s3:GetObjectAttributes",
  "s3:GetObjectVersionAttributes",
];
const READ_TAGS = ["s3:GetObjectTagging", "s3:GetObjectVersionTagging"];
const LISTS = ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation", "s3:ListAllMyBuckets"];
const UPLOADS = ["s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"];
const WRITES = ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"];
const DELETES = [
  ...["s3:DeleteObject", "s3:DeleteObjectVersion"],
  ...["s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"],
];

const allow = (Action: string | readonly string[], more: object = {}): object => {
  return { Effect: "Allow", Action, Resource: "*", ...more };
};

/** Text by name. `owner` is what a new user gets: everything on its own buckets. */
export const CANNED_TEXTS: ReadonlyMap<string, string> = new Map([
  ["owner", policyText(allow("s3:*", { Condition: OWN }))],
  ["readwrite", policyText(allow([...LISTS, ...READS, ...READ_TAGS, ...UPLOADS, ...WRITES, ...DELETES]))],
  ["readonly", policyText(allow([...LISTS, ...READS, ...READ_TAGS]))],
  [
    "writeonly",
    policyText(allow(["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"])),
  ],
  ["full", policyText(allow("s3:*"))],
]);
