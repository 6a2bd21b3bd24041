import { Database, type Statement } from "bun:sqlite";
import { crc32 } from "node:zlib";
import { realDisk } from "../../platform/disk/real-disk.ts";
import type { Disk } from "../../platform/disk.ts";
import { OpenPayloadFiles, payloadDirectory } from "../payload/files.ts";
import { decodePayloadRef } from "../payload/ref.ts";
import { setReaderPragmas } from "../sqlite/pragmas.ts";
import { SqliteReads } from "../sqlite/reads.ts";
import { openSchema } from "../sqlite/schema.ts";
import { guarded } from "../store-errors.ts";
import { type AppliedState, BLIND, StoreError, type Timestamp } from "../types.ts";
import { type SnapshotSource, type SourcePayload, type SourceRow, StreamExport } from "./export.ts";

interface KvRow {
  readonly key: Uint8Array;
  readonly commit_ts: bigint;
  readonly end_ts: bigint;
  readonly value: Uint8Array | null;
  readonly garbage: Uint8Array | null;
  readonly bulk: Uint8Array | null;
  readonly payload: Uint8Array | null;
}

interface StateRow {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Reads a whole keyspace on its own read-only connection, in one transaction for all rows. */
export class SqliteExport extends StreamExport {
  /** @throws StoreError WRONG_FORMAT | CORRUPT | IO, naming the file */
  constructor(file: string, disk: Disk = realDisk) {
    super(new SqliteSource(file, disk));
  }
}

class SqliteSource implements SnapshotSource {
  readonly position: AppliedState;
  readonly horizon: Timestamp;
  readonly #file: string;
  readonly #db: Database;
  readonly #reads: SqliteReads;
  readonly #rows: Statement<KvRow, []>;
  readonly #states: Statement<StateRow, []>;
  readonly #payloads: PayloadPieces;

  constructor(file: string, disk: Disk) {
    this.#file = file;
    this.#payloads = new PayloadPieces(file, disk);
    const db = guarded(file, () => new Database(file, { readonly: true, safeIntegers: true, strict: true }));
    this.#db = db;
    try {
      this.#reads = guarded(file, () => {
        setReaderPragmas(db);
        openSchema(db, file, false);
        return new SqliteReads(db, disk, file);
      });
      this.#rows = guarded(file, () =>
        db.prepare(
          "SELECT key, commit_ts, end_ts, value, disposal AS garbage, bulk, payload FROM kv ORDER BY key, commit_ts DESC",
        ),
      );
      this.#states = guarded(file, () => db.prepare("SELECT name, value FROM fsm_state ORDER BY name"));
      guarded(file, () => db.run("BEGIN"));
      // The first read fixes the moment of the export.
      this.position = this.#reads.appliedState();
      this.horizon = this.#reads.horizon();
    } catch (error) {
      db.close();
      throw error;
    }
  }

  getState(name: string): Uint8Array | undefined {
    return this.#reads.state(name);
  }

  *states(): Generator<readonly [string, Uint8Array]> {
    for (const { name, value } of guarded(this.#file, () => this.#states.all())) yield [name, value];
  }

  *rows(): Generator<SourceRow> {
    const rows = this.#rows.iterate();
    let lastKey: Uint8Array | undefined;
    let lastTs = BLIND;
    try {
      for (;;) {
        const next = guarded(this.#file, () => rows.next());
        if (next.done === true) return;
        const row = next.value;
        const same = lastKey !== undefined && Buffer.compare(lastKey, row.key) === 0;
        if (row.end_ts !== (same ? lastTs : BLIND)) {
          const key = Buffer.from(row.key.subarray(0, 128)).toString("hex");
          throw new StoreError(
            "CORRUPT",
            `${this.#file}: key ${key}: the version at ${row.commit_ts} ends at ${row.end_ts}, not where the next begins`,
          );
        }
        lastKey = row.key;
        lastTs = row.commit_ts;
        yield {
          key: row.key,
          commitTs: row.commit_ts,
          value: row.value ?? undefined,
          garbage: row.garbage ?? undefined,
          payload: this.#payload(row),
        };
      }
    } finally {
      rows.return?.();
    }
  }

  #payload({ bulk, payload }: KvRow): SourcePayload | undefined {
    if (bulk !== null) return this.#payloads.payload(bulk);
    if (payload === null) return undefined;
    return {
      length: payload.length,
      crc: crc32(payload),
      read: (offset, into) => into.set(payload.subarray(offset, offset + into.length)),
    };
  }

  close(): void {
    this.#payloads.close();
    this.#reads.finalize();
    this.#rows.finalize();
    this.#states.finalize();
    guarded(this.#file, () => {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      this.#db.close();
    });
  }
}

/** Reads payload files in pieces. */
class PayloadPieces {
  readonly #file: string;
  readonly #files: OpenPayloadFiles;

  constructor(file: string, disk: Disk) {
    this.#file = file;
    this.#files = new OpenPayloadFiles(disk, payloadDirectory(file));
  }

  payload(bulk: Uint8Array): SourcePayload {
    const ref = decodePayloadRef(bulk);
    let running = 0;
    const where = `payload file ${ref.segment} at ${ref.offset}, ${ref.length} bytes`;
    // An export also gets this error when compaction reclaimed the payload, because no stream held compaction back.
    const damaged = (): StoreError =>
      new StoreError(
        "CORRUPT",
        `${this.#file}: ${where}: missing, given back, or its checksum does not match`,
      );
    return {
      length: ref.length,
      crc: ref.crc,
      read: (offset, into) => {
        const count = guarded(this.#file, () =>
          this.#files.get(ref.segment)?.pread(into, ref.offset + offset),
        );
        if (count !== into.length) throw damaged();
        running = crc32(into, running);
        if (offset + into.length === ref.length && running !== ref.crc) throw damaged();
      },
    };
  }

  close(): void {
    this.#files.close();
  }
}
