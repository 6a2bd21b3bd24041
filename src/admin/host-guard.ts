import { isIP } from "node:net";

/**
 * Which `Host` headers the admin listener answers. It has no login, so a web page that points its own domain name at this
 * address (DNS rebinding) must not be able to read it through a visitor's browser: such requests carry the page's name.
 * Addresses, `localhost` and names the operator knows cannot be pointed elsewhere by anybody else.
 */
export function isKnownHost(header: string, known: ReadonlySet<string>): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))(?::\d{1,5})?$/i.exec(header);
  if (match === null) return false;
  const [, ipv6, plain] = match;
  if (ipv6 !== undefined) return isIP(ipv6) === 6;
  const name = (plain ?? "").toLowerCase().replace(/\.$/, "");
  return isIP(name) === 4 || name === "localhost" || name.endsWith(".localhost") || known.has(name);
}

/** @param names the listener's own host, the machine's name, what `admin-hosts` lists. */
export function knownHosts(names: Iterable<string>): ReadonlySet<string> {
  const known = new Set<string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (lower !== "") known.add(lower);
  }
  return known;
}
