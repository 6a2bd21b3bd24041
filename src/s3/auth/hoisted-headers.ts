/**
 * Headers in the query of a presigned URL. SDKs move the `x-amz-*` headers of a presigned request to the query, so
 * that the user of the URL need not know the headers. The headers mean the same in the query. Ignoring the headers
 * would lose metadata, store data without the requested encryption, and store an empty object instead of a copy.
 */
import type { EdgeRequest } from "../../http/types.ts";
import { invalidArgument } from "../protocol/errors.ts";
import type { S3Request } from "../protocol/request.ts";
import { looksPresigned } from "./presigned.ts";
import { isHoisted } from "./presigned-parameters.ts";

/** Characters of a field name (RFC 9110 section 5.6.2): the name is a header again in the answer to a GET. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a header must not hold these characters
const UNSENDABLE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/**
 * The request with its hoisted headers beside the sent headers; the same object when the query holds no header. A
 * sent header counts instead of a hoisted header of the same name.
 * @throws S3Error InvalidArgument for a parameter that cannot be a header
 */
export function withHoistedHeaders(request: S3Request): S3Request {
  if (request.query.size === 0 || !looksPresigned(request.query)) return request;
  const hoisted: [string, string][] = [];
  for (const { name, value } of request.query.entries) {
    const lower = name.toLowerCase();
    if (!isHoisted(lower) || request.header(lower) !== undefined) continue;
    if (!FIELD_NAME.test(lower) || UNSENDABLE.test(value)) {
      throw invalidArgument(name.slice(0, 200), value.slice(0, 200), "This cannot be a header.");
    }
    // Header text is latin1: each character stands for one byte, here a byte of UTF-8.
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
    tlsVersion: sent.tlsVersion,
    requestId: sent.requestId,
    body: sent.body,
    get signal() {
      return sent.signal;
    },
  };
  const { method, style, host, bucket, key, query, rawPath, rawQuery, resource, requestId } = request;
  return { edge, method, style, host, bucket, key, query, rawPath, rawQuery, resource, requestId, header };
}
