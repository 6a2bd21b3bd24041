import { CREDENTIALS } from "./node-process.ts";
import { signedHeaders, UNSIGNED_PAYLOAD } from "./sigv4.ts";

/** The head of a signed request, for a socket of the test's own. @param length of the body that follows, in bytes */
export function signedHead(port: number, method: string, path: string, length?: number): string {
  const headers = signedHeaders({
    method,
    host: `127.0.0.1:${port}`,
    path,
    payloadHash: UNSIGNED_PAYLOAD,
    credentials: CREDENTIALS,
  });
  if (length !== undefined) headers["content-length"] = String(length);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}
