import type { elastickv as gen } from "../../gen/s3.js";

/** The client's headers about the content. Values are latin1 text exactly as received; "" = not sent. */
export interface ContentHeaders {
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly contentDisposition: string;
  readonly contentLanguage: string;
  readonly cacheControl: string;
  readonly expires: string;
}

/** Name in lower case without `x-amz-meta-`, and decoded text. */
export type UserMetadata = readonly (readonly [name: string, value: string])[];

export function decodeContentHeaders(
  row: gen.s3.ContentHeaders.$Properties | null | undefined,
): ContentHeaders {
  return {
    contentType: row?.contentType ?? "",
    contentEncoding: row?.contentEncoding ?? "",
    contentDisposition: row?.contentDisposition ?? "",
    contentLanguage: row?.contentLanguage ?? "",
    cacheControl: row?.cacheControl ?? "",
    expires: row?.expires ?? "",
  };
}

export function encodeMetadata(metadata: UserMetadata): gen.s3.UserMetadata.$Properties[] {
  return metadata.map(([name, value]) => ({ name, value }));
}

export function decodeMetadata(
  rows: readonly gen.s3.UserMetadata.$Properties[] | null | undefined,
): UserMetadata {
  return (rows ?? []).map((row) => [row.name ?? "", row.value ?? ""] as const);
}
