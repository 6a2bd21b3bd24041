/**
 * Join tokens. A token lets one node into the cluster: it says where members are, by which CA they are known, and has a
 * secret that is accepted once. `ekj1.` and base64url of: fingerprint (32 bytes), id (8), secret (32), CRC-32 of all other
 * bytes (4, big endian), then the addresses in ASCII, separated by commas.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { formatAddress } from "../config/address.ts";
import { parsePeerAddress } from "../config/members.ts";
import type { Random } from "../platform/random.ts";

const PREFIX = "ekj1.";
const FINGERPRINT_BYTES = 32;
const ID_BYTES = 8;
const SECRET_BYTES = 32;
const CHECK_BYTES = 4;
const FIXED_BYTES = FINGERPRINT_BYTES + ID_BYTES + SECRET_BYTES + CHECK_BYTES;
/** A joining node asks the first addresses; more would only make the token longer. @internal */
export const MAX_TOKEN_ADDRESSES = 5;
const MAX_CHARS = 4_096;

export interface JoinToken {
  /** host:port of peer listeners, 1 to MAX_TOKEN_ADDRESSES. */
  readonly addresses: readonly string[];
  /** SHA-256 of the CA certificate (DER), 64 hex digits. */
  readonly fingerprint: string;
  /** 16 hex digits. The id is not secret. */
  readonly id: string;
  readonly secret: Uint8Array;
}

/** The text is no join token. The message never shows the text. */
export class JoinTokenError extends Error {
  readonly code = "JOIN_TOKEN";
  constructor(message: string) {
    super(message);
    this.name = "JoinTokenError";
  }
}

export function makeJoinToken(fingerprint: string, addresses: readonly string[], random: Random): JoinToken {
  return {
    addresses: addresses.slice(0, MAX_TOKEN_ADDRESSES),
    fingerprint,
    id: Buffer.from(random.bytes(ID_BYTES)).toString("hex"),
    secret: random.bytes(SECRET_BYTES),
  };
}

export function formatJoinToken({ addresses, fingerprint, id, secret }: JoinToken): string {
  const head = Buffer.concat([Buffer.from(fingerprint, "hex"), Buffer.from(id, "hex"), secret]);
  const tail = Buffer.from(addresses.join(","), "ascii");
  return PREFIX + Buffer.concat([head, check(head, tail), tail]).toString("base64url");
}

/** @throws JoinTokenError */
export function parseJoinToken(text: string): JoinToken {
  const word = text.trim();
  if (!word.startsWith(PREFIX) || word.length > MAX_CHARS) {
    throw new JoinTokenError(`it does not begin with ${PREFIX}: copy the whole token`);
  }
  const encoded = word.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, "base64url");
  if (bytes.toString("base64url") !== encoded || bytes.length <= FIXED_BYTES) throw damaged();
  const head = bytes.subarray(0, FIXED_BYTES - CHECK_BYTES);
  const tail = bytes.subarray(FIXED_BYTES);
  if (!check(head, tail).equals(bytes.subarray(FIXED_BYTES - CHECK_BYTES, FIXED_BYTES))) throw damaged();
  const addresses = tail.toString("ascii").split(",");
  if (addresses.length > MAX_TOKEN_ADDRESSES) throw damaged();
  const secretAt = FINGERPRINT_BYTES + ID_BYTES;
  return {
    addresses: addresses.map(addressOf),
    fingerprint: head.subarray(0, FINGERPRINT_BYTES).toString("hex"),
    id: head.subarray(FINGERPRINT_BYTES, secretAt).toString("hex"),
    secret: new Uint8Array(head.subarray(secretAt)),
  };
}

/** The cluster keeps this in place of the secret: SHA-256, hex. The secret is random, so that no salt is needed. */
export function secretDigest(secret: Uint8Array): string {
  return createHash("sha256").update("elastickv join token v1\0").update(secret).digest("hex");
}

function addressOf(text: string): string {
  try {
    return formatAddress(parsePeerAddress(text));
  } catch {
    throw damaged();
  }
}

function check(head: Uint8Array, tail: Uint8Array): Buffer {
  const bytes = Buffer.alloc(CHECK_BYTES);
  bytes.writeUInt32BE(crc32(tail, crc32(head)));
  return bytes;
}

function damaged(): JoinTokenError {
  return new JoinTokenError("a part of it is missing or was changed: copy the whole token");
}
