import { isIP } from "node:net";

/**
 * Decides which `Host` headers the admin listener answers. A web page that points its
 * own domain name at this address (DNS rebinding) must not read the API through a visitor's browser: such requests
 * carry the page's name. Other people cannot redirect addresses, `localhost` and names that the operator lists.
 */
export function isKnownHost(header: string, known: ReadonlySet<string>): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))(?::\d{1,5})?$/i.exec(header);
  if (match === null) return false;
  const [, ipv6, plain] = match;
  if (ipv6 !== undefined) return isIP(ipv6) === 6;
  const name = (plain ?? "").toLowerCase().replace(/\.$/, "");
  return isIP(name) === 4 || name === "localhost" || name.endsWith(".localhost") || known.has(name);
}

/** @param names the listener's own host, the machine's name, and the names in `admin-hosts`. */
export function knownHosts(names: Iterable<string>): ReadonlySet<string> {
  const known = new Set<string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (lower !== "") known.add(lower);
  }
  return known;
}
