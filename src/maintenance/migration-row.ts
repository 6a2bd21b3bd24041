/** The row that says how far the migration is, for every node that may lead. */
import type { MigrationStatus } from "../api/maintenance.ts";
import type { Timestamp } from "../store/types.ts";
import { settingKey } from "../txn/keys.ts";
import type { KvGroup } from "../txn/types.ts";

const MIGRATION_KEY: Uint8Array = settingKey("blobs", "migration");

export interface Migration extends Omit<MigrationStatus, "state" | "open"> {
  readonly state: "running" | "paused" | "done";
  /** Which start of the migration this is: a step of an earlier one counts nothing. */
  readonly startedMs: number;
  /** Position of a walk (cursor.ts); null: the beginning. */
  readonly cursor: string | null;
}

export interface StoredMigration {
  readonly migration: Migration;
  readonly commitTs: Timestamp;
}

export async function readMigration(group: Pick<KvGroup, "snapshot">): Promise<StoredMigration | undefined> {
  const row = await (await group.snapshot()).get(MIGRATION_KEY);
  if (row === undefined) return undefined;
  const { v: _, ...migration } = JSON.parse(Buffer.from(row.value).toString("utf8")) as Migration & {
    v: number;
  };
  return { migration, commitTs: row.commitTs };
}

/** @returns false when the row is another by now */
export async function writeMigration(
  group: Pick<KvGroup, "transact">,
  migration: Migration,
  before: Timestamp | undefined,
): Promise<boolean> {
  const key = MIGRATION_KEY;
  const { ok } = await group.transact({
    conditions: [
      before === undefined
        ? { kind: "must-not-exist", key }
        : { kind: "version-equals", key, commitTs: before },
    ],
    mutations: [{ kind: "put", key, value: Buffer.from(JSON.stringify({ v: 1, ...migration })) }],
  });
  return ok;
}
