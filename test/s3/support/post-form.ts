/** Forms as browsers send them, signed as the example of "Browser-based uploads using POST" is. */

import { expect } from "bun:test";
import { createHmac } from "node:crypto";
import { type Answer, type Call, FORM_KEYS, type Harness, type HarnessOptions, harness } from "./harness.ts";

export const BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
export const FORM_TYPE = { "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` };

export type Fields = readonly (readonly [name: string, value: string])[];

export interface FormOptions {
  readonly file?: string | Uint8Array;
  /** undefined: the file has no name. */
  readonly fileName?: string | undefined;
  readonly after?: Fields;
  readonly end?: string;
}

export function formBody(fields: Fields, options: FormOptions = {}): Buffer {
  const { file = "content", after = [], end = `\r\n--${BOUNDARY}--\r\n` } = options;
  const name = "fileName" in options ? options.fileName : "photo.jpg";
  const part = ([field, value]: readonly [string, string]): string =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`;
  const fileHead = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"${
    name === undefined ? "" : `; filename="${name}"`
  }\r\nContent-Type: image/jpeg\r\n\r\n`;
  const rest = after.map(([field, value]) => `\r\n${part([field, value]).slice(0, -2)}`).join("");
  return Buffer.concat([
    Buffer.from(fields.map(part).join("") + fileHead),
    typeof file === "string" ? Buffer.from(file) : file,
    Buffer.from(rest + end),
  ]);
}

export const DAY = "20261121";
export const CREDENTIAL = `${FORM_KEYS.accessKey}/${DAY}/us-east-1/s3/aws4_request`;

export function signPolicy(policy: string, secretKey = FORM_KEYS.secretKey, day = DAY): string {
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac("sha256", key).update(text).digest();
  const key = ["us-east-1", "s3", "aws4_request"].reduce(hmac, hmac(`AWS4${secretKey}`, day));
  return hmac(key, policy).toString("hex");
}

/** The fields that sign, as SDKs name them. */
export const SIGNING: Fields = [
  ["x-amz-algorithm", "AWS4-HMAC-SHA256"],
  ["x-amz-credential", CREDENTIAL],
  ["x-amz-date", `${DAY}T000000Z`],
];
export const SIGNING_CONDITIONS: readonly unknown[] = SIGNING.map(([name, value]) => ({ [name]: value }));

export const LATER = "2026-11-21T09:00:00.000Z";

/** `policy` and `x-amz-signature` of a policy document. */
export function policyFields(document: unknown): [string, string][] {
  const policy = Buffer.from(typeof document === "string" ? document : JSON.stringify(document)).toString(
    "base64",
  );
  return [...SIGNING, ["policy", policy], ["x-amz-signature", signPolicy(policy)]] as [string, string][];
}

/** Signed fields under a policy that has these conditions and those of the signature. */
export function signed(fields: Fields, conditions: readonly unknown[]): [string, string][] {
  const all = [{ bucket: "bucket" }, ...conditions, ...SIGNING_CONDITIONS];
  return [...fields, ...policyFields({ expiration: LATER, conditions: all })] as [string, string][];
}

/** `@filename@` stands for the variable of S3. */
export const withVariable = (text: string): string => text.replaceAll("@filename@", "$" + "{filename}");

export async function prepared(options: HarnessOptions = {}): Promise<Harness> {
  const h = harness(options);
  await h.call("PUT", "/bucket");
  return h;
}

export const post = (
  h: Harness,
  fields: Fields,
  options: FormOptions = {},
  call: Call = {},
): Promise<Answer> =>
  h.call("POST", "/bucket", {
    anonymous: true,
    headers: FORM_TYPE,
    body: formBody(fields, options),
    ...call,
  });

export const KEY: Fields = [["key", "user/eric/photo.jpg"]];
export const KEY_CONDITION = ["starts-with", "$key", "user/eric/"];

export async function expectNothing(h: Harness): Promise<void> {
  expect((await h.call("GET", "/bucket?list-type=2")).tag("KeyCount")).toBe("0");
  expect(h.errors).toEqual([]);
  expect([h.kv.buffers, h.admission.inUseBytes]).toEqual([0, 0]);
}
