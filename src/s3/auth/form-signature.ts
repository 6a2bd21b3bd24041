/**
 * The signature of a browser's form: HMAC-SHA256 of the policy in base64, under the SigV4 key of the credential. Source:
 * S3 API, "Authenticating requests: browser-based uploads using POST". Errors as recorded of S3: localstack/localstack,
 * tests/aws/services/s3/test_s3.snapshot.json (TestS3PresignedPost), michaeldyrynda/s3upload#1, aws/aws-sdk-js#2529.
 */
import { S3Error, type S3ErrorOptions } from "../protocol/errors.ts";
import { parseAmzDate } from "./amz-date.ts";
import { ALGORITHM } from "./authorization-header.ts";
import { type CredentialScope, parseCredential } from "./credential-scope.ts";
import { equalConstantTime, hmacHex } from "./hmac.ts";
import type { SignedForm } from "./types.ts";

const QUOTED_MAX = 1024;

/** A form with any field of a signature is signed; a policy alone signs nothing. */
export function isSigned({ algorithm, credential, date, signature }: SignedForm): boolean {
  return algorithm !== "" || credential !== "" || date !== "" || signature !== "";
}

/** Checks that the fields are complete. @throws S3Error InvalidArgument */
export function formScope(form: SignedForm): CredentialScope {
  const { algorithm, credential, date } = form;
  needField("X-Amz-Algorithm", algorithm);
  needField("X-Amz-Credential", credential);
  needField("X-Amz-Date", date);
  needField("Policy", form.policy);
  needField("X-Amz-Signature", form.signature);
  if (algorithm !== ALGORITHM) {
    throw badField("X-Amz-Algorithm", algorithm, `X-Amz-Algorithm only supports "${ALGORITHM}"`);
  }
  const scope = parseCredential(credential);
  if (scope === undefined) {
    throw badField(
      "X-Amz-Credential",
      credential,
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  if (parseAmzDate(date) === undefined) {
    throw badField("X-Amz-Date", date, "X-Amz-Date must be formated via ISO8601 Long format");
  }
  return scope;
}

function needField(name: string, value: string): void {
  if (value === "") throw missingField(name);
}

/** The message is that of S3, with its two spaces. */
export function missingField(name: string): S3Error {
  return badField(
    name,
    "",
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
  );
}

export function badField(
  name: string,
  value: string,
  message: string,
  { extra = [], headers = [] }: Pick<S3ErrorOptions, "extra" | "headers"> = {},
): S3Error {
  return new S3Error("InvalidArgument", {
    message,
    extra: [["ArgumentName", name], ["ArgumentValue", value.slice(0, QUOTED_MAX)], ...extra],
    headers,
  });
}

/** The signature is checked before the policy is decoded. @throws S3Error SignatureDoesNotMatch */
export function verifyForm({ policy, signature }: SignedForm, key: Uint8Array, accessKey: string): void {
  if (equalConstantTime(hmacHex(key, policy), signature)) return;
  throw new S3Error("SignatureDoesNotMatch", {
    extra: [
      ["AWSAccessKeyId", accessKey],
      ["StringToSign", policy],
      ["SignatureProvided", signature],
      [
        "StringToSignBytes",
        Buffer.from(policy, "utf8")
          .toString("hex")
          .replace(/..(?!$)/g, "$& "),
      ],
    ],
  });
}
