/**
 * Proof of membership: both ends of a connection prove that they know a secret of the cluster, without revealing
 * the secret (docs/format/peer.md, "Proof"; decision 060).
 *
 * AKEP2 (Bellare and Rogaway, "Entity Authentication and Key Distribution", CRYPTO '93), the three passes of
 * ISO/IEC 9798-4 mutual authentication, with HMAC-SHA256 and keys derived by HKDF-SHA256 (RFC 5869). The dialled
 * end sends the first message, so the dialler proves first.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

export const NONCE_BYTES = 32;
export const MAC_BYTES = 32;
/** Bytes of a derived key. A secret has the same length. */
const KEY_BYTES = 32;

const SALT = "elastickv peer 2";
const NO_BYTES = new Uint8Array(0);
/** Used when only certificates prove membership: both ends compute with the empty secret, which proves nothing. */
const NO_SECRET = NO_BYTES;

export interface SessionKeys {
  /** Key for the frames that this end sends. */
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

  /**
   * @param secrets the node dials with the first secret, and accepts every secret from diallers. Empty only where
   * certificates prove membership.
   */
  constructor(secrets: readonly Uint8Array[]) {
    const [first = NO_SECRET, ...more] = secrets;
    this.#first = keysOf(first);
    this.#all = [this.#first, ...more.map(keysOf)];
  }

  /** The dialler's answer to a challenge. */
  prove(challenge: Uint8Array, nonce: Uint8Array): Uint8Array {
    return diallerMac(this.#first, challenge, nonce);
  }

  /** @returns undefined when the dialler knows none of this node's secrets */
  accept(challenge: Uint8Array, nonce: Uint8Array, mac: Uint8Array): Accepted | undefined {
    let found: SecretKeys | undefined;
    // Every secret is checked, so that the time does not reveal which secret matched.
    for (const keys of this.#all) {
      if (equal(diallerMac(keys, challenge, nonce), mac)) found = keys;
    }
    if (found === undefined) return undefined;
    return {
      answer: acceptorMac(found, challenge, nonce, mac),
      keys: sessionKeys(found, challenge, nonce, false),
    };
  }

  /** @param mac the result of `prove`. @returns undefined when the dialled end's answer is no valid proof */
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

/** Every part has a fixed length, so two different inputs never have the same bytes. */
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
