/** The layouts that decision 010 chose from, as bare as can be: what differs is only where rows and payloads lie. */
import { Database, type Statement } from "bun:sqlite";
import { closeSync, fdatasyncSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Mutation } from "../src/store/types.ts";

export interface Layout {
  readonly name: string;
  /** Of the kv table: WITHOUT ROWID (key, commit_ts), or rowid with a unique index. */
  readonly table: "clustered" | "rowid";
  /** Last column of the row; a second table by rowid; a file beside the database. */
  readonly payload: "row" | "table" | "file";
  readonly pageBytes: number;
  readonly checkpointMib?: number;
  readonly autoVacuum?: "NONE" | "INCREMENTAL";
  readonly mmapMib?: number;
  readonly synchronous?: "FULL" | "NORMAL";
}

const layout = (
  table: Layout["table"],
  payload: Layout["payload"],
  pageKib: number,
  extra: Partial<Layout> = {},
): Layout => ({
  name: [
    table,
    payload,
    `${pageKib}K`,
    ...Object.entries(extra).map(([k, v]) => `${k.slice(0, 5)}=${v}`),
  ].join(" "),
  table,
  payload,
  pageBytes: pageKib * 1024,
  ...extra,
});

export const LAYOUTS: readonly Layout[] = [
  ...[4, 8, 16, 32, 64].map((kib) => layout("clustered", "row", kib)),
  ...[4, 16, 64].map((kib) => layout("clustered", "table", kib)),
  layout("rowid", "row", 4),
  layout("rowid", "row", 16),
  ...[4, 8, 16].map((kib) => layout("clustered", "file", kib)),
  layout("rowid", "file", 4),
  layout("clustered", "file", 4, { checkpointMib: 2 }),
  layout("clustered", "file", 4, { checkpointMib: 32 }),
  layout("clustered", "file", 4, { autoVacuum: "INCREMENTAL" }),
  layout("clustered", "file", 4, { mmapMib: 1024 }),
  layout("clustered", "file", 4, { synchronous: "NORMAL" }),
  layout("clustered", "row", 4, { synchronous: "NORMAL" }),
  layout("clustered", "row", 64, { synchronous: "NORMAL" }),
];

const CURRENT = 2n ** 63n - 1n;
const BLOCK = 4096;

export class LayoutStore {
  readonly #layout: Layout;
  readonly #db: Database;
  readonly #fd: number;
  #offset = 0;
  #id = 0n;
  #ts = 1n << 56n;
  readonly #head: Statement<unknown, [Uint8Array]>;
  readonly #insert: Statement<unknown, [Uint8Array, bigint, bigint, Uint8Array, Uint8Array | null]>;
  readonly #insertPayload: Statement<unknown, [bigint, Uint8Array]>;
  readonly #get: Statement<{ payload: Uint8Array }, [Uint8Array]>;
  readonly #getPayload: Statement<{ payload: Uint8Array }, [bigint]>;
  readonly #scan: Statement<unknown, [Uint8Array, bigint, number]>;

  constructor(directory: string, layout: Layout) {
    this.#layout = layout;
    const { pageBytes, checkpointMib = 8, autoVacuum = "NONE", mmapMib = 0, synchronous = "FULL" } = layout;
    const db = new Database(join(directory, "layout.db"), {
      create: true,
      readwrite: true,
      safeIntegers: true,
    });
    this.#db = db;
    this.#fd = openSync(join(directory, "payload"), "w+");
    db.run(`PRAGMA page_size = ${pageBytes}`);
    db.run(`PRAGMA auto_vacuum = ${autoVacuum}`);
    db.run("PRAGMA journal_mode = WAL");
    db.run(`PRAGMA synchronous = ${synchronous}`);
    db.run("PRAGMA cache_size = -65536");
    db.run(`PRAGMA wal_autocheckpoint = ${(checkpointMib << 20) / pageBytes}`);
    db.run(`PRAGMA mmap_size = ${mmapMib << 20}`);
    const columns =
      "key BLOB NOT NULL, commit_ts INTEGER NOT NULL, end_ts INTEGER NOT NULL, value BLOB, payload BLOB";
    if (layout.table === "clustered") {
      db.run(`CREATE TABLE kv(${columns}, PRIMARY KEY(key, commit_ts DESC)) WITHOUT ROWID`);
    } else {
      db.run(`CREATE TABLE kv(id INTEGER PRIMARY KEY, ${columns})`);
      db.run("CREATE UNIQUE INDEX kv_key ON kv(key, commit_ts DESC)");
    }
    db.run("CREATE TABLE payload(id INTEGER PRIMARY KEY, payload BLOB)");
    this.#head = db.prepare("SELECT commit_ts FROM kv WHERE key = ?1 ORDER BY commit_ts DESC LIMIT 1");
    this.#insert = db.prepare(
      "INSERT INTO kv(key, commit_ts, end_ts, value, payload) VALUES(?1, ?2, ?3, ?4, ?5)",
    );
    this.#insertPayload = db.prepare("INSERT INTO payload(id, payload) VALUES(?1, ?2)");
    this.#get = db.prepare("SELECT payload FROM kv WHERE key = ?1 ORDER BY commit_ts DESC LIMIT 1");
    this.#getPayload = db.prepare("SELECT payload FROM payload WHERE id = ?1");
    this.#scan = db.prepare(
      "SELECT key, commit_ts, value FROM kv WHERE key >= ?1 AND commit_ts <= ?2 AND end_ts > ?2 AND value IS NOT NULL ORDER BY key LIMIT ?3",
    );
  }

  apply(mutations: readonly Mutation[]): void {
    const start = this.#offset;
    this.#db.run("BEGIN IMMEDIATE");
    for (const mutation of mutations) {
      if (mutation.kind !== "put") continue;
      this.#head.get(mutation.key);
      const payload = mutation.payload === undefined ? null : this.#place(mutation.payload);
      this.#insert.run(mutation.key, ++this.#ts, CURRENT, mutation.value, payload);
    }
    if (this.#offset !== start) fdatasyncSync(this.#fd);
    this.#db.run("COMMIT");
  }

  /** What the row holds for this payload. */
  #place(payload: Uint8Array): Uint8Array {
    if (this.#layout.payload === "row") return payload;
    const reference = new Uint8Array(12);
    const view = new DataView(reference.buffer);
    if (this.#layout.payload === "table") {
      this.#insertPayload.run(++this.#id, payload);
      view.setBigUint64(0, this.#id);
      return reference;
    }
    writeSync(this.#fd, payload, 0, payload.length, this.#offset);
    view.setBigUint64(0, BigInt(this.#offset));
    view.setUint32(8, payload.length);
    this.#offset += Math.ceil(payload.length / BLOCK) * BLOCK;
    return reference;
  }

  get(key: Uint8Array): number {
    const found = this.#get.get(key)?.payload;
    if (!found || this.#layout.payload === "row") return found?.length ?? 0;
    const view = new DataView(found.buffer, found.byteOffset, found.length);
    if (this.#layout.payload === "table")
      return this.#getPayload.get(view.getBigUint64(0))?.payload.length ?? 0;
    const bytes = new Uint8Array(view.getUint32(8));
    return readSync(this.#fd, bytes, 0, bytes.length, Number(view.getBigUint64(0)));
  }

  scan(from: Uint8Array, limit: number): number {
    return this.#scan.values(from, CURRENT - 1n, limit).length;
  }

  close(): void {
    this.#db.close();
    closeSync(this.#fd);
  }
}
