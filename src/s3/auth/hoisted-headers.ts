/**
 * Headers in the query of a presigned URL. SDKs move the `x-amz-*` headers of what they presign there, so that whoever
 * uses the URL need not know them; S3 reads them as the headers they were. Ignoring them would lose metadata, and store in
 * the clear what was to be encrypted.
 */
import type { EdgeRequest } from "../../http/types.ts";
import { invalidArgument } from "../errors.ts";
import type { S3Request } from "../request.ts";
import { looksPresigned } from "./presigned.ts";

/** Those that S3 honours there, and those that would make us lie if we passed over them. Tags it passes over itself, and
 *  the presigned checksum is that of an empty body: SDKs do not have the real one yet. */
const HOISTED =
  /^x-amz-(?:meta-.*|acl|expected-bucket-owner|grant-.+|object-lock-.+|server-side-encryption.*|storage-class|website-redirect-location)$/s;
/** RFC 9110 section 5.6.2: what a field name may consist of. It will be one again in the answer to a GET. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a header must not hold
const UNSENDABLE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** The request with its hoisted headers among the others; the same object when there are none. A header that was sent as
 *  one counts instead. @throws S3Error InvalidArgument for what could not have been a header */
export function withHoistedHeaders(request: S3Request): S3Request {
  if (request.query.size === 0 || !looksPresigned(request.query)) return request;
  const hoisted = new Map<string, string>();
  for (const { name, value } of request.query.entries) {
    const lower = name.toLowerCase();
    if (!HOISTED.test(lower) || hoisted.has(lower) || request.header(lower) !== undefined) continue;
    if (!FIELD_NAME.test(lower) || UNSENDABLE.test(value)) {
      throw invalidArgument(name.slice(0, 200), value.slice(0, 200), "This cannot be a header.");
    }
    // Headers are latin1 that stands for bytes, here those of UTF-8.
    hoisted.set(lower, Buffer.from(value, "utf8").toString("latin1"));
  }
  return hoisted.size === 0 ? request : extended(request, hoisted);
}

function extended(request: S3Request, hoisted: ReadonlyMap<string, string>): S3Request {
  const header = (lowerName: string): string | undefined =>
    request.header(lowerName) ?? hoisted.get(lowerName);
  const { edge: sent } = request;
  const edge: EdgeRequest = {
    method: sent.method,
    rawTarget: sent.rawTarget,
    rawHeaders: [...sent.rawHeaders, ...[...hoisted].flat()],
    header,
    remoteAddress: sent.remoteAddress,
    requestId: sent.requestId,
    body: sent.body,
    get signal() {
      return sent.signal;
    },
  };
  const { method, style, host, bucket, key, query, rawPath, rawQuery, resource, requestId } = request;
  return { edge, method, style, host, bucket, key, query, rawPath, rawQuery, resource, requestId, header };
}
