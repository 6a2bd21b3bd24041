/** The rows about users (docs/format/keyspace.md): settings of the cluster, small JSON records. */
import { parseRecord, recordBytes, SecretRecordError, textOf } from "../secrets/records.ts";
import { settingKey } from "../txn/keys.ts";
import type { UserId } from "./types.ts";

const IAM = "iam";
const USER_ID = /^[0-9a-f]{64}$/;

/** Prefix of the keys of all rows about users. */
export const IAM_PREFIX: Uint8Array = settingKey(IAM);
/** Key of the row that names the root user. */
export const ROOT_USER_KEY: Uint8Array = settingKey(IAM, "root");

export function rootUserRow(id: UserId): Uint8Array {
  return recordBytes({ v: 1, id });
}

/** @throws SecretRecordError */
export function rootUserOf(value: Uint8Array): UserId {
  const id = textOf(parseRecord(value, "the row of the root user"), "id");
  if (!USER_ID.test(id)) throw new SecretRecordError("the row of the root user has no user id");
  return id;
}

/**
 * The id of the user whose first access key is `accessKey`. Before users had rows, answers named this id as the
 * owner; so an old cluster keeps its owner.
 */
export function userIdOf(accessKey: string): UserId {
  return new Bun.CryptoHasher("sha256").update(`elastickv owner ${accessKey}`).digest("hex");
}
