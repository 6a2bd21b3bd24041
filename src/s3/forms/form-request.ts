/**
 * A browser's form as a request for its object: fields are headers of the same meaning, so that everything that
 * understands the headers of a PUT understands the fields of a form.
 */

import type { BodyReader, EdgeRequest } from "../../http/types.ts";
import { missingField } from "../auth/form-signature.ts";
import type { FormFacts } from "../auth/post-policy.ts";
import type { SignedForm } from "../auth/types.ts";
import type { Form } from "../body/form-reader.ts";
import type { BucketExchange } from "../context/exchange.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { KEY_BYTES_MAX } from "../protocol/limits.ts";
import { encodeComponent } from "../protocol/percent.ts";
import { Query } from "../protocol/query.ts";
import type { S3Request } from "../protocol/request.ts";
import { OBJECT_TAGS, TAGGING_HEADER } from "../protocol/tags.ts";
import { readTagging } from "../xml/tagging.ts";

// biome-ignore lint/suspicious/noTemplateCurlyInString: the variable of S3, word for word
const FILE_NAME = "${filename}";
/** Fields that are headers under the same name (S3 API, POST Object). */
const SAME_HEADERS: ReadonlySet<string> = new Set([
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-md5",
  "content-type",
  "expires",
]);
const OF_SIGNATURE: ReadonlySet<string> = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-signature",
]);
/** Characters of a field name (RFC 9110 section 5.6.2): metadata becomes headers of answers. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a header must not hold these characters
const UNSENDABLE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

export interface FormFields {
  readonly key: string;
  readonly signed: SignedForm;
  readonly facts: FormFacts;
  readonly headers: readonly (readonly [lowerName: string, value: string])[];
  /** Value of a field; undefined when the form lacks the field. */
  get(lowerName: string): string | undefined;
}

/** @throws S3Error InvalidArgument, KeyTooLongError, MalformedXML, InvalidTag, BadRequest */
export function formFields({ fields, fileName }: Form, bucket: string): FormFields {
  const values = new Map<string, string>();
  for (const { name, value } of fields) {
    const lower = name.toLowerCase();
    if (lower.startsWith("x-ignore-")) continue;
    // A policy is checked against one value, so the form has one value.
    if (values.has(lower)) {
      throw invalidArgument(name.slice(0, 200), value.slice(0, 200), "Only one value may be specified.");
    }
    values.set(lower, value);
  }
  const key = keyOf(values.get("key"), fileName);
  values.set("key", key);
  const get = (lowerName: string): string | undefined => values.get(lowerName);
  return {
    key,
    signed: {
      policy: get("policy") ?? "",
      algorithm: get("x-amz-algorithm") ?? "",
      credential: get("x-amz-credential") ?? "",
      date: get("x-amz-date") ?? "",
      signature: get("x-amz-signature") ?? "",
      securityToken: get("x-amz-security-token") ?? "",
    },
    facts: { values, names: fields.map(({ name }) => name), bucket },
    headers: headersOf(values),
    get,
  };
}

/** Without a file name the variable stays, as in S3; of a path only the last name counts (S3 API, POST Object). */
function keyOf(field: string | undefined, fileName: string | undefined): string {
  if (field === undefined) throw missingField("key");
  const last = fileName?.slice(Math.max(fileName.lastIndexOf("/"), fileName.lastIndexOf("\\")) + 1);
  const key = last === undefined ? field : field.replaceAll(FILE_NAME, () => last);
  if (key === "") throw invalidArgument("key", "", "User key must have a length greater than 0.");
  const size = Buffer.byteLength(key, "utf8");
  if (size <= KEY_BYTES_MAX) return key;
  throw new S3Error("KeyTooLongError", {
    extra: [
      ["Size", String(size)],
      ["MaxSizeAllowed", String(KEY_BYTES_MAX)],
    ],
  });
}

function headersOf(values: ReadonlyMap<string, string>): [string, string][] {
  const headers: [string, string][] = [];
  for (const [name, value] of values) {
    const header = headerOf(name);
    if (header === undefined) continue;
    if (!FIELD_NAME.test(header) || UNSENDABLE.test(value)) {
      throw invalidArgument(name.slice(0, 200), value.slice(0, 200), "This cannot be a header.");
    }
    // Header text is latin1: each character stands for one byte, here a byte of UTF-8.
    headers.push([header, Buffer.from(value, "utf8").toString("latin1")]);
  }
  const tagging = values.get("tagging");
  if (tagging !== undefined) headers.push([TAGGING_HEADER, taggingHeader(tagging)]);
  return headers;
}

function headerOf(name: string): string | undefined {
  if (name === "acl") return "x-amz-acl";
  if (SAME_HEADERS.has(name)) return name;
  return name.startsWith("x-amz-") && !OF_SIGNATURE.has(name) && name !== TAGGING_HEADER ? name : undefined;
}

/** The field `tagging` is a document. */
function taggingHeader(xml: string): string {
  const tags = readTagging(Buffer.from(xml, "utf8"), OBJECT_TAGS);
  return tags.map(({ key, value }) => `${encodeComponent(key)}=${encodeComponent(value)}`).join("&");
}

const NO_QUERY = new Query([]);

/** Policies of buckets have conditions on what a browser says of itself. */
const OF_CLIENT: ReadonlySet<string> = new Set(["referer", "user-agent"]);

/** The request of a PUT with the same meaning. */
export function requestOfForm(
  { request }: Pick<BucketExchange, "request">,
  fields: FormFields,
  file: BodyReader,
): S3Request {
  const { edge: sent, host, style, bucket, rawPath, rawQuery, requestId } = request;
  const header = (lowerName: string): string | undefined =>
    fields.headers.find(([name]) => name === lowerName)?.[1] ??
    (OF_CLIENT.has(lowerName) ? request.header(lowerName) : undefined);
  const edge: EdgeRequest = {
    method: sent.method,
    rawTarget: sent.rawTarget,
    rawHeaders: fields.headers.flat(),
    header,
    remoteAddress: sent.remoteAddress,
    tlsVersion: sent.tlsVersion,
    requestId,
    body: file,
    get signal() {
      return sent.signal;
    },
  };
  return {
    edge,
    method: sent.method,
    style,
    host,
    bucket,
    key: fields.key,
    query: NO_QUERY,
    rawPath,
    rawQuery,
    resource: `/${bucket ?? ""}/${fields.key}`,
    requestId,
    header,
  };
}
