/** Answers of the edge itself, without the application: in the shape of S3, but only about HTTP. */
import type { EdgeReply } from "./types.ts";

const XML_TYPE: readonly [string, string] = ["Content-Type", "application/xml"];

/** `message` is from the edge's own fixed set and needs no escaping. The connection is closed after the answer. */
export function edgeAnswer(status: number, code: string, message: string, requestId: string): EdgeReply {
  return {
    status,
    headers: [["x-amz-request-id", requestId], XML_TYPE],
    body: { kind: "bytes", bytes: new TextEncoder().encode(errorXml(code, message, requestId)) },
    close: true,
  };
}

/** The answer as raw bytes, for a socket without a response object. `allow`: value of the Allow header of a 405. */
export function rawEdgeAnswer(
  statusLine: string,
  code: string,
  message: string,
  requestId: string,
  allow?: string,
): string {
  const xml = errorXml(code, message, requestId);
  const allowed = allow === undefined ? "" : `Allow: ${allow}\r\n`;
  return `HTTP/1.1 ${statusLine}\r\nx-amz-request-id: ${requestId}\r\n${allowed}Content-Type: application/xml\r\nContent-Length: ${xml.length}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${xml}`;
}

function errorXml(code: string, message: string, requestId: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>${requestId}</RequestId></Error>`;
}
