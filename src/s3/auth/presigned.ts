import { S3Error, type S3ErrorOptions } from "../protocol/errors.ts";
import type { Query } from "../protocol/query.ts";
import { parseAmzDate } from "./amz-date.ts";
import { ALGORITHM } from "./authorization-header.ts";
import { type CredentialScope, parseCredential } from "./credential-scope.ts";

/** One week: the longest lifetime of a presigned URL. */
const MAX_EXPIRES_S = 604_800;

export interface PresignedParameters {
  readonly scope: CredentialScope;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly timestamp: string;
  readonly signedAtMs: number;
  readonly expiresS: number;
  readonly contentSha256: string | undefined;
  readonly securityToken: string | undefined;
}

/** True when the query asks for SigV4 query authentication, even incompletely. */
export function looksPresigned(query: Query): boolean {
  return query.has("X-Amz-Algorithm") || query.has("X-Amz-Signature") || query.has("X-Amz-Credential");
}

/** @throws S3Error AuthorizationQueryParametersError */
export function parsePresigned(query: Query): PresignedParameters {
  const algorithm = query.get("X-Amz-Algorithm");
  const credential = query.get("X-Amz-Credential");
  const timestamp = query.get("X-Amz-Date");
  const expires = query.get("X-Amz-Expires");
  const signedHeaders = query.get("X-Amz-SignedHeaders");
  const signature = query.get("X-Amz-Signature");
  if (!algorithm || !credential || !timestamp || !expires || !signedHeaders || !signature) {
    throw badParameters(
      "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    );
  }
  if (algorithm !== ALGORITHM) throw badParameters(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const scope = parseCredential(credential);
  if (scope === undefined) {
    throw badParameters(
      'Error parsing the X-Amz-Credential parameter; the Credential is malformed; expecting "<access-key>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  const signedAtMs = parseAmzDate(timestamp);
  if (signedAtMs === undefined) {
    throw badParameters("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  return {
    scope,
    signedHeaders,
    signature,
    timestamp,
    signedAtMs,
    expiresS: parseExpires(expires),
    contentSha256: hoistedOnce(query, "x-amz-content-sha256"),
    securityToken: hoistedOnce(query, "x-amz-security-token"),
  };
}

/** The value of a header that signers move to the query in any letter case. */
function hoistedOnce(query: Query, lowerName: string): string | undefined {
  let found: string | undefined;
  for (const { name, value } of query.entries) {
    if (name.toLowerCase() !== lowerName) continue;
    if (found !== undefined && value !== found) throw badParameters(`${name} is there with different values`);
    found = value;
  }
  return found;
}

function parseExpires(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) throw badParameters("X-Amz-Expires should be a number");
  const seconds = Number(text);
  if (seconds < 0) throw badParameters("X-Amz-Expires must be non-negative");
  if (seconds === 0) throw badParameters("X-Amz-Expires must be at least 1 second");
  if (seconds > MAX_EXPIRES_S) {
    throw badParameters(
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${MAX_EXPIRES_S} seconds`,
    );
  }
  return seconds;
}

export function badParameters(
  message: string,
  more: Pick<S3ErrorOptions, "extra" | "headers"> = {},
): S3Error {
  return new S3Error("AuthorizationQueryParametersError", { message, ...more });
}
