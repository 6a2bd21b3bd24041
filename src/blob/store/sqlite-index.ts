/** The index in SQLite: `index.db`, node-local, rebuilt from the segment files when it is missing or damaged. */
import { Database } from "bun:sqlite";
import { mapKeyOf } from "../../platform/bytes.ts";
import { openIfPresent, removeFile } from "../../platform/disk/atomic-file.ts";
import { type Disk, parentDirectory } from "../../platform/disk.ts";
import { compareKeys } from "../../store/key-encoding.ts";
import {
  setFilePragmas,
  setReaderPragmas,
  setSynchronous,
  setWriterPragmas,
} from "../../store/sqlite/pragmas.ts";
import { BlobError, type StoredBlob } from "../types.ts";
import { onIndex } from "./errors.ts";
import type { BlobIdentity, BlobPlace, PlacedBlob, Position } from "./record.ts";
import { SegmentUses } from "./segment-use.ts";
import { openIndexSchema } from "./sqlite-schema.ts";
import type { AddedBlob, BlobIndex, BlobLookup } from "./types.ts";

/** So many records are kept in memory before a commit that nobody waits for. */
const PENDING_MAX = 512;

interface BlobRow {
  readonly sha256: Uint8Array;
  readonly segment: number;
  readonly offset: number;
  readonly size: number;
  readonly crc: number;
  readonly written_ms: number;
}

const COLUMNS = "sha256, segment, offset, size, crc, written_ms";
const GET = `SELECT ${COLUMNS} FROM blob WHERE sha256 = ?1`;

function connect(file: string, readonly: boolean): Database {
  return new Database(
    file,
    readonly ? { readonly, strict: true } : { create: true, readwrite: true, strict: true },
  );
}

/** Removes the index: the next start makes another one. */
function removeIndex(disk: Disk, file: string): void {
  for (const suffix of ["", "-wal", "-shm"]) removeFile(disk, file + suffix);
  disk.syncDirectory(parentDirectory(file));
}

function placeOf(row: BlobRow): BlobPlace {
  const { segment, offset, size, crc } = row;
  return { segment, offset, size, crc, writtenMs: row.written_ms };
}

/** Looks blobs up in another thread than the writer's, on its own read-only connection. */
export class SqliteBlobLookup implements BlobLookup {
  readonly #db: Database;
  readonly #file: string;
  readonly #get: ReturnType<Database["query"]>;

  /** @throws BlobError WRONG_FORMAT, CORRUPT, IO */
  constructor(file: string, identity: BlobIdentity) {
    this.#file = file;
    this.#db = onIndex(file, () => connect(file, true));
    try {
      this.#get = onIndex(file, () => {
        setReaderPragmas(this.#db);
        openIndexSchema(this.#db, file, identity, false);
        return this.#db.query(GET);
      });
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  get(sha256: Uint8Array): BlobPlace | undefined {
    const row = onIndex(this.#file, () => this.#get.get(sha256)) as BlobRow | null;
    return row === null ? undefined : placeOf(row);
  }

  close(): void {
    this.#get.finalize();
    this.#db.close();
  }
}

export class SqliteBlobIndex implements BlobIndex {
  readonly segments = new SegmentUses();
  readonly #db: Database;
  readonly #disk: Disk;
  readonly #file: string;
  readonly #pending = new Map<string, PlacedBlob>();
  readonly #changedSegments = new Set<number>();
  #newGarbage: PlacedBlob[] = [];
  #oldGarbage: PlacedBlob[] = [];
  #tail: Position | undefined;
  #tailChanged = false;

  private constructor(disk: Disk, file: string, db: Database) {
    this.#disk = disk;
    this.#file = file;
    this.#db = db;
    this.#load();
  }

  /** A damaged index is replaced by an empty one. @throws BlobError WRONG_FORMAT, DISK_FULL, IO */
  static open(disk: Disk, file: string, identity: BlobIdentity): SqliteBlobIndex {
    try {
      return SqliteBlobIndex.#tryOpen(disk, file, identity);
    } catch (error) {
      if (!(error instanceof BlobError) || error.code !== "CORRUPT") throw error;
      onIndex(file, () => removeIndex(disk, file));
      return SqliteBlobIndex.#tryOpen(disk, file, identity);
    }
  }

  static #tryOpen(disk: Disk, file: string, identity: BlobIdentity): SqliteBlobIndex {
    return onIndex(file, () => {
      const isNew = (disk.stat(file)?.bytes ?? 0) === 0;
      if (isNew) {
        // A write-ahead file of an index that is gone must not reach the new index.
        removeIndex(disk, file);
        disk.open(file, "create").close();
      }
      // After a failed sync the kernel may still show commits that the disk never got (src/store/sqlite/connection.ts).
      const wal = openIfPresent(disk, `${file}-wal`, "read");
      wal?.forget(0, 0);
      wal?.close();
      const db = connect(file, false);
      try {
        setFilePragmas(db, file, isNew);
        setWriterPragmas(db);
        openIndexSchema(db, file, identity, true);
        setSynchronous(db, "NORMAL");
        if (isNew) disk.syncDirectory(parentDirectory(file));
        return new SqliteBlobIndex(disk, file, db);
      } catch (error) {
        db.close();
        throw error;
      }
    });
  }

  #load(): void {
    const tail = this.#db.query<Position, []>("SELECT segment, offset FROM tail").get();
    this.#tail = tail ?? undefined;
    for (const { number, blobs, bytes } of this.#db
      .query<{ number: number; blobs: number; bytes: number }, []>("SELECT number, blobs, bytes FROM segment")
      .all())
      this.segments.set(number, { blobs, bytes });
  }

  get tail(): Position | undefined {
    return this.#tail;
  }

  get(sha256: Uint8Array): BlobPlace | undefined {
    const pending = this.#pending.get(mapKeyOf(sha256));
    if (pending !== undefined) return pending.place;
    const row = this.#run(() => this.#db.query<BlobRow, [Uint8Array]>(GET).get(sha256));
    return row === null ? undefined : placeOf(row);
  }

  list(after: Uint8Array | undefined, limit: number): StoredBlob[] {
    this.#flushIfSpace();
    const sql = `SELECT ${COLUMNS} FROM blob WHERE sha256 > ?1 ORDER BY sha256 LIMIT ?2`;
    const rows = this.#run(() =>
      this.#db.query<BlobRow, [Uint8Array, number]>(sql).all(after ?? new Uint8Array(0), limit),
    );
    const listed = rows.map(({ sha256, size, written_ms }) => ({ sha256, size, writtenMs: written_ms }));
    return this.#pending.size === 0 ? listed : this.#withPending(listed, after, limit);
  }

  /** On a full disk the index knows the newest records in memory only. */
  #withPending(listed: readonly StoredBlob[], after: Uint8Array | undefined, limit: number): StoredBlob[] {
    const blobs = new Map(listed.map((blob) => [mapKeyOf(blob.sha256), blob]));
    for (const [key, { sha256, place }] of this.#pending) {
      if (after !== undefined && compareKeys(sha256, after) <= 0) continue;
      blobs.set(key, { sha256, size: place.size, writtenMs: place.writtenMs });
    }
    return [...blobs.values()].sort((a, b) => compareKeys(a.sha256, b.sha256)).slice(0, limit);
  }

  add(records: readonly AddedBlob[], tail: Position): void {
    for (const { sha256, place, replaces } of records) {
      if (replaces !== undefined) {
        this.#discount(replaces);
        this.#newGarbage.push({ sha256, place: replaces });
      }
      this.#pending.set(mapKeyOf(sha256), { sha256: sha256.slice(), place });
      this.segments.count(place);
      this.#changedSegments.add(place.segment);
    }
    this.#tailChanged ||= tail.segment !== this.#tail?.segment || tail.offset !== this.#tail.offset;
    this.#tail = tail;
    if (this.#pending.size >= PENDING_MAX) this.#flushIfSpace();
  }

  /** The records are durable in their files: a full disk only delays the index. */
  #flushIfSpace(): void {
    try {
      this.flush();
    } catch (error) {
      if (!(error instanceof BlobError) || error.code !== "DISK_FULL") throw error;
    }
  }

  remove(blobs: readonly PlacedBlob[]): void {
    // What waits is committed before, so that a failure leaves either all or none of `blobs`.
    this.flush();
    for (const { place } of blobs) this.#discount(place);
    this.#newGarbage.push(...blobs);
    try {
      this.#commit(blobs, "FULL");
    } catch (error) {
      for (const { place } of blobs) this.segments.count(place);
      this.#newGarbage = [];
      throw error;
    }
  }

  garbage(): PlacedBlob[] {
    const rows = this.#run(() => this.#db.query<BlobRow, []>(`SELECT ${COLUMNS} FROM garbage`).all());
    const stored = rows.map((row) => ({ sha256: row.sha256, place: placeOf(row) }));
    return [...stored, ...this.#newGarbage];
  }

  addGarbage(places: readonly PlacedBlob[]): void {
    this.#newGarbage.push(...places);
  }

  forgetGarbage(places: readonly PlacedBlob[]): void {
    const freed = new Set(places.map(({ place }) => `${place.segment}.${place.offset}`));
    this.#newGarbage = this.#newGarbage.filter(({ place }) => !freed.has(`${place.segment}.${place.offset}`));
    this.#oldGarbage.push(...places);
  }

  flush(): void {
    const changes = this.#pending.size + this.#newGarbage.length + this.#oldGarbage.length;
    if (changes > 0 || this.#changedSegments.size > 0 || this.#tailChanged) this.#commit([], "NORMAL");
  }

  clear(): void {
    this.#pending.clear();
    this.segments.clear();
    this.#changedSegments.clear();
    this.#newGarbage = [];
    this.#oldGarbage = [];
    this.#tail = undefined;
    this.#run(() =>
      this.#db.transaction(() => {
        for (const table of ["blob", "segment", "garbage", "tail"]) this.#db.run(`DELETE FROM ${table}`);
      })(),
    );
  }

  close(): void {
    this.#db.close();
  }

  #discount(place: BlobPlace): void {
    this.segments.discount(place);
    this.#changedSegments.add(place.segment);
  }

  #commit(removed: readonly PlacedBlob[], durability: "NORMAL" | "FULL"): void {
    this.#run(() => {
      if (durability === "FULL") setSynchronous(this.#db, "FULL");
      try {
        this.#db.transaction(() => this.#writeChanges(removed)).immediate();
      } finally {
        if (durability === "FULL") setSynchronous(this.#db, "NORMAL");
      }
    });
    this.#pending.clear();
    this.#changedSegments.clear();
    this.#newGarbage = [];
    this.#oldGarbage = [];
    this.#tailChanged = false;
  }

  #writeChanges(removed: readonly PlacedBlob[]): void {
    const db = this.#db;
    const put = db.query(`INSERT OR REPLACE INTO blob(${COLUMNS}) VALUES(?1, ?2, ?3, ?4, ?5, ?6)`);
    // In the order of the keys, rows that share a page are changed together.
    const keys = [...this.#pending.keys()].sort();
    for (const key of keys) runWith(put, this.#pending.get(key) as PlacedBlob);
    const remove = db.query("DELETE FROM blob WHERE sha256 = ?1");
    for (const { sha256 } of removed) remove.run(sha256);
    const garbage = db.query(`INSERT OR REPLACE INTO garbage(${COLUMNS}) VALUES(?1, ?2, ?3, ?4, ?5, ?6)`);
    for (const placed of this.#newGarbage) runWith(garbage, placed);
    const freed = db.query("DELETE FROM garbage WHERE segment = ?1 AND offset = ?2");
    for (const { place } of this.#oldGarbage) freed.run(place.segment, place.offset);
    for (const number of this.#changedSegments) {
      const use = this.segments.get(number);
      if (use === undefined) db.query("DELETE FROM segment WHERE number = ?1").run(number);
      else
        db.query("INSERT OR REPLACE INTO segment(number, blobs, bytes) VALUES(?1, ?2, ?3)").run(
          number,
          use.blobs,
          use.bytes,
        );
    }
    if (this.#tail !== undefined)
      db.query("INSERT OR REPLACE INTO tail(id, segment, offset) VALUES(1, ?1, ?2)").run(
        this.#tail.segment,
        this.#tail.offset,
      );
  }

  #run<T>(action: () => T): T {
    try {
      return onIndex(this.#file, action);
    } catch (error) {
      if (!(error instanceof BlobError) || error.code !== "CORRUPT") throw error;
      // The segment files have everything: the next start makes another index.
      onIndex(this.#file, () => removeIndex(this.#disk, this.#file));
      const message = `${error.message}; the index was removed, the next start makes another one`;
      throw new BlobError("IO", message, { cause: error });
    }
  }
}

function runWith(statement: ReturnType<Database["query"]>, { sha256, place }: PlacedBlob): void {
  statement.run(sha256, place.segment, place.offset, place.size, place.crc, place.writtenMs);
}
