/**
 * The rows of users, access keys, groups and policies (docs/format/keyspace.md): settings of the cluster, small JSON
 * records. Only the secret of an access key is sealed. A release that does not know a row keeps the row.
 */

import { type JsonRecord, parseRecord, recordBytes, SecretRecordError, textOf } from "../secrets/records.ts";
import { isSealed } from "../secrets/sealing-key.ts";
import { settingKey, settingPath } from "../txn/keys.ts";
import { accountIdOf } from "./account-id.ts";
import type { AttachedPolicy, User, UserId } from "./types.ts";

const IAM = "iam";
const TABLES = ["user", "key", "group", "policy"] as const;
export type IamTable = (typeof TABLES)[number];
const USER_ID = /^[0-9a-f]{64}$/;

/** Every change of these rows writes this row, under the version that the change was decided on. */
export const IAM_REVISION_KEY: Uint8Array = settingKey(IAM, "revision");
export const iamKey = (table: IamTable, name: string): Uint8Array => settingKey(IAM, table, name);

export interface UserRow extends User {
  readonly disabled: boolean;
  readonly createdMs: number;
  /** Names of the policies that are attached to the user itself. */
  readonly policies: readonly string[];
}

export interface AccessKeyRow {
  readonly accessKey: string;
  readonly userId: UserId;
  readonly enabled: boolean;
  readonly createdMs: number;
  /** Unix milliseconds; null: valid until it is disabled or deleted. */
  readonly expiresMs: number | null;
  readonly description: string;
  /** The sealed record; null: the secret is root's configured one, and the row only says whether it is valid. */
  readonly sealed: Uint8Array | null;
}

export interface GroupRow {
  readonly name: string;
  readonly createdMs: number;
  readonly members: readonly UserId[];
  readonly policies: readonly string[];
}

export interface PolicyRow extends AttachedPolicy {
  readonly createdMs: number;
  readonly changedMs: number;
}

/** Table and name in a key; undefined for any other key. */
export function iamPathOf(key: Uint8Array): { readonly table: IamTable; readonly name: string } | undefined {
  const [root, tableName, name, more] = settingPath(key);
  const table = TABLES.find((known) => known === tableName);
  if (root !== IAM || table === undefined || name === undefined || more !== undefined) return undefined;
  return { table, name };
}

/** The name under which the secret of a key is sealed: it opens for no other key and no other user. */
export const sealedNameOf = ({ accessKey, userId }: Pick<AccessKeyRow, "accessKey" | "userId">): string =>
  JSON.stringify(["iam key", accessKey, userId]);

export function userBytes(row: UserRow): Uint8Array {
  const { id, displayName, disabled, createdMs, policies } = row;
  return recordBytes({ v: 1, id, displayName, disabled, createdMs, policies });
}

/** @throws SecretRecordError */
export function userRowOf(name: string, value: Uint8Array): UserRow {
  const record = read(value, "the row of a user");
  const id = textOf(record, "id");
  if (!USER_ID.test(id)) throw new SecretRecordError("the row of a user has no user id");
  return {
    id,
    name,
    accountId: accountIdOf(id),
    displayName: textOf(record, "displayName"),
    disabled: flagOf(record, "disabled"),
    createdMs: timeOf(record, "createdMs"),
    policies: textsOf(record, "policies"),
  };
}

export function accessKeyBytes(row: AccessKeyRow): Uint8Array {
  const { userId, enabled, createdMs, expiresMs, description } = row;
  const secret = row.sealed === null ? null : parseRecord(row.sealed, "a sealed secret");
  return recordBytes({ v: 1, userId, enabled, createdMs, expiresMs, description, secret });
}

/** @throws SecretRecordError */
export function accessKeyRowOf(accessKey: string, value: Uint8Array): AccessKeyRow {
  const record = read(value, "the row of an access key");
  const userId = textOf(record, "userId");
  if (!USER_ID.test(userId)) throw new SecretRecordError("the row of an access key has no user id");
  const { secret } = record;
  if (secret !== null && !(isRecord(secret) && isSealed(secret))) {
    throw new SecretRecordError("the row of an access key has no sealed secret");
  }
  return {
    accessKey,
    userId,
    enabled: flagOf(record, "enabled"),
    createdMs: timeOf(record, "createdMs"),
    expiresMs: record["expiresMs"] === null ? null : timeOf(record, "expiresMs"),
    description: textOf(record, "description"),
    sealed: secret === null ? null : recordBytes(secret),
  };
}

export function groupBytes({ createdMs, members, policies }: GroupRow): Uint8Array {
  return recordBytes({ v: 1, createdMs, members, policies });
}

/** @throws SecretRecordError */
export function groupRowOf(name: string, value: Uint8Array): GroupRow {
  const record = read(value, "the row of a group");
  const [members, policies] = [textsOf(record, "members"), textsOf(record, "policies")];
  return { name, createdMs: timeOf(record, "createdMs"), members, policies };
}

export function policyBytes({ text, createdMs, changedMs }: PolicyRow): Uint8Array {
  return recordBytes({ v: 1, text, createdMs, changedMs });
}

/** @throws SecretRecordError */
export function policyRowOf(name: string, value: Uint8Array): PolicyRow {
  const record = read(value, "the row of a policy");
  const [createdMs, changedMs] = [timeOf(record, "createdMs"), timeOf(record, "changedMs")];
  return { name, text: textOf(record, "text"), createdMs, changedMs };
}

/** A row of a newer format may mean something else, so it gives no rights. */
function read(value: Uint8Array, what: string): JsonRecord {
  const record = parseRecord(value, what);
  if (record["v"] !== 1) throw new SecretRecordError(`${what} is of a newer release`);
  return record;
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function flagOf(record: JsonRecord, name: string): boolean {
  const value = record[name];
  if (typeof value !== "boolean") throw new SecretRecordError(`a record has no ${name}`);
  return value;
}

function timeOf(record: JsonRecord, name: string): number {
  const value = record[name];
  if (!Number.isSafeInteger(value)) throw new SecretRecordError(`a record has no ${name}`);
  return value as number;
}

function textsOf(record: JsonRecord, name: string): readonly string[] {
  const value = record[name];
  if (!Array.isArray(value) || !value.every((text) => typeof text === "string")) {
    throw new SecretRecordError(`a record has no ${name}`);
  }
  return value;
}
