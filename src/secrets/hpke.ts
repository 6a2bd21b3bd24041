/**
 * RFC 9180 (HPKE), base mode, single shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. The runtime
 * supplies X25519 (RFC 7748), HMAC and AES-GCM; this module has only the steps of the RFC. The test uses Appendix
 * A.1.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from "node:crypto";

/**
 * Bytes of a key, of a shared secret and of an encapsulated key (Nsk, Npk, Nsecret, Nenc of the RFC, section 7.1).
 */
export const KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const HASH_BYTES = 32;

const VERSION = "HPKE-v1";
const KEM_ID = 0x0020;
const KDF_ID = 0x0001;
const MODE_BASE = 0;

/** Section 7.3. The code uses only the second; the RFC prints test vectors for the first. @internal */
export const AES_128_GCM = { id: 0x0001, cipher: "aes-128-gcm", keyBytes: 16 } as const;
export const AES_256_GCM = { id: 0x0002, cipher: "aes-256-gcm", keyBytes: 32 } as const;
export type Aead = typeof AES_128_GCM | typeof AES_256_GCM;

/** DER bytes before the 32 bytes of a key: PKCS #8 and SubjectPublicKeyInfo with the algorithm X25519 (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

/**
 * A sealed value does not open: the key or the associated data is different, or the bytes were changed. The cause is
 * unknown.
 */
export class OpenError extends Error {
  readonly code = "NOT_OPENED";
  constructor(what: string, options?: ErrorOptions) {
    super(`${what} does not open: it was made for another key or another place, or it was changed`, options);
    this.name = "OpenError";
  }
}

export interface Sealed {
  /** Encapsulated key: the sender's ephemeral public key. */
  readonly enc: Uint8Array;
  /** The ciphertext, followed by the tag. */
  readonly ciphertext: Uint8Array;
}

export interface Purpose {
  /** Application and version, which the key schedule includes. */
  readonly info: string;
  /** Associated data, which must be the same at opening. */
  readonly aad: string;
  readonly aead?: Aead;
}

export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return rawPublic(createPublicKey(privateObject(privateKey)));
}

/**
 * @param ephemeral 32 random bytes, used for this message only. @throws OpenError when `recipient` is no usable key
 */
export function sealTo(
  recipient: Uint8Array,
  plaintext: Uint8Array,
  ephemeral: Uint8Array,
  purpose: Purpose,
): Sealed {
  const enc = publicKeyOf(ephemeral);
  const shared = sharedSecret(agree(ephemeral, recipient), enc, recipient);
  const { key, nonce, aead } = schedule(shared, purpose);
  return { enc, ciphertext: aeadSeal(aead, key, nonce, purpose.aad, plaintext) };
}

/** @throws OpenError */
export function openWith(privateKey: Uint8Array, { enc, ciphertext }: Sealed, purpose: Purpose): Uint8Array {
  const shared = sharedSecret(agree(privateKey, enc), enc, publicKeyOf(privateKey));
  const { key, nonce, aead } = schedule(shared, purpose);
  return aeadOpen(aead, key, nonce, purpose.aad, ciphertext);
}

export function aeadSeal(
  aead: Aead,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: string,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(aead.cipher, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(aad));
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** @throws OpenError */
export function aeadOpen(
  aead: Aead,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: string,
  ciphertext: Uint8Array,
): Uint8Array {
  try {
    const end = ciphertext.length - TAG_BYTES;
    const decipher = createDecipheriv(aead.cipher, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(aad));
    decipher.setAuthTag(ciphertext.subarray(end));
    return Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()]);
  } catch (cause) {
    throw new OpenError("a sealed value", { cause });
  }
}

/** Section 4.1, `ExtractAndExpand` of DHKEM. */
function sharedSecret(dh: Uint8Array, enc: Uint8Array, recipient: Uint8Array): Uint8Array {
  const suite = Buffer.concat([Buffer.from("KEM"), u16(KEM_ID)]);
  const prk = labeledExtract(suite, "", "eae_prk", dh);
  return labeledExpand(suite, prk, "shared_secret", Buffer.concat([enc, recipient]), HASH_BYTES);
}

/**
 * Section 5.1, `KeySchedule` in base mode. A single message has sequence number 0, so its nonce is the base nonce.
 */
function schedule(shared: Uint8Array, { info, aead = AES_256_GCM }: Purpose) {
  const suite = Buffer.concat([Buffer.from("HPKE"), u16(KEM_ID), u16(KDF_ID), u16(aead.id)]);
  const context = Buffer.concat([
    Buffer.from([MODE_BASE]),
    labeledExtract(suite, "", "psk_id_hash", ""),
    labeledExtract(suite, "", "info_hash", info),
  ]);
  const secret = labeledExtract(suite, shared, "secret", "");
  return {
    aead,
    key: labeledExpand(suite, secret, "key", context, aead.keyBytes),
    nonce: labeledExpand(suite, secret, "base_nonce", context, NONCE_BYTES),
  };
}

/** Section 4, with `Extract` of RFC 5869. */
function labeledExtract(
  suite: Uint8Array,
  salt: Uint8Array | string,
  label: string,
  ikm: Uint8Array | string,
): Uint8Array {
  // HMAC pads a short key with zeros, so an empty salt equals the RFC's HashLen zeros.
  const hmac = createHmac("sha256", salt);
  return hmac.update(VERSION).update(suite).update(label).update(ikm).digest();
}

/** Section 4, with `Expand` of RFC 5869 for at most one block. */
function labeledExpand(
  suite: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const hmac = createHmac("sha256", prk);
  hmac
    .update(u16(length))
    .update(VERSION)
    .update(suite)
    .update(label)
    .update(info)
    .update(Buffer.from([1]));
  return hmac.digest().subarray(0, length);
}

/** X25519. @throws OpenError for a point of small order, whose shared secret is publicly known (section 7.1.4) */
function agree(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  try {
    const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: "der", type: "spki" });
    const dh = diffieHellman({ privateKey: privateObject(privateKey), publicKey: key });
    if (dh.every((byte) => byte === 0)) throw new RangeError("the shared secret is zero");
    return dh;
  } catch (cause) {
    throw new OpenError("a box", { cause });
  }
}

function privateObject(raw: Uint8Array): KeyObject {
  if (raw.length !== KEY_BYTES)
    throw new RangeError(`an X25519 key has ${KEY_BYTES} bytes, not ${raw.length}`);
  return createPrivateKey({ key: Buffer.concat([PKCS8, raw]), format: "der", type: "pkcs8" });
}

function rawPublic(key: KeyObject): Uint8Array {
  return key.export({ format: "der", type: "spki" }).subarray(SPKI.length);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
