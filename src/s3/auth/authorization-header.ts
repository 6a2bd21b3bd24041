import { S3Error, type S3ErrorOptions } from "../protocol/errors.ts";
import { type CredentialScope, parseCredential } from "./credential-scope.ts";

export const ALGORITHM = "AWS4-HMAC-SHA256";

export interface AuthorizationHeader {
  readonly scope: CredentialScope;
  readonly signedHeaders: string;
  readonly signature: string;
}

/** `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`. @throws S3Error AuthorizationHeaderMalformed */
export function parseAuthorizationHeader(value: string): AuthorizationHeader {
  let credential: string | undefined;
  let signedHeaders: string | undefined;
  let signature: string | undefined;
  for (const part of value.slice(ALGORITHM.length).split(",")) {
    const text = part.trim();
    if (text.startsWith("Credential=")) credential = text.slice(11);
    else if (text.startsWith("SignedHeaders=")) signedHeaders = text.slice(14);
    else if (text.startsWith("Signature=")) signature = text.slice(10);
    else if (text !== "") throw malformed(`unknown component '${text.slice(0, 40)}'`);
  }
  if (!credential || !signedHeaders || !signature) {
    throw malformed("it requires three components: Credential, SignedHeaders and Signature");
  }
  const scope = parseCredential(credential);
  if (scope === undefined) {
    throw malformed(
      "the Credential is malformed; expecting '<access-key>/YYYYMMDD/REGION/SERVICE/aws4_request'",
    );
  }
  return { scope, signedHeaders, signature };
}

export function malformed(what: string, more: Pick<S3ErrorOptions, "extra" | "headers"> = {}): S3Error {
  return new S3Error("AuthorizationHeaderMalformed", {
    message: `The authorization header is malformed; ${what}.`,
    ...more,
  });
}
