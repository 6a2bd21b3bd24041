/**
 * Rows of the cluster's CA, of join tokens and of nodes on their way in (docs/format/keyspace.md). The state machine
 * compares versions only; times in rows are compared with commit timestamps, by the node that uses the row.
 */
import { parseRecord, recordBytes, SecretRecordError, textOf } from "../../secrets/records.ts";
import { prefixEnd } from "../../store/key-encoding.ts";
import type { Timestamp } from "../../store/types.ts";
import { settingKey, settingPath } from "../../txn/keys.ts";
import type { Condition, ReadView } from "../../txn/types.ts";

const JOIN = "join";
const TOKEN = "token";
const NEWCOMER = "newcomer";
/** Name of the row that holds the CA, sealed with the cluster's sealing key. */
export const AUTHORITY_NAME = "peer-ca";
export const AUTHORITY_KEY = settingKey(AUTHORITY_NAME);
const TOKEN_PREFIX = settingKey(JOIN, TOKEN);
const NEWCOMER_PREFIX = settingKey(JOIN, NEWCOMER);

export const tokenKey = (id: string): Uint8Array => settingKey(JOIN, TOKEN, id);
export const newcomerKey = (name: string): Uint8Array => settingKey(JOIN, NEWCOMER, name);

/** Limit of rows that one scan reads: more tokens than `MAX_TOKENS`, more nodes than a cluster has. */
const ROWS_MAX = 1_000;

export interface TokenRow {
  /** SHA-256 of the token's secret (`secretDigest`), hex. */
  readonly digest: string;
  /** Unix milliseconds; compared with the commit timestamp of the use. */
  readonly expiresMs: number;
  /** Name that the node gets; undefined: the node or the cluster chooses. */
  readonly name?: string;
  /** The member that the node replaces. */
  readonly replaces?: string;
  /** SHA-256 of the public key of the node that used the token, hex; undefined: not used yet. */
  readonly usedBy?: string;
}

/** A node with a certificate that gets a vote as soon as it has caught up. */
export interface NewcomerRow {
  /** The member whose place the node takes, in the same change. */
  readonly replaces?: string;
}

export interface Versioned<Row> {
  readonly row: Row;
  readonly commitTs: Timestamp;
}

export function tokenBytes(row: TokenRow): Uint8Array {
  return recordBytes({ v: 1, ...row });
}

export function newcomerBytes(row: NewcomerRow): Uint8Array {
  return recordBytes({ v: 1, ...row });
}

/** @throws KvError; SecretRecordError for a damaged row */
export async function readToken(view: ReadView, id: string): Promise<Versioned<TokenRow> | undefined> {
  const found = await view.get(tokenKey(id));
  return found === undefined ? undefined : { row: tokenRow(found.value), commitTs: found.commitTs };
}

/** Every readable token, by id. A damaged row lets nobody in, and is left out. @throws KvError */
export async function readTokens(view: ReadView): Promise<ReadonlyMap<string, Versioned<TokenRow>>> {
  return readAll(view, TOKEN_PREFIX, tokenRow);
}

/** By name of the node. @throws KvError */
export async function readNewcomers(view: ReadView): Promise<ReadonlyMap<string, Versioned<NewcomerRow>>> {
  return readAll(view, NEWCOMER_PREFIX, newcomerRow);
}

export const absent = (key: Uint8Array): Condition => ({ kind: "must-not-exist", key });
export const unchanged = (key: Uint8Array, commitTs: Timestamp): Condition => ({
  kind: "version-equals",
  key,
  commitTs,
});

async function readAll<Row>(
  view: ReadView,
  prefix: Uint8Array,
  decode: (bytes: Uint8Array) => Row,
): Promise<ReadonlyMap<string, Versioned<Row>>> {
  const rows = new Map<string, Versioned<Row>>();
  for (const { key, value, commitTs } of await view.scan(prefix, prefixEnd(prefix), { limit: ROWS_MAX })) {
    const [, , name] = settingPath(key);
    if (name === undefined) continue;
    try {
      rows.set(name, { row: decode(value), commitTs });
    } catch (error) {
      if (!(error instanceof SecretRecordError)) throw error;
    }
  }
  return rows;
}

function tokenRow(bytes: Uint8Array): TokenRow {
  const record = parseRecord(bytes, "a join token's row");
  const { expiresMs } = record;
  if (typeof expiresMs !== "number") throw new SecretRecordError("a record has no expiresMs");
  return {
    digest: textOf(record, "digest"),
    expiresMs,
    ...optional(record, "name"),
    ...optional(record, "replaces"),
    ...optional(record, "usedBy"),
  };
}

function newcomerRow(bytes: Uint8Array): NewcomerRow {
  return optional(parseRecord(bytes, "the row of a node that joins"), "replaces");
}

function optional<Name extends string>(
  record: Readonly<Record<string, unknown>>,
  name: Name,
): { readonly [_ in Name]?: string } {
  return record[name] === undefined
    ? {}
    : ({ [name]: textOf(record, name) } as { readonly [_ in Name]?: string });
}
