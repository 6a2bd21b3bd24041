/** Tables of the store, and the check that a file is a store of elastickv (docs/format/sqlite.md). */
import type { Database } from "bun:sqlite";
import { type GroupId, ONLY_GROUP } from "../../threads/group.ts";
import { encodePayloadTail, FIRST_TAIL } from "../payload/ref.ts";
import { StoreError } from "../types.ts";

/** The version rises with every change that an older program would misread. */
export const FORMAT_VERSION = 1;

/**
 * PRAGMA application_id: "ekvS". The id distinguishes a store file from another program's database before any other
 * check.
 */
const APPLICATION_ID = 0x656b7653;

const META_FORMAT = "format";
export const META_APPLIED = "applied";
export const META_HORIZON = "horizon";
/** The number of the growing payload file (4 bytes), and the offset of its next payload (8 bytes). */
export const META_PAYLOAD_TAIL = "payload-tail";
/** The name of a group's row in fsm_meta and fsm_state. Group 0 keeps the names from before there were groups. */
export function groupRow(group: GroupId, name: string): string {
  return group === ONLY_GROUP ? name : `group/${group}/${name}`;
}

/** Prefix of the names of getMeta/putMeta, which separates them from the store's own names. */
export const META_USER_PREFIX = "user/";

const TABLES = [
  // A version is visible in [commit_ts, end_ts): end_ts is the commit timestamp of its successor, or 2^63-1 while the
  // version has no successor. value NULL = tombstone. `payload` is last, so that a read of the columns before it
  // never follows its overflow pages. Larger payloads lie in payload files; `bulk` names the place.
  `CREATE TABLE kv(
     key BLOB NOT NULL, commit_ts INTEGER NOT NULL, end_ts INTEGER NOT NULL,
     value BLOB, disposal BLOB, bulk BLOB, payload BLOB,
     PRIMARY KEY(key, commit_ts DESC)) WITHOUT ROWID, STRICT`,
  // Versions that compaction will remove, in the order in which they become removable. The apply that supersedes a
  // version writes the row.
  `CREATE TABLE kv_garbage(
     since_ts INTEGER NOT NULL, key BLOB NOT NULL, commit_ts INTEGER NOT NULL,
     PRIMARY KEY(since_ts, key, commit_ts)) WITHOUT ROWID, STRICT`,
  // Places in payload files that no row names, until their blocks are freed.
  `CREATE TABLE payload_garbage(
     segment INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
     PRIMARY KEY(segment, offset)) WITHOUT ROWID, STRICT`,
  `CREATE TABLE payload_segment(segment INTEGER PRIMARY KEY, freed_bytes INTEGER NOT NULL) STRICT`,
  `CREATE TABLE fsm_state(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT`,
  `CREATE TABLE fsm_meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT`,
];

function readNumber(db: Database, sql: string): number {
  const row = db.query<Record<string, bigint>, []>(sql).get();
  return Number(Object.values(row ?? {})[0] ?? 0n);
}

function hasTables(db: Database): boolean {
  return readNumber(db, "SELECT count(*) FROM sqlite_schema") > 0;
}

function foundVersion(db: Database): string | undefined {
  const row = db
    .query<{ value: Uint8Array }, [string]>("SELECT value FROM fsm_meta WHERE name = ?1")
    .get(META_FORMAT);
  return row === null ? undefined : Buffer.from(row.value).toString();
}

/**
 * Creates the tables in an empty file; in any other file, checks that the tables have this program's version.
 * @throws StoreError WRONG_FORMAT naming the file, what was found and what is expected
 */
export function openSchema(db: Database, file: string, mayCreate: boolean): void {
  const wrong = (found: string) =>
    new StoreError(
      "WRONG_FORMAT",
      `${file}: found ${found}, expected elastickv store format ${FORMAT_VERSION}`,
    );
  if (!hasTables(db)) {
    if (!mayCreate) throw wrong("an empty database");
    createSchema(db);
    return;
  }
  const application = readNumber(db, "PRAGMA application_id");
  if (application !== APPLICATION_ID)
    throw wrong(`another program's database (application_id ${application})`);
  const version = foundVersion(db);
  if (version !== String(FORMAT_VERSION)) throw wrong(`store format ${version ?? "(none)"}`);
}

function createSchema(db: Database): void {
  db.transaction(() => {
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    for (const table of TABLES) db.run(table);
    db.run("INSERT INTO fsm_meta(name, value) VALUES(?1, ?2)", [
      META_FORMAT,
      Buffer.from(String(FORMAT_VERSION)),
    ]);
    db.run("INSERT INTO fsm_meta(name, value) VALUES(?1, ?2)", [META_APPLIED, new Uint8Array(24)]);
    db.run("INSERT INTO fsm_meta(name, value) VALUES(?1, ?2)", [META_HORIZON, new Uint8Array(8)]);
    db.run("INSERT INTO fsm_meta(name, value) VALUES(?1, ?2)", [
      META_PAYLOAD_TAIL,
      encodePayloadTail(FIRST_TAIL),
    ]);
  }).immediate();
}
