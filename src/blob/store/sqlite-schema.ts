/** Tables of the index (docs/format/blobs.md). */
import type { Database } from "bun:sqlite";
import { BlobError } from "../types.ts";
import type { BlobIdentity } from "./record.ts";

/** An index of another version is rebuilt. */
const INDEX_VERSION = "1";
/** PRAGMA application_id: "ekvB". */
const APPLICATION_ID = 0x656b7642;

const PLACE = `sha256 BLOB NOT NULL, segment INTEGER NOT NULL, offset INTEGER NOT NULL,
  size INTEGER NOT NULL, crc INTEGER NOT NULL, written_ms INTEGER NOT NULL`;

const TABLES = [
  `CREATE TABLE blob(${PLACE}, PRIMARY KEY(sha256)) WITHOUT ROWID, STRICT`,
  // Places that no name leads to, whose space was not freed yet.
  `CREATE TABLE garbage(${PLACE}, PRIMARY KEY(segment, offset)) WITHOUT ROWID, STRICT`,
  "CREATE TABLE segment(number INTEGER PRIMARY KEY, blobs INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT",
  // The records before this position are in the index.
  "CREATE TABLE tail(id INTEGER PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL) STRICT",
  "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT",
];

/** @throws BlobError WRONG_FORMAT for the index of another node; CORRUPT when the index must be rebuilt */
export function openIndexSchema(
  db: Database,
  file: string,
  identity: BlobIdentity,
  mayCreate: boolean,
): void {
  const tables = db.query<{ n: number }, []>("SELECT count(*) AS n FROM sqlite_schema").get()?.n ?? 0;
  if (tables === 0 && mayCreate) {
    create(db, identity);
    return;
  }
  const application = Object.values(
    db.query<Record<string, number>, []>("PRAGMA application_id").get() ?? {},
  )[0];
  if (application !== APPLICATION_ID) throw new BlobError("CORRUPT", `${file} is no index of blobs`);
  const meta = new Map(
    db
      .query<{ name: string; value: string }, []>("SELECT name, value FROM meta")
      .all()
      .map(({ name, value }) => [name, value]),
  );
  const [cluster, node] = [meta.get("cluster"), meta.get("node")];
  if (cluster !== identity.clusterId || node !== identity.nodeId)
    throw new BlobError(
      "WRONG_FORMAT",
      `${file}: index of node ${node} in cluster ${cluster}, this is node ${identity.nodeId} in cluster ${identity.clusterId}`,
    );
  if (meta.get("version") !== INDEX_VERSION)
    throw new BlobError("CORRUPT", `${file}: index version ${meta.get("version")}, not ${INDEX_VERSION}`);
}

function create(db: Database, identity: BlobIdentity): void {
  db.transaction(() => {
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    for (const table of TABLES) db.run(table);
    const put = db.query("INSERT INTO meta(name, value) VALUES(?1, ?2)");
    put.run("version", INDEX_VERSION);
    put.run("cluster", identity.clusterId);
    put.run("node", identity.nodeId);
  }).immediate();
}
