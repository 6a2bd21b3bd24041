/**
 * What an `x-amz-*` parameter in the query of a presigned URL is. SDKs move the `x-amz-*` headers of what they presign
 * there, so that whoever uses the URL need not know them. A name that is in none of these lists is not understood, and
 * a write that carries one is refused (routing/detect.ts): `x-amz-copy-source` once passed for harmless, and a presigned
 * copy stored an empty object.
 */

/** SigV4's own, in its own spelling. The last two are no less there in another one (parsePresigned reads any). */
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

/** All that as a header is understood or refused somewhere. */
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
 * Passed over, as S3 does. The checksum of a presigned upload is that of an empty body: SDKs do not have the real one
 * yet. The others change nothing here (headers/rows.ts).
 */
const PASSED_OVER =
  /^x-amz-(?:checksum-(?:crc32|crc32c|crc64nvme|md5|sha1|sha256|sha512|xxhash.+)|sdk-checksum-algorithm|mfa|user-agent)$/;

/** Does the parameter stand for the header of its name? */
export function isHoisted(lowerName: string): boolean {
  return HOISTED.test(lowerName);
}

/** Is it clear what the parameter means in a presigned URL? */
export function isOfPresigned(name: string): boolean {
  if (OF_SIGNATURE.has(name)) return true;
  const lower = name.toLowerCase();
  return OF_SIGNATURE_IN_ANY_CASE.has(lower) || HOISTED.test(lower) || PASSED_OVER.test(lower);
}
