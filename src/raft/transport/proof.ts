/**
 * Membership is proved: both ends of a connection show that they know a secret of the cluster, without showing it
 * (docs/format/peer.md, "Proof"; decision 060).
 *
 * AKEP2 (Bellare and Rogaway, "Entity Authentication and Key Distribution", CRYPTO '93), the three passes of ISO/IEC
 * 9798-4 mutual authentication, with HMAC-SHA256 and keys derived by HKDF-SHA256 (RFC 5869). The end that was dialled
 * begins, so that the dialler proves first.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

export const NONCE_BYTES = 32;
export const MAC_BYTES = 32;
/** Also of a secret. */
const KEY_BYTES = 32;

const SALT = "elastickv peer 2";
const NO_BYTES = new Uint8Array(0);
/** Certificates alone prove who is a member: then both ends compute with this one, which proves nothing. */
const NO_SECRET = NO_BYTES;

export interface SessionKeys {
  /** Of what this end sends. */
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
}

export interface Accepted {
  /** Proves this end to the dialler. */
  readonly answer: Uint8Array;
  readonly keys: SessionKeys;
}

interface SecretKeys {
  readonly proof: Uint8Array;
  readonly session: Uint8Array;
}

export class ClusterProof {
  readonly #first: SecretKeys;
  readonly #all: readonly SecretKeys[];

  /** @param secrets the first is what this node proves with when it dials; each of them is taken from others. Empty only
   *  where certificates prove who is a member. */
  constructor(secrets: readonly Uint8Array[]) {
    const [first = NO_SECRET, ...more] = secrets;
    this.#first = keysOf(first);
    this.#all = [this.#first, ...more.map(keysOf)];
  }

  /** What the dialler answers a challenge with. */
  prove(challenge: Uint8Array, nonce: Uint8Array): Uint8Array {
    return diallerMac(this.#first, challenge, nonce);
  }

  /** @returns undefined when the dialler knows no secret of this node */
  accept(challenge: Uint8Array, nonce: Uint8Array, mac: Uint8Array): Accepted | undefined {
    let found: SecretKeys | undefined;
    // All of them, whichever it is: the time says nothing.
    for (const keys of this.#all) {
      if (equal(diallerMac(keys, challenge, nonce), mac)) found = keys;
    }
    if (found === undefined) return undefined;
    return {
      answer: acceptorMac(found, challenge, nonce, mac),
      keys: sessionKeys(found, challenge, nonce, false),
    };
  }

  /** @param mac what `prove` gave. @returns undefined when the end that was dialled has not proved itself */
  confirm(
    challenge: Uint8Array,
    nonce: Uint8Array,
    mac: Uint8Array,
    answer: Uint8Array,
  ): SessionKeys | undefined {
    if (!equal(acceptorMac(this.#first, challenge, nonce, mac), answer)) return undefined;
    return sessionKeys(this.#first, challenge, nonce, true);
  }
}

function keysOf(secret: Uint8Array): SecretKeys {
  return { proof: derive(secret, SALT, "proof"), session: derive(secret, SALT, "session") };
}

/** Every part has a length of its own, so no two different inputs are the same bytes. */
function diallerMac({ proof }: SecretKeys, challenge: Uint8Array, nonce: Uint8Array): Uint8Array {
  return createHmac("sha256", proof).update("dialler\0").update(challenge).update(nonce).digest();
}

function acceptorMac(
  { proof }: SecretKeys,
  challenge: Uint8Array,
  nonce: Uint8Array,
  mac: Uint8Array,
): Uint8Array {
  return createHmac("sha256", proof)
    .update("acceptor\0")
    .update(challenge)
    .update(nonce)
    .update(mac)
    .digest();
}

function sessionKeys(
  { session }: SecretKeys,
  challenge: Uint8Array,
  nonce: Uint8Array,
  dialled: boolean,
): SessionKeys {
  const salt = Buffer.concat([challenge, nonce]);
  const [out, back] = [derive(session, salt, "dialler sends"), derive(session, salt, "acceptor sends")];
  return dialled ? { send: out, receive: back } : { send: back, receive: out };
}

function derive(key: Uint8Array, salt: string | Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, salt, info, KEY_BYTES));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
