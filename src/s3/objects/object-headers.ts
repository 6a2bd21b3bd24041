/** The headers of a PUT, copy or new upload that describe the object, and the same headers in answers. */

import { NOT_ENCRYPTED } from "../headers/rows.ts";
import { S3Error } from "../protocol/errors.ts";
import { listHeader } from "../protocol/header-values.ts";
import { USER_METADATA_BYTES_MAX } from "../protocol/limits.ts";
import { type HeaderPair, httpDate, quoted } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import type { ContentHeaders, UserMetadata } from "../records/content-headers.ts";
import type { Manifest } from "../records/manifest.ts";
import { REDIRECT_HEADER } from "./redirect.ts";

const DEFAULT_CONTENT_TYPE = "binary/octet-stream";
const META_PREFIX = "x-amz-meta-";

export function contentHeadersOf(request: S3Request): ContentHeaders {
  return {
    contentType: request.header("content-type") ?? DEFAULT_CONTENT_TYPE,
    contentEncoding: withoutAwsChunked(listHeader(request, "content-encoding") ?? ""),
    contentDisposition: request.header("content-disposition") ?? "",
    contentLanguage: listHeader(request, "content-language") ?? "",
    cacheControl: listHeader(request, "cache-control") ?? "",
    expires: request.header("expires") ?? "",
  };
}

/** aws-chunked is the coding of the transfer, not of the content. */
function withoutAwsChunked(encoding: string): string {
  if (!encoding.toLowerCase().includes("aws-chunked")) return encoding;
  return encoding
    .split(",")
    .map((token) => token.trim())
    .filter((token) => token.toLowerCase() !== "aws-chunked")
    .join(", ");
}

/**
 * `x-amz-meta-*`, names in lower case, a repeated name's values joined by a comma.
 * @throws S3Error MetadataTooLarge
 */
export function userMetadataOf(request: S3Request): UserMetadata {
  const { rawHeaders } = request.edge;
  const found = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const header = rawHeaders[i] as string;
    if (header.length < META_PREFIX.length || header.charCodeAt(0) > 0x78) continue;
    const lower = header.toLowerCase();
    if (!lower.startsWith(META_PREFIX)) continue;
    const name = lower.slice(META_PREFIX.length);
    const value = decodeHeaderText(rawHeaders[i + 1] as string);
    const before = found.get(name);
    found.set(name, before === undefined ? value : `${before},${value}`);
  }
  let size = 0;
  for (const [name, value] of found) size += Buffer.byteLength(name) + Buffer.byteLength(value);
  if (size > USER_METADATA_BYTES_MAX) {
    throw new S3Error("MetadataTooLarge", {
      extra: [
        ["Size", String(size)],
        ["MaxSizeAllowed", String(USER_METADATA_BYTES_MAX)],
      ],
    });
  }
  return [...found];
}

/** Header bytes above 0x7f are UTF-8 when the bytes are valid UTF-8, else latin1. */
function decodeHeaderText(latin1: string): string {
  let ascii = true;
  for (let i = 0; ascii && i < latin1.length; i++) ascii = latin1.charCodeAt(i) < 0x80;
  if (ascii) return latin1;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(latin1, "latin1"));
  } catch {
    return latin1;
  }
}

/**
 * Text that is not ASCII is sent as RFC 2047 encoded words, as S3 does; 45 bytes a word keep each word below 75
 * characters.
 */
function encodeHeaderText(text: string): string {
  let ascii = true;
  for (let i = 0; ascii && i < text.length; i++) ascii = text.charCodeAt(i) < 0x80;
  if (ascii) return text;
  const words: string[] = [];
  let word = "";
  for (const character of text) {
    if (Buffer.byteLength(word) + Buffer.byteLength(character) > 45) {
      words.push(word);
      word = "";
    }
    word += character;
  }
  words.push(word);
  return words.map((piece) => `=?UTF-8?B?${Buffer.from(piece, "utf8").toString("base64")}?=`).join(" ");
}

/** Refuses a read with a customer key: no object is encrypted. @throws S3Error */
export function refuseCustomerKeys(request: S3Request): void {
  if (request.header("x-amz-server-side-encryption-customer-algorithm") === undefined) return;
  throw new S3Error("InvalidRequest", {
    message: NOT_ENCRYPTED,
  });
}

/** Headers of a GET or HEAD answer that describe the object, without length and range. */
export function describe(manifest: Manifest): HeaderPair[] {
  const { headers } = manifest;
  const pairs: HeaderPair[] = [
    ["Last-Modified", httpDate(manifest.modifiedMs)],
    ["ETag", quoted(manifest.etag)],
    ["Accept-Ranges", "bytes"],
    ["Content-Type", headers.contentType === "" ? DEFAULT_CONTENT_TYPE : headers.contentType],
  ];
  if (headers.contentEncoding !== "") pairs.push(["Content-Encoding", headers.contentEncoding]);
  if (headers.contentDisposition !== "") pairs.push(["Content-Disposition", headers.contentDisposition]);
  if (headers.contentLanguage !== "") pairs.push(["Content-Language", headers.contentLanguage]);
  if (headers.cacheControl !== "") pairs.push(["Cache-Control", headers.cacheControl]);
  if (headers.expires !== "") pairs.push(["Expires", headers.expires]);
  // S3 omits STANDARD (API reference, GetObject: "returned for objects of all other storage classes").
  if (manifest.storageClass !== "STANDARD") pairs.push(["x-amz-storage-class", manifest.storageClass]);
  if (manifest.redirect !== undefined) pairs.push([REDIRECT_HEADER, manifest.redirect]);
  for (const [name, value] of manifest.metadata)
    pairs.push([`${META_PREFIX}${name}`, encodeHeaderText(value)]);
  return pairs;
}
