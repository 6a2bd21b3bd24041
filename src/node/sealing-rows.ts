/**
 * The rows about the cluster's sealing key (docs/format/keyspace.md): which key there is, every member's public key, and the
 * sealing key in a box for each of them.
 */

import { KEY_BYTES } from "../secrets/hpke.ts";
import { base64, bytesOf, parseRecord, recordBytes, SecretRecordError, textOf } from "../secrets/records.ts";
import { prefixEnd } from "../store/key-encoding.ts";
import type { Timestamp } from "../store/types.ts";
import { settingKey, settingPath } from "../txn/keys.ts";
import type { KvGroup } from "../txn/types.ts";

const SEALING = "sealing";
const MEMBER = "member";
const BOX = "box";
const REPLACED = "replaced";

/** Also the beginning of the keys of all others. */
export const SEALING_KEY = settingKey(SEALING);
export const memberKey = (instance: string): Uint8Array => settingKey(SEALING, MEMBER, instance);
export const boxKey = (instance: string): Uint8Array => settingKey(SEALING, BOX, instance);

/** Written as a row in the clear is replaced, and deleted once its old version is due: that is a commit, and versions are
 *  compacted by the distance to the newest commit. A cluster to which nobody writes would keep it forever. */
export const REPLACED_KEY = settingKey(SEALING, REPLACED);

/** More rows than members and boxes of the largest cluster. */
const ROWS_MAX = 10_000;

export interface MemberRow {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly commitTs: Timestamp;
}

export interface BoxRow {
  /** What it holds, and for which key: a box of another one is no use and is made again. */
  readonly keyId: string;
  readonly publicKey: string;
  readonly bytes: Uint8Array;
  readonly commitTs: Timestamp;
}

export interface SealingRows {
  /** undefined: the cluster has no sealing key yet. */
  readonly keyId: string | undefined;
  /** By instance. */
  readonly members: ReadonlyMap<string, MemberRow>;
  readonly boxes: ReadonlyMap<string, BoxRow>;
  /** When a row in the clear was last replaced; undefined: its old version was due already, or there never was one. */
  readonly replacedTs: Timestamp | undefined;
}

/** @throws KvError; SecretRecordError for the row that says which key there is: without it nothing is right */
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

/** One damaged row must not keep the others from their keys: a box is made again, and a public key is nobody's. */
const NO_MEMBER = { name: "", publicKey: new Uint8Array(0) };
const NO_BOX = { keyId: "", publicKey: "" };

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SecretRecordError)) throw error;
    return undefined;
  }
}
