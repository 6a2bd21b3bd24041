/**
 * Bearer tokens of the admin API: their text, and their replicated rows (docs/format/keyspace.md). A row has the
 * SHA-256 of the token; the token itself is kept nowhere. 256 random bits need no slow password hash.
 */
import { timingSafeEqual } from "node:crypto";
import { TOKEN_ID } from "../api/admin-tokens.ts";
import { ADMIN_ROLES, type AdminRole } from "../api/codes.ts";
import type { Random } from "../platform/random.ts";
import { parseRecord, recordBytes, SecretRecordError, textOf } from "../secrets/records.ts";
import { settingKey, settingPath } from "../txn/keys.ts";

const IAM = "iam";
const ADMIN_TOKEN = "admin-token";
const TOKEN = /^ekv_admin_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;
const ID_BYTES = 8;
const SECRET_BYTES = 32;
const SHA256_HEX = /^[0-9a-f]{64}$/;

/** Prefix of the keys of all tokens. */
export const ADMIN_TOKENS_PREFIX: Uint8Array = settingKey(IAM, ADMIN_TOKEN);
export const adminTokenKey = (id: string): Uint8Array => settingKey(IAM, ADMIN_TOKEN, id);

export interface AdminToken {
  /** 16 hex digits, part of the token's text. */
  readonly id: string;
  /** SHA-256 of the token's text, hex. */
  readonly sha256: string;
  readonly role: AdminRole;
  readonly note: string;
  /** Unix milliseconds. */
  readonly createdMs: number;
  /** `local`, or the id of the token that created this one. */
  readonly createdBy: string;
  /** Unix milliseconds; null: valid until it is revoked. */
  readonly expiresMs: number | null;
}

/** Makes a new token: its id, and its text, which begins with `ekv_admin_`. */
export function newAdminToken(random: Random): { readonly id: string; readonly token: string } {
  const id = Buffer.from(random.bytes(ID_BYTES)).toString("hex");
  const secret = Buffer.from(random.bytes(SECRET_BYTES)).toString("base64url");
  return { id, token: `ekv_admin_${id}_${secret}` };
}

/** The id in the text of a token; undefined when the text is no token. */
export function adminTokenId(token: string): string | undefined {
  return TOKEN.exec(token)?.[1];
}

export function adminTokenHash(token: string): string {
  return new Bun.CryptoHasher("sha256").update(token).digest("hex");
}

/** True when the row belongs to this token. Takes the same time for every wrong token. */
export function isTokenOf({ sha256 }: Pick<AdminToken, "sha256">, token: string): boolean {
  return timingSafeEqual(Buffer.from(sha256, "hex"), Buffer.from(adminTokenHash(token), "hex"));
}

export function adminTokenRow({ id: _, ...row }: AdminToken): Uint8Array {
  return recordBytes({ v: 1, ...row });
}

/** The id in the key of a token; undefined for any other key. */
export function adminTokenIdOf(key: Uint8Array): string | undefined {
  const [table, kind, id, more] = settingPath(key);
  const isToken = table === IAM && kind === ADMIN_TOKEN && more === undefined;
  return isToken && id !== undefined && TOKEN_ID.test(id) ? id : undefined;
}

/** @throws SecretRecordError; a role that this release does not know is an error too, and so gives no rights */
export function adminTokenOf(id: string, value: Uint8Array): AdminToken {
  const record = parseRecord(value, "the row of an admin token");
  const [sha256, roleName] = [textOf(record, "sha256"), textOf(record, "role")];
  const role = ADMIN_ROLES.find((known) => known === roleName);
  const { createdMs, expiresMs } = record;
  if (role === undefined || !SHA256_HEX.test(sha256) || !isTime(createdMs)) {
    throw new SecretRecordError("the row of an admin token is damaged, or of a newer release");
  }
  if (expiresMs !== null && !isTime(expiresMs)) {
    throw new SecretRecordError("the row of an admin token has no valid expiry");
  }
  const [note, createdBy] = [textOf(record, "note"), textOf(record, "createdBy")];
  return { id, sha256, role, note, createdMs, createdBy, expiresMs };
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
