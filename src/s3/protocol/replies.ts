import type { EdgeBody, EdgeReply } from "../../http/types.ts";

export type HeaderPair = readonly [name: string, value: string];

const NO_BODY: EdgeBody = { kind: "none" };
const XML_TYPE: HeaderPair = ["Content-Type", "application/xml"];

export function emptyReply(status: number, headers: readonly HeaderPair[] = []): EdgeReply {
  return { status, headers, body: NO_BODY };
}

export function xmlReply(xml: string, headers: readonly HeaderPair[] = [], status = 200): EdgeReply {
  return {
    status,
    headers: [XML_TYPE, ...headers],
    body: { kind: "bytes", bytes: Buffer.from(xml, "utf8") },
  };
}

/** RFC 9110 date: `Sat, 21 Nov 2026 08:15:30 GMT`. */
export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** The text of an ETag header or element. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}
