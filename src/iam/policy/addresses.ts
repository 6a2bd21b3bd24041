/** IP addresses and ranges in CIDR notation (RFC 4632, RFC 4291). */
import { isIP, isIPv4 } from "node:net";

/** A range of addresses of one family. */
export interface AddressRange {
  /** 4 or 16. */
  readonly bytes: Uint8Array;
  readonly prefixLength: number;
}

/** An address without length is a range of one address. @returns undefined: the text is no range */
export function parseRange(text: string): AddressRange | undefined {
  const slash = text.indexOf("/");
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (bytes === undefined) return undefined;
  const most = bytes.byteLength * 8;
  if (slash < 0) return { bytes, prefixLength: most };
  const digits = text.slice(slash + 1);
  const prefixLength = Number(digits);
  return /^\d{1,3}$/.test(digits) && prefixLength <= most ? { bytes, prefixLength } : undefined;
}

/** 4 or 16 bytes; an IPv4-mapped IPv6 address is the IPv4 address. @returns undefined: the text is no address */
export function parseAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  if (isIP(text) !== 6 || text.includes("%")) return undefined;
  const bytes = parseIPv6(text);
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes.slice(12) : bytes;
}

/** @param text a valid IPv6 address */
function parseIPv6(text: string): Uint8Array {
  const [head = "", tail] = text.split("::");
  const bytes = new Uint8Array(16);
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  bytes.set(first);
  bytes.set(last, 16 - last.length);
  return bytes;
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const number = Number.parseInt(group, 16);
    return [number >> 8, number & 0xff];
  });
}

export function contains({ bytes, prefixLength }: AddressRange, address: Uint8Array): boolean {
  if (bytes.byteLength !== address.byteLength) return false;
  const whole = prefixLength >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== address[i]) return false;
  const rest = prefixLength & 7;
  if (rest === 0) return true;
  const mask = 0xff00 >> rest;
  return (((bytes[whole] as number) ^ (address[whole] as number)) & mask & 0xff) === 0;
}

/** RFC 1918. */
const PRIVATE: readonly AddressRange[] = [
  { bytes: Uint8Array.of(10, 0, 0, 0), prefixLength: 8 },
  { bytes: Uint8Array.of(172, 16, 0, 0), prefixLength: 12 },
  { bytes: Uint8Array.of(192, 168, 0, 0), prefixLength: 16 },
];

/** How many addresses of one family lie in any of the ranges. Ranges within private networks are left out. */
export function countAddresses(ranges: readonly AddressRange[], byteLength: 4 | 16): bigint {
  const spans = ranges
    .filter(({ bytes }) => bytes.byteLength === byteLength)
    .filter(
      ({ bytes, prefixLength }) =>
        !PRIVATE.some((one) => one.prefixLength <= prefixLength && contains(one, bytes)),
    )
    .map(({ bytes, prefixLength }) => {
      const size = 1n << BigInt(byteLength * 8 - prefixLength);
      const first = (BigInt(`0x${Buffer.from(bytes).toString("hex")}`) / size) * size;
      return { first, end: first + size };
    })
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  let count = 0n;
  let counted = 0n;
  for (const { first, end } of spans) {
    if (end <= counted) continue;
    count += end - (first > counted ? first : counted);
    counted = end;
  }
  return count;
}
