import { S3Error } from "../protocol/errors.ts";
import type { S3Request } from "../protocol/request.ts";
import { canonicalHeaders, canonicalRequest, canonicalTargets } from "./canonical.ts";
import type { CredentialScope } from "./credential-scope.ts";
import { equalConstantTime, hmacHex, sha256HexLatin1 } from "./hmac.ts";

/** The parts of a signed request: the same for the Authorization header and for presigned URLs. */
export interface SignedClaim {
  readonly scope: CredentialScope;
  /** `host;x-amz-date`, as sent. */
  readonly signedHeaders: string;
  /** Hex, as sent. */
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly timestamp: string;
  /** Last line of the canonical request. */
  readonly payloadHash: string;
  /** `x-amz-*` headers that need not be signed. */
  readonly mayBeUnsigned: readonly string[];
}

/** @throws S3Error AccessDenied (host or an x-amz-* header is not signed), SignatureDoesNotMatch. */
export function verifySignature(request: S3Request, claim: SignedClaim, key: Uint8Array): void {
  const { text: headers, unsigned } = canonicalHeaders(request.edge.rawHeaders, claim.signedHeaders);
  requireSigned(claim, unsigned);
  let firstCanonical: string | undefined;
  let firstToSign = "";
  for (const { path, query } of canonicalTargets(request)) {
    const canonical = canonicalRequest({
      method: request.method,
      path,
      query,
      headers,
      signedHeaders: claim.signedHeaders,
      payloadHash: claim.payloadHash,
    });
    const toSign = `AWS4-HMAC-SHA256\n${claim.timestamp}\n${claim.scope.text}\n${sha256HexLatin1(canonical)}`;
    if (equalConstantTime(hmacHex(key, toSign), claim.signature)) return;
    if (firstCanonical === undefined) {
      firstCanonical = canonical;
      firstToSign = toSign;
    }
  }
  throw signatureDoesNotMatch(claim, firstToSign, firstCanonical ?? "");
}

function requireSigned(claim: SignedClaim, unsigned: readonly string[]): void {
  const missing = unsigned.filter((name) => !claim.mayBeUnsigned.includes(name));
  if (!`;${claim.signedHeaders};`.includes(";host;")) missing.unshift("host");
  if (missing.length === 0) return;
  throw new S3Error("AccessDenied", {
    message: "There were headers present in the request which were not signed",
    extra: [["HeadersNotSigned", missing.join(", ")]],
  });
}

function signatureDoesNotMatch(claim: SignedClaim, toSign: string, canonical: string): S3Error {
  return new S3Error("SignatureDoesNotMatch", {
    extra: [
      ["AWSAccessKeyId", claim.scope.accessKey],
      ["StringToSign", toSign],
      ["SignatureProvided", claim.signature],
      ["StringToSignBytes", spacedHex(toSign)],
      ["CanonicalRequest", Buffer.from(canonical, "latin1").toString("utf8")],
      ["CanonicalRequestBytes", spacedHex(canonical)],
    ],
  });
}

function spacedHex(text: string): string {
  return Buffer.from(text, "latin1")
    .toString("hex")
    .replace(/..(?!$)/g, "$& ");
}
