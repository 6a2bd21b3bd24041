/**
 * The headers of the API reference that are plain HTTP, and its query parameters, for the documentation and its
 * test.
 */
import type { Treatment } from "../src/s3/headers/rows.ts";

export interface PlainRow {
  readonly treatment: Treatment;
  readonly note: string;
}

const row = (treatment: Treatment, note: string): PlainRow => ({ treatment, note });
const KEPT = row("honoured", "kept and given back");
const PAGE = row("honoured", "part of the list");

/** Headers by name in lower case. */
export const PLAIN_HEADERS: Readonly<Record<string, PlainRow>> = {
  "cache-control": KEPT,
  "content-disposition": KEPT,
  "content-encoding": row("honoured", "kept and given back, without `aws-chunked`"),
  "content-language": KEPT,
  "content-length": row("honoured", "exact: IncompleteBody"),
  "content-md5": row("honoured", "verified: BadDigest"),
  "content-type": KEPT,
  expires: KEPT,
  "if-match": row("honoured", "condition: 412. On a write whose operation has none: 501"),
  "if-none-match": row(
    "honoured",
    "condition: 304, on writes 412 (`*` only; an ETag: 501). Elsewhere as If-Match",
  ),
  "if-modified-since": row("honoured", "condition of reads; ignored on writes (RFC 9110 section 13.1.3)"),
  "if-unmodified-since": row(
    "honoured",
    "condition; on PutObject, CopyObject, CompleteMultipartUpload, DeleteObject too",
  ),
  range: row("honoured", "one range; what is none is ignored, as on AWS"),
};

export const QUERY_PARAMETERS: Readonly<Record<string, PlainRow>> = {
  "bucket-region": row("honoured", "only buckets of that region"),
  "continuation-token": row("honoured", "page; a token that was never given out: InvalidArgument"),
  delimiter: PAGE,
  "encoding-type": row("honoured", "`url` in any case; another: InvalidArgument"),
  "fetch-owner": row("honoured", "`true`: owners in the list"),
  id: row("honoured", "NoSuchConfiguration: there is none"),
  "key-marker": PAGE,
  marker: PAGE,
  "max-buckets": row("honoured", "1 to 10000: InvalidArgument"),
  "max-keys": row("honoured", "0 to 2147483647: InvalidArgument; at most 1000 are listed"),
  "max-parts": row("honoured", "as max-keys"),
  "max-uploads": row("honoured", "as max-keys"),
  "part-number-marker": PAGE,
  partNumber: row("honoured", "1 to 10000: InvalidArgument"),
  prefix: PAGE,
  "response-cache-control": row("honoured", "header of the answer, in Latin-1: InvalidArgument"),
  "response-content-disposition": row("honoured", "the same"),
  "response-content-encoding": row("honoured", "the same"),
  "response-content-language": row("honoured", "the same"),
  "response-content-type": row("honoured", "the same"),
  "response-expires": row("honoured", "the same"),
  "start-after": PAGE,
  "upload-id-marker": row("honoured", "with `key-marker`; what is no upload id: InvalidArgument"),
  uploadId: row("honoured", "NoSuchUpload"),
  "version-id-marker": row("honoured", "`null` with `key-marker`: InvalidArgument"),
  versionId: row("honoured", "an id of an answer, or `null`; any other text: InvalidArgument"),
};
