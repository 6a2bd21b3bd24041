/**
 * Changes without a login are only for clients on this machine: over a loopback connection or the unix socket. The
 * kernel gives both addresses of a connection; no content of a request makes it local.
 */
import { isIPv4 } from "node:net";
import type { SmallRequest } from "../http/small-server.ts";

const WHAT_TO_DO =
  "the admin API has no login yet, so it takes changes only over a loopback connection or the node's admin socket: " +
  "run elastickv cluster on the machine of any node (ssh), which passes it on to the leader";

/** Headers that proxies add (RFC 7239 section 4, RFC 9110 section 7.6.3, and older headers). */
const PROXY_HEADERS = ["forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"];
const PROXY_PREFIX = "x-forwarded-";

/**
 * @returns the reason why this connection may not make a change, and the way that may; undefined when the change is
 * allowed.
 */
export function refuseChange({
  ends,
  headers,
  httpVersion,
}: Pick<SmallRequest, "ends" | "headers" | "httpVersion">): string | undefined {
  if (ends.kind === "tcp" && !(isLoopback(ends.remoteAddress) && isLoopback(ends.localAddress))) {
    return `a change from ${ends.remoteAddress ?? "an unknown address"} is refused: ${WHAT_TO_DO}`;
  }
  // A proxy on this machine is local, but the proxy's client may not be local.
  for (const name of headers.keys()) {
    if (PROXY_HEADERS.includes(name) || name.startsWith(PROXY_PREFIX)) {
      return `a change through a proxy (it sent ${name}) is refused: ${WHAT_TO_DO}`;
    }
  }
  // nginx uses HTTP/1.0 to upstream servers by default, and adds no header (ngx_http_proxy_module).
  if (httpVersion === "1.0") return `a change in HTTP/1.0, as a proxy sends it, is refused: ${WHAT_TO_DO}`;
  return undefined;
}

/**
 * True for 127.0.0.0/8 and ::1, and for IPv4 loopback in its IPv6-mapped form (RFC 4291 section 2.5.5.2). @internal
 */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const lower = address.toLowerCase();
  if (lower === "::1") return true;
  const plain = lower.startsWith("::ffff:") ? lower.slice("::ffff:".length) : lower;
  return isIPv4(plain) && plain.startsWith("127.");
}
