/**
 * Headers in the query of a presigned URL. SDKs move the `x-amz-*` headers of what they presign there, so that whoever
 * uses the URL need not know them; here they mean exactly what they meant as headers. Ignoring them would lose metadata,
 * store in the clear what was to be encrypted, and put an empty object where a copy was to be.
 */
import type { EdgeRequest } from "../../http/types.ts";
import { invalidArgument } from "../protocol/errors.ts";
import type { S3Request } from "../protocol/request.ts";
import { looksPresigned } from "./presigned.ts";
import { isHoisted } from "./presigned-parameters.ts";

/** RFC 9110 section 5.6.2: what a field name may consist of. It will be one again in the answer to a GET. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a header must not hold
const UNSENDABLE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** The request with its hoisted headers among the others; the same object when there are none. A header that was sent as
 *  one counts instead. @throws S3Error InvalidArgument for what could not have been a header */
export function withHoistedHeaders(request: S3Request): S3Request {
  if (request.query.size === 0 || !looksPresigned(request.query)) return request;
  const hoisted: [string, string][] = [];
  for (const { name, value } of request.query.entries) {
    const lower = name.toLowerCase();
    if (!isHoisted(lower) || request.header(lower) !== undefined) continue;
    if (!FIELD_NAME.test(lower) || UNSENDABLE.test(value)) {
      throw invalidArgument(name.slice(0, 200), value.slice(0, 200), "This cannot be a header.");
    }
    // Headers are latin1 that stands for bytes, here those of UTF-8.
    hoisted.push([lower, Buffer.from(value, "utf8").toString("latin1")]);
  }
  return hoisted.length === 0 ? request : extended(request, hoisted);
}

function extended(request: S3Request, hoisted: readonly (readonly [string, string])[]): S3Request {
  const header = (lowerName: string): string | undefined =>
    request.header(lowerName) ?? hoisted.find(([name]) => name === lowerName)?.[1];
  const { edge: sent } = request;
  const edge: EdgeRequest = {
    method: sent.method,
    rawTarget: sent.rawTarget,
    rawHeaders: [...sent.rawHeaders, ...hoisted.flat()],
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
