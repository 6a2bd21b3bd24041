/** Lists of nodes as operators write them: names and peer addresses. */
import { formatAddress, type ListenAddress, parseAddress } from "./address.ts";

export interface NamedAddress {
  readonly name: string;
  /** host:port in the form of `formatAddress`, so that equal addresses are equal strings. */
  readonly address: string;
}

export const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
export const NODE_NAME_RULE = "1 to 63 letters, digits, '.', '_' or '-' that start with a letter or digit";

/**
 * Parses `n1=10.0.0.1:9002,n2=...`, in the order given. @throws RangeError: invalid entry, name or address; a name
 * or an address twice.
 */
export function parseMembers(text: string): readonly NamedAddress[] {
  const members: NamedAddress[] = [];
  for (const part of text.split(",").map((word) => word.trim())) {
    if (part === "") throw new RangeError("has an empty entry: write n1=HOST:PORT,n2=HOST:PORT");
    const member = parseMember(part);
    const twice = members.find(({ name, address }) => name === member.name || address === member.address);
    if (twice !== undefined) {
      const what = twice.name === member.name ? `the name ${member.name}` : `the address ${member.address}`;
      throw new RangeError(`has ${what} twice`);
    }
    members.push(member);
  }
  return Object.freeze(members);
}

/** Parses one `NAME=HOST:PORT`. @throws RangeError that continues the sentence `--flag "value" ...`. */
export function parseMember(text: string): NamedAddress {
  const equals = text.indexOf("=");
  if (equals < 0) throw new RangeError(`contains "${text}", which is not NAME=HOST:PORT`);
  const name = text.slice(0, equals).trim();
  if (!NODE_NAME.test(name))
    throw new RangeError(`contains the name "${name}", which is not ${NODE_NAME_RULE}`);
  return Object.freeze({ name, address: formatAddress(parsePeerAddress(text.slice(equals + 1))) });
}

/**
 * Parses an address that other nodes can dial, with its host in lower case. @throws RangeError naming the address.
 */
export function parsePeerAddress(text: string): ListenAddress {
  let address: ListenAddress;
  try {
    address = parseAddress(text);
  } catch (error) {
    throw new RangeError(
      `contains "${text}", which ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (isWildcard(address))
    throw new RangeError(`contains "${text}": peers cannot dial a wildcard, name the host`);
  if (address.port === 0) throw new RangeError(`contains "${text}": peers cannot dial port 0`);
  return { host: address.host.toLowerCase(), port: address.port };
}

export function formatMembers(members: readonly NamedAddress[]): string {
  return members.map(({ name, address }) => `${name}=${address}`).join(",");
}

/** The address means all interfaces: a node can listen on it, but no node can dial it. */
export function isWildcard({ host }: ListenAddress): boolean {
  return host === "0.0.0.0" || host === "::";
}
