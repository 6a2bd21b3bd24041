/**
 * Every `x-amz-*` request header of the API reference, and its treatment. The rows of the operations
 * (routing/operations) name the headers that each operation knows; `docs/s3-parameters.md` is generated from both
 * tables. A request that writes is refused when one of its headers is in neither table.
 */
import { S3Error } from "../protocol/errors.ts";
import {
  attributeList,
  boolean,
  bucketAcl,
  type Check,
  checksumMode,
  customerAlgorithm,
  encryption,
  integer,
  isoDate,
  objectAcl,
  oneOf,
  ownership,
  refused,
  refusedUnless,
  requester,
} from "./values.ts";

/** @internal */
export type Treatment =
  /** The header has the effect of the reference. */
  | "honoured"
  /** A valid value has no effect; another value is an error. */
  | "validated"
  /** Valid values are answered with an error, because the requested function does not exist. */
  | "refused"
  /** No value of the header has an effect. */
  | "ignored";

export interface HeaderRow {
  readonly treatment: Treatment;
  /** For the reader of the documentation. */
  readonly note: string;
  readonly check?: Check;
  /**
   * On a write whose operation does not know the header, S3 ignores the header and loses nothing. Undefined: refused.
   */
  readonly harmlessElsewhere?: true;
}

const honoured = (note: string, more: Partial<HeaderRow> = {}): HeaderRow => ({
  treatment: "honoured",
  note,
  ...more,
});
const validated = (note: string, check: Check, more: Partial<HeaderRow> = {}): HeaderRow => ({
  treatment: "validated",
  note,
  check,
  ...more,
});
const turnedDown = (note: string, check: Check = refused): HeaderRow => ({
  treatment: "refused",
  note,
  check,
});
const ignored = (note: string): HeaderRow => ({ treatment: "ignored", note, harmlessElsewhere: true });

const HARMLESS = { harmlessElsewhere: true } as const;
const CONDITION_OF_COPY = honoured("condition on the source: 412");
const KEY_OF_CUSTOMER = turnedDown(
  "501, on reads InvalidRequest: there is no encryption with customers' keys",
);
export const NOT_ENCRYPTED = "The encryption parameters are not applicable to this object.";
const LOCKED_BUCKETS = "on a bucket without Object Lock: InvalidRequest; unknown ones InvalidArgument";
const LOCK_DATE = "with a lawful value InvalidRequest on a bucket without Object Lock, else 501";

/** By name in lower case; a name that ends in `*` is a family. */
export const HEADER_ROWS: Readonly<Record<string, HeaderRow>> = {
  // Headers of the protocol: signatures and bodies.
  "x-amz-content-sha256": honoured("signature, and how the body comes", HARMLESS),
  "x-amz-date": honoured("signature", HARMLESS),
  "x-amz-security-token": honoured("the session of temporary credentials", HARMLESS),
  "x-amz-decoded-content-length": honoured("length of an aws-chunked body", HARMLESS),
  "x-amz-trailer": honoured("checksum that follows the body", HARMLESS),
  "x-amz-sdk-checksum-algorithm": honoured("must be that of the checksum that is sent", HARMLESS),
  "x-amz-user-agent": ignored("says who asks"),
  "x-amz-api-version": ignored("there is one"),
  "x-amz-te": ignored("asks for what Java's first SDK could do without"),
  "x-amz-cf-id": ignored("CloudFront adds it"),

  "x-amz-expected-bucket-owner": honoured(
    "must be the owner's id: 403, or 400 when it is no account id",
    HARMLESS,
  ),
  "x-amz-source-expected-bucket-owner": honoured("the same, of the bucket of the source"),
  "x-amz-request-payer": honoured(
    "`requester`: `x-amz-request-charged` in the answer, where requesters pay",
    {
      ...HARMLESS,
      check: requester,
    },
  ),

  "x-amz-meta-*": honoured("kept and given back", HARMLESS),
  "x-amz-storage-class": honoured("kept and given back; archives: InvalidStorageClass", HARMLESS),
  "x-amz-checksum-mode": honoured("`ENABLED`: checksums in the answer", { ...HARMLESS, check: checksumMode }),
  "x-amz-checksum-algorithm": honoured("of the upload or copy", HARMLESS),
  "x-amz-checksum-type": honoured("of the upload; must be that of the upload on completion", HARMLESS),
  "x-amz-checksum-*": honoured("verified and kept", HARMLESS),
  "x-amz-mp-object-size": honoured("must be the size of the whole: 400"),

  "x-amz-copy-source": honoured("makes a copy of it"),
  "x-amz-copy-source-range": honoured("exactly those bytes, or InvalidArgument"),
  "x-amz-copy-source-if-match": CONDITION_OF_COPY,
  "x-amz-copy-source-if-none-match": CONDITION_OF_COPY,
  "x-amz-copy-source-if-modified-since": CONDITION_OF_COPY,
  "x-amz-copy-source-if-unmodified-since": CONDITION_OF_COPY,
  "x-amz-copy-source-server-side-encryption-customer-*": turnedDown(
    "InvalidRequest: no source is encrypted",
    () => new S3Error("InvalidRequest", { message: NOT_ENCRYPTED }),
  ),
  "x-amz-metadata-directive": honoured("`COPY` or `REPLACE`", {
    ...HARMLESS,
    check: oneOf(["COPY", "REPLACE"], "Unknown metadata directive."),
  }),
  "x-amz-tagging": honoured("tags of the object, at most 10: InvalidTag, BadRequest, InvalidArgument"),
  "x-amz-tagging-directive": honoured("`COPY` or `REPLACE`", {
    ...HARMLESS,
    check: oneOf(["COPY", "REPLACE"], "Unknown tagging directive."),
  }),
  "x-amz-object-annotation-directive": validated(
    "`COPY` or `EXCLUDE`; objects have no annotations",
    oneOf(["COPY", "EXCLUDE"]),
    HARMLESS,
  ),

  "x-amz-if-match-last-modified-time": honoured(
    "condition, in whole seconds: 412; true when there is no object",
  ),
  "x-amz-if-match-size": honoured("condition: 412; true when there is no object", { check: integer }),
  "x-amz-if-match-initiated-time": honoured("condition, in whole seconds: 412; true when there is no upload"),

  "x-amz-object-attributes": honoured("which attributes", HARMLESS),
  "x-amz-max-parts": honoured("of ObjectParts", HARMLESS),
  "x-amz-part-number-marker": honoured("of ObjectParts", HARMLESS),
  "x-amz-optional-object-attributes": validated(
    "`RestoreStatus`; nothing is ever restored, so S3 would list none either",
    attributeList,
    HARMLESS,
  ),

  "x-amz-acl": {
    treatment: "refused",
    note: "`private`, `bucket-owner-read`, `bucket-owner-full-control` change nothing; others AccessControlListNotSupported, on CreateBucket InvalidBucketAclWithObjectOwnership; unknown ones InvalidArgument",
    check: objectAcl,
    harmlessElsewhere: true,
  },
  "x-amz-grant-*": turnedDown(
    "AccessControlListNotSupported, on CreateBucket InvalidBucketAclWithObjectOwnership",
  ),
  "x-amz-object-ownership": validated(
    "`BucketOwnerEnforced`, as every bucket is; others 501, unknown ones InvalidArgument",
    ownership,
  ),
  "x-amz-bucket-namespace": validated("`global`; `account-regional` 501", (value, name) =>
    value === "global" ? undefined : refusedUnless(oneOf(["account-regional"]))(value, name),
  ),
  "x-amz-bucket-object-lock-enabled": honoured("`true` or `false`", { check: boolean }),

  "x-amz-object-lock-mode": honoured(LOCKED_BUCKETS, {
    check: oneOf(["GOVERNANCE", "COMPLIANCE"], "Unknown wormMode directive."),
  }),
  "x-amz-object-lock-retain-until-date": honoured(LOCKED_BUCKETS, { check: isoDate }),
  "x-amz-object-lock-legal-hold": honoured(LOCKED_BUCKETS, {
    check: oneOf(["ON", "OFF"], "Legal Hold must be either of 'ON' or 'OFF'"),
  }),
  "x-amz-object-lock-event-hold": turnedDown(
    `${LOCK_DATE}; unknown ones InvalidArgument`,
    oneOf(["ON", "OFF"]),
  ),
  "x-amz-object-lock-event-hold-duration-days": turnedDown(`${LOCK_DATE}; else InvalidArgument`, integer),
  "x-amz-object-lock-event-hold-duration-years": turnedDown(`${LOCK_DATE}; else InvalidArgument`, integer),
  "x-amz-confirm-remove-self-bucket-access": honoured(
    "`true`: a policy may deny its sender to change it again",
  ),
  "x-amz-bypass-governance-retention": honoured("`true` on a bucket without Object Lock: InvalidArgument", {
    check: boolean,
  }),
  "x-amz-mfa": ignored("no bucket has MFA delete"),
  "x-amz-skip-destination-validation": ignored("notifications have no destinations"),
  "x-amz-bucket-object-lock-token": ignored("S3 gives it to those whose bucket it may lock"),

  "x-amz-server-side-encryption": turnedDown(
    "501: nothing is encrypted; unknown ones InvalidArgument",
    encryption,
  ),
  "x-amz-server-side-encryption-aws-kms-key-id": turnedDown("501"),
  "x-amz-server-side-encryption-context": turnedDown("501"),
  "x-amz-server-side-encryption-bucket-key-enabled": turnedDown("501"),
  "x-amz-server-side-encryption-customer-algorithm": { ...KEY_OF_CUSTOMER, check: customerAlgorithm },
  "x-amz-server-side-encryption-customer-key": KEY_OF_CUSTOMER,
  "x-amz-server-side-encryption-customer-key-md5": KEY_OF_CUSTOMER,

  "x-amz-website-redirect-location": honoured("kept and given back; there are no websites"),
  "x-amz-write-offset-bytes": turnedDown("501, as in S3's general purpose buckets"),
};

/** Headers with another meaning for CreateBucket. */
export const BUCKET_CHECKS: Readonly<Record<string, Check>> = { "x-amz-acl": bucketAcl };
