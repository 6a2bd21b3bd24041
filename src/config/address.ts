/** Address of a listener. IPv6 hosts are stored without brackets. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const HOST_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?$/i;

/**
 * Parses `127.0.0.1:9000`, `[::1]:9000`, `host.example:9000`, `:9000` (all interfaces). Port 0 = any free port.
 * @throws RangeError naming the error.
 */
export function parseAddress(text: string): ListenAddress {
  const trimmed = text.trim();
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(trimmed);
  if (match === null) throw new RangeError("is not an address such as 127.0.0.1:9000, [::1]:9000 or :9000");
  const port = Number(match[3]);
  if (port > 65_535) throw new RangeError(`has port ${port}, above 65535`);
  const [, bracketed, plain] = match;
  if (bracketed !== undefined) {
    if (!/^[0-9a-f:.]+(%[0-9a-z]+)?$/i.test(bracketed) || !bracketed.includes(":")) {
      throw new RangeError("has brackets around something that is not an IPv6 address");
    }
    return { host: bracketed, port };
  }
  if (plain === undefined || plain === "") return { host: "0.0.0.0", port };
  if (!isHostName(plain)) throw new RangeError(`has the bad host name "${plain}"`);
  return { host: plain, port };
}

/** A DNS name or an IPv4 address; at most 253 characters, labels of at most 63. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && HOST_NAME.test(text) && text.split(".").every((label) => label.length <= 63);
}

export function formatAddress(address: ListenAddress): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** The URL a client on the same machine would use: a wildcard host becomes loopback. */
export function clientUrl(address: ListenAddress): string {
  const host = address.host === "0.0.0.0" ? "127.0.0.1" : address.host === "::" ? "::1" : address.host;
  return `http://${formatAddress({ host, port: address.port })}`;
}
