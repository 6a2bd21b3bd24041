/** The cluster's sealing key: 32 random bytes. Every member has them in a box that is sealed to its own node key. */
import type { Random } from "../platform/random.ts";
import { AES_256_GCM, aeadOpen, aeadSeal, KEY_BYTES, OpenError, type Purpose, sealTo } from "./hpke.ts";
import type { NodeKey } from "./node-key.ts";
import { base64, bytesOf, type JsonRecord, parseRecord, recordBytes, textOf } from "./records.ts";

const ID_BYTES = 16;
const NONCE_BYTES = 12;
const BOX_INFO = "elastickv sealing key v1";

/**
 * The owner of a box. The owner is associated data of the box: a row that is moved to another place does not open
 * there.
 */
export interface BoxOwner {
  readonly clusterId: string;
  readonly name: string;
  readonly instance: string;
}

export class SealingKey {
  /** 16 random bytes, hex: the id names the key of a sealed record, and reveals nothing about the key. */
  readonly id: string;
  readonly #key: Uint8Array;

  constructor(id: string, key: Uint8Array) {
    this.id = id;
    this.#key = key;
  }

  static make(random: Random): SealingKey {
    return new SealingKey(Buffer.from(random.bytes(ID_BYTES)).toString("hex"), random.bytes(KEY_BYTES));
  }

  /**
   * Seals a record for the keyspace, with a new nonce each time. @param name of the row: the record opens under no
   * other name
   */
  seal(name: string, plaintext: Uint8Array, random: Random): Uint8Array {
    const nonce = random.bytes(NONCE_BYTES);
    const ciphertext = aeadSeal(AES_256_GCM, this.#key, nonce, this.#aad(name), plaintext);
    return recordBytes({ sealed: 1, keyId: this.id, nonce: base64(nonce), ciphertext: base64(ciphertext) });
  }

  /** @throws OpenError; SecretRecordError when the bytes are no sealed record */
  open(name: string, bytes: Uint8Array): Uint8Array {
    const record = parseRecord(bytes, "a sealed secret");
    const nonce = bytesOf(record, "nonce", NONCE_BYTES);
    if (textOf(record, "keyId") !== this.id) throw new OpenError("a secret that is sealed with another key");
    return aeadOpen(AES_256_GCM, this.#key, nonce, this.#aad(name), bytesOf(record, "ciphertext"));
  }

  /** Seals this key for one member. @throws OpenError when `publicKey` is no usable key */
  boxFor(publicKey: Uint8Array, owner: BoxOwner, random: Random): Uint8Array {
    const { enc, ciphertext } = sealTo(
      publicKey,
      this.#key,
      random.bytes(KEY_BYTES),
      boxPurpose(this.id, owner),
    );
    return recordBytes({
      box: 1,
      keyId: this.id,
      publicKey: base64(publicKey),
      enc: base64(enc),
      ciphertext: base64(ciphertext),
    });
  }

  static fromBox(bytes: Uint8Array, key: NodeKey, owner: BoxOwner): SealingKey {
    const record = parseRecord(bytes, "a box");
    const id = textOf(record, "keyId");
    const sealed = { enc: bytesOf(record, "enc", KEY_BYTES), ciphertext: bytesOf(record, "ciphertext") };
    return new SealingKey(id, key.open(sealed, boxPurpose(id, owner)));
  }

  #aad(name: string): string {
    return JSON.stringify(["elastickv secret v1", this.id, name]);
  }
}

function boxPurpose(keyId: string, { clusterId, name, instance }: BoxOwner): Purpose {
  return { info: BOX_INFO, aad: JSON.stringify([clusterId, keyId, name, instance]) };
}

/** True when a row has a sealed record; false for a plaintext record of an older release. */
export function isSealed(record: JsonRecord): boolean {
  return record["sealed"] !== undefined;
}
