/**
 * The rows of the cluster's sealing key (docs/format/keyspace.md): the id of the key, every member's public key,
 * and the sealing key in a box for each member.
 */

import { KEY_BYTES } from "../secrets/hpke.ts";
import { base64, bytesOf, parseRecord, readable, recordBytes, textOf } from "../secrets/records.ts";
import { prefixEnd } from "../store/key-encoding.ts";
import type { Timestamp } from "../store/types.ts";
import { settingKey, settingPath } from "../txn/keys.ts";
import type { KvGroup } from "../txn/types.ts";

const SEALING = "sealing";
const MEMBER = "member";
const BOX = "box";
const REPLACED = "replaced";

/** Key of the sealing key's row, and prefix of all other keys here. */
export const SEALING_KEY = settingKey(SEALING);
export const memberKey = (instance: string): Uint8Array => settingKey(SEALING, MEMBER, instance);
export const boxKey = (instance: string): Uint8Array => settingKey(SEALING, BOX, instance);

/**
 * Written when a row without encryption is replaced, and deleted when the row's old version is due. The delete is a
 * commit, and versions are compacted by their distance to the newest commit. Without the delete, a cluster without
 * writes would keep the old version.
 */
export const REPLACED_KEY = settingKey(SEALING, REPLACED);

/** Limit of rows, above the members and boxes of the largest cluster. */
const ROWS_MAX = 10_000;

export interface MemberRow {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly commitTs: Timestamp;
}

export interface BoxRow {
  /** The sealing key in the box, and the public key for which it was made. A box for another key is made again. */
  readonly keyId: string;
  readonly publicKey: string;
  readonly bytes: Uint8Array;
  readonly commitTs: Timestamp;
}

export interface SealingRows {
  /** undefined: the cluster has no sealing key yet. */
  readonly keyId: string | undefined;
  /** Member rows by instance. */
  readonly members: ReadonlyMap<string, MemberRow>;
  readonly boxes: ReadonlyMap<string, BoxRow>;
  /**
   * Time when a row without encryption was last replaced; undefined: the old version was due already, or never
   * existed.
   */
  readonly replacedTs: Timestamp | undefined;
}

/** @throws KvError; SecretRecordError when the row with the key's id is damaged */
export async function readSealingRows(kv: Pick<KvGroup, "snapshot">): Promise<SealingRows> {
  const view = await kv.snapshot();
  const items = await view.scan(SEALING_KEY, prefixEnd(SEALING_KEY), { limit: ROWS_MAX });
  let keyId: string | undefined;
  let replacedTs: Timestamp | undefined;
  const members = new Map<string, MemberRow>();
  const boxes = new Map<string, BoxRow>();
  for (const { key, value: bytes, commitTs } of items) {
    const [, table, instance] = settingPath(key);
    if (table === REPLACED) replacedTs = commitTs;
    else if (table === undefined || instance === undefined)
      keyId = textOf(parseRecord(bytes, "the sealing key's row"), "keyId");
    else if (table === MEMBER)
      members.set(instance, { ...(readable(() => memberRow(bytes)) ?? NO_MEMBER), commitTs });
    else if (table === BOX)
      boxes.set(instance, { ...(readable(() => boxRow(bytes)) ?? NO_BOX), bytes, commitTs });
  }
  return { keyId, members, boxes, replacedTs };
}

export function sealingRow(keyId: string): Uint8Array {
  return recordBytes({ v: 1, keyId });
}

export function memberRowBytes(name: string, publicKey: Uint8Array): Uint8Array {
  return recordBytes({ v: 1, name, publicKey: base64(publicKey) });
}

function memberRow(bytes: Uint8Array): Omit<MemberRow, "commitTs"> {
  const record = parseRecord(bytes, "a member's row");
  return { name: textOf(record, "name"), publicKey: bytesOf(record, "publicKey", KEY_BYTES) };
}

function boxRow(bytes: Uint8Array): Omit<BoxRow, "commitTs" | "bytes"> {
  const record = parseRecord(bytes, "a box");
  return { keyId: textOf(record, "keyId"), publicKey: textOf(record, "publicKey") };
}

/**
 * A damaged row must not block the keys of other members: a box is made again, and a damaged public key matches no
 * member.
 */
const NO_MEMBER = { name: "", publicKey: new Uint8Array(0) };
const NO_BOX = { keyId: "", publicKey: "" };
