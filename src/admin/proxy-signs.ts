/** Detects proxies in front of the admin socket: a proxy on this machine is local, but its client may not be. */
import type { SmallRequest } from "../http/small-server.ts";

/** Headers that proxies add (RFC 7239 section 4, RFC 9110 section 7.6.3, and older headers). */
const PROXY_HEADERS = ["forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"];
const PROXY_PREFIX = "x-forwarded-";

/** @returns the sign of a proxy in the request; undefined: there is none. */
export function proxyOf({
  headers,
  httpVersion,
}: Pick<SmallRequest, "headers" | "httpVersion">): string | undefined {
  for (const name of headers.keys()) {
    if (PROXY_HEADERS.includes(name) || name.startsWith(PROXY_PREFIX)) return name;
  }
  // nginx uses HTTP/1.0 to upstream servers by default, and adds no header (ngx_http_proxy_module).
  return httpVersion === "1.0" ? "HTTP/1.0" : undefined;
}
