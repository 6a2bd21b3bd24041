/** Checks of the values of enumerated headers, with the errors of S3. */
import { invalidArgument, S3Error } from "../protocol/errors.ts";

/** Returns the refusal of a value; undefined for a valid value. Values are latin1 as received. */
export type Check = (value: string, name: string) => S3Error | undefined;

/** An error document must not repeat a header of unlimited length. */
const QUOTED_MAX = 200;

function wrong(name: string, value: string, message?: string): S3Error {
  return invalidArgument(name, value.slice(0, QUOTED_MAX), message);
}

export function oneOf(words: readonly string[], message?: string): Check {
  return (value, name) => (words.includes(value) ? undefined : wrong(name, value, message));
}

export function notImplementedHeader(name: string, why?: string): S3Error {
  return new S3Error("NotImplemented", {
    message: `A header you provided implies functionality that is not implemented: ${name}`,
    extra: [["Header", name], ...(why === undefined ? [] : [["additionalMessage", why] as const])],
  });
}

export const refused: Check = (_, name) => notImplementedHeader(name);

/** Valid values ask for a function that does not exist; other values are wrong on every server. */
export function refusedUnless(lawful: Check): Check {
  return (value, name) => lawful(value, name) ?? notImplementedHeader(name);
}

export const integer: Check = (value, name) =>
  /^\d{1,15}$/.test(value.trim()) ? undefined : wrong(name, value);

const canned: Check = oneOf([
  "private",
  "public-read",
  "public-read-write",
  "authenticated-read",
  "aws-exec-read",
  "bucket-owner-read",
  "bucket-owner-full-control",
  "log-delivery-write",
]);

/** These ACLs change nothing, because only the owner has access. */
const HARMLESS_ACLS = new Set(["private", "bucket-owner-full-control", "bucket-owner-read"]);

/**
 * Every bucket is BucketOwnerEnforced: S3 user guide, "Controlling ownership of objects and disabling ACLs": "a
 * request to set an ACL fails with AccessControlListNotSupported". `private` is accepted, because every object is
 * private, and clients often send `private`.
 */
export const objectAcl: Check = (value, name) =>
  canned(value, name) ?? (HARMLESS_ACLS.has(value) ? undefined : aclNotSupported());

export const bucketAcl: Check = (value, name) =>
  canned(value, name) ?? (HARMLESS_ACLS.has(value) ? undefined : bucketAclWithOwnership());

export function aclNotSupported(): S3Error {
  return new S3Error("AccessControlListNotSupported");
}

export function bucketAclWithOwnership(): S3Error {
  return new S3Error("InvalidBucketAclWithObjectOwnership");
}

/** Ownership settings of a bucket; only the first setting is supported. */
export const OWNERSHIPS = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];

/** The message is AWS's message; AWS names no ArgumentValue (versity/versitygw, s3err/invalid-argument.go). */
export const ownership: Check = (value, name) => {
  if (!OWNERSHIPS.includes(value)) {
    return new S3Error("InvalidArgument", {
      message: `Invalid x-amz-object-ownership header: ${value.slice(0, QUOTED_MAX)}`,
      extra: [["ArgumentName", name]],
    });
  }
  return value === "BucketOwnerEnforced" ? undefined : notImplementedHeader(name);
};

/** As recorded: bloomreach/s4cmd#63, aws/aws-sdk-cpp#1771. */
export const encryption: Check = refusedUnless(
  oneOf(
    ["AES256", "aws:kms", "aws:kms:dsse", "aws:fsx", "aws:backup"],
    "The encryption method specified is not supported",
  ),
);

/** As recorded: aws/aws-cli#1349. */
export const customerAlgorithm: Check = (value, name) =>
  value === "AES256"
    ? notImplementedHeader(name)
    : new S3Error("InvalidEncryptionAlgorithmError", {
        message: "The Encryption request you specified is not valid. Supported value: AES256.",
      });

export const boolean: Check = (value, name) =>
  /^(?:true|false)$/i.test(value) ? undefined : wrong(name, value);

export const requester: Check = (value, name) =>
  value.toLowerCase() === "requester" ? undefined : wrong(name, value);

/** As recorded on 2026-09-29 in us-east-1, `enabled` and the empty value among them: brekkylab/backlot, tests. */
export const checksumMode: Check = (value, name) =>
  value.toUpperCase() === "ENABLED"
    ? undefined
    : new S3Error("InvalidRequest", { message: `Value for ${name} header is invalid.` });

const ISO_DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})$/;

export const isoDate: Check = (value, name) =>
  ISO_DATE.test(value) && !Number.isNaN(Date.parse(value))
    ? undefined
    : wrong(name, value, "The retain until date must be provided in ISO 8601 format");

export const attributeList: Check = (value, name) => {
  for (const part of value.split(",")) {
    if (part.trim() !== "RestoreStatus") return wrong(name, part.trim(), "Invalid attribute name specified.");
  }
  return undefined;
};
