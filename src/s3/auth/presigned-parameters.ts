/**
 * Classes of `x-amz-*` parameters in the query of a presigned URL. SDKs move the `x-amz-*` headers of a presigned
 * request to the query, so that the user of the URL need not know the headers. A name outside these lists is unknown,
 * and a write with an unknown name is refused (routing/detect.ts): `x-amz-copy-source` once counted as harmless, and
 * a presigned copy stored an empty object.
 */

/**
 * Parameters of SigV4 in their exact spelling. The second set counts in any letter case, because `parsePresigned`
 * reads any case.
 */
const OF_SIGNATURE: ReadonlySet<string> = new Set([
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Date",
  "X-Amz-Expires",
  "X-Amz-Signature",
  "X-Amz-SignedHeaders",
]);
const OF_SIGNATURE_IN_ANY_CASE: ReadonlySet<string> = new Set([
  "x-amz-content-sha256",
  "x-amz-security-token",
]);

/** Every header that the server reads or refuses. */
const HOISTED = new RegExp(
  `^x-amz-(?:${[
    "acl",
    "bucket-namespace",
    "bucket-object-lock-enabled",
    "bucket-object-lock-token",
    "bypass-governance-retention",
    "checksum-algorithm",
    "checksum-mode",
    "checksum-type",
    "confirm-remove-self-bucket-access",
    "copy-source(?:-.+)?",
    "decoded-content-length",
    "expected-bucket-owner",
    "grant-.+",
    "if-match-.+",
    "max-parts",
    "meta-.*",
    "metadata-directive",
    "mp-object-size",
    "object-annotation-directive",
    "object-attributes",
    "object-lock-.+",
    "object-ownership",
    "optional-object-attributes",
    "part-number-marker",
    "rename-source(?:-.+)?",
    "request-payer",
    "server-side-encryption.*",
    "skip-destination-validation",
    "source-expected-bucket-owner",
    "storage-class",
    "tagging",
    "tagging-directive",
    "trailer",
    "website-redirect-location",
    "write-offset-bytes",
  ].join("|")})$`,
  "s",
);

/**
 * Parameters that the server ignores, as S3 does. The checksum of a presigned upload is the checksum of an empty
 * body: the SDK does not have the real checksum yet. The other parameters change nothing here (headers/rows.ts).
 */
const PASSED_OVER =
  /^x-amz-(?:checksum-(?:crc32|crc32c|crc64nvme|md5|sha1|sha256|sha512|xxhash.+)|sdk-checksum-algorithm|mfa|user-agent)$/;

/** Does the parameter stand for the header of its name? */
export function isHoisted(lowerName: string): boolean {
  return HOISTED.test(lowerName);
}

/** Is the meaning of the parameter in a presigned URL known? */
export function isOfPresigned(name: string): boolean {
  if (OF_SIGNATURE.has(name)) return true;
  const lower = name.toLowerCase();
  return OF_SIGNATURE_IN_ANY_CASE.has(lower) || HOISTED.test(lower) || PASSED_OVER.test(lower);
}
