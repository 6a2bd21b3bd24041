/**
 * The MVCC reads, over any connection. Each read is one statement, because SQLite gives every statement one
 * snapshot.
 */
import type { Database, Statement } from "bun:sqlite";
import type { Disk } from "../../platform/disk.ts";
import { type GroupId, ONLY_GROUP } from "../../threads/group.ts";
import { PayloadReader, payloadDirectory } from "../payload/files.ts";
import { decodePayloadRef } from "../payload/ref.ts";
import { historyCompacted } from "../positions.ts";
import { guarded } from "../store-errors.ts";
import { clampReadTs, decodeTimestamp } from "../timestamp.ts";
import {
  type AppliedState,
  type CopiedValue,
  type PayloadTarget,
  type ScanItem,
  type ScanOptions,
  StoreError,
  type Timestamp,
  type VersionedValue,
} from "../types.ts";
import { groupRow, META_APPLIED, META_HORIZON } from "./schema.ts";

interface VersionRow {
  readonly horizon: Uint8Array;
  readonly commit_ts: bigint | null;
  readonly value: Uint8Array | null;
  readonly garbage: Uint8Array | null;
  readonly bulk?: Uint8Array | null;
  readonly payload?: Uint8Array | null;
}

type Param = Uint8Array | bigint | number;

/**
 * The retention horizon is read with the row, in the same snapshot, because another connection may raise it at any
 * time.
 */
function getSql(columns: string): string {
  return `SELECT m.value AS horizon, ${columns} FROM fsm_meta m
    LEFT JOIN kv k ON k.key = ?1 AND k.commit_ts <= ?2
    WHERE m.name = '${META_HORIZON}' ORDER BY k.commit_ts DESC LIMIT 1`;
}

function scanSql(columns: string, bounded: boolean, reverse: boolean): string {
  return `SELECT ${columns} FROM kv
    WHERE key >= ?1 AND commit_ts <= ?2 AND end_ts > ?2 AND value IS NOT NULL ${bounded ? "AND key < ?4" : ""}
    ORDER BY key ${reverse ? "DESC" : "ASC"} LIMIT ?3`;
}

const EMPTY = new Uint8Array(0);
const NOTHING_APPLIED: AppliedState = { index: 0, term: 0, commitTs: 0n };

export function encodeApplied(state: AppliedState): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(state.index));
  view.setBigUint64(8, BigInt(state.term));
  view.setBigUint64(16, state.commitTs);
  return bytes;
}

function decodeApplied(bytes: Uint8Array): AppliedState {
  if (bytes.length !== 24)
    throw new StoreError("CORRUPT", `the applied position has ${bytes.length} bytes, not 24`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    index: Number(view.getBigUint64(0)),
    term: Number(view.getBigUint64(8)),
    commitTs: view.getBigUint64(16),
  };
}

export class SqliteReads {
  readonly #file: string;
  readonly #group: GroupId;
  readonly payloads: PayloadReader;
  readonly #get: Statement<VersionRow, [Uint8Array, bigint]>;
  readonly #getMeta: Statement<VersionRow, [Uint8Array, bigint]>;
  readonly #latestTs: Statement<{ commit_ts: bigint }, [Uint8Array]>;
  readonly #meta: Statement<{ value: Uint8Array }, [string]>;
  readonly #state: Statement<{ value: Uint8Array }, [string]>;
  readonly #scans: ReadonlyMap<string, Statement<unknown, Param[]>>;

  /** @param group the group whose position and states are read; the versions of keys belong to every group */
  constructor(db: Database, disk: Disk, file: string, group: GroupId = ONLY_GROUP) {
    this.#file = file;
    this.#group = group;
    this.payloads = new PayloadReader(disk, payloadDirectory(file));
    this.#get = db.prepare(getSql("k.commit_ts, k.value, k.disposal AS garbage, k.bulk, k.payload"));
    this.#getMeta = db.prepare(getSql("k.commit_ts, k.value, k.disposal AS garbage"));
    this.#latestTs = db.prepare("SELECT commit_ts FROM kv WHERE key = ?1 ORDER BY commit_ts DESC LIMIT 1");
    this.#meta = db.prepare("SELECT value FROM fsm_meta WHERE name = ?1");
    this.#state = db.prepare("SELECT value FROM fsm_state WHERE name = ?1");
    const scans = new Map<string, Statement<unknown, Param[]>>();
    for (const columns of ["key, commit_ts, value", "key, commit_ts"]) {
      for (const bounded of [true, false]) {
        for (const reverse of [true, false]) {
          const name = `${columns.endsWith("value")} ${bounded} ${reverse}`;
          scans.set(name, db.prepare(scanSql(columns, bounded, reverse)));
        }
      }
    }
    this.#scans = scans;
  }

  getAt(key: Uint8Array, readTs: Timestamp, target?: PayloadTarget): VersionedValue | undefined {
    return this.#version(this.#get, key, readTs, target);
  }

  getForCopy(key: Uint8Array, readTs: Timestamp): CopiedValue | undefined {
    const row = this.getMetaAt(key, readTs);
    if (row === undefined) return undefined;
    try {
      const copied = this.getAt(key, readTs);
      return copied === undefined ? undefined : { ...copied, payloadCrc: undefined };
    } catch (error) {
      if (!(error instanceof StoreError) || (error.code !== "CORRUPT" && error.code !== "IO")) throw error;
      const { bulk } = guarded(this.#file, () => this.#get.get(key, clampReadTs(readTs))) ?? { bulk: null };
      if (!bulk) throw error;
      const ref = decodePayloadRef(bulk);
      return { ...row, payload: this.payloads.readDamaged(ref), payloadCrc: ref.crc };
    }
  }

  getMetaAt(key: Uint8Array, readTs: Timestamp): VersionedValue | undefined {
    return this.#version(this.#getMeta, key, readTs);
  }

  #version(
    statement: Statement<VersionRow, [Uint8Array, bigint]>,
    key: Uint8Array,
    readTs: Timestamp,
    target?: PayloadTarget,
  ): VersionedValue | undefined {
    const ts = clampReadTs(readTs);
    const row = guarded(this.#file, () => statement.get(key, ts));
    if (row === null) throw new StoreError("CORRUPT", `${this.#file}: the retention horizon is missing`);
    const horizon = decodeTimestamp(row.horizon);
    if (ts < horizon) throw historyCompacted(readTs, horizon);
    if (row.commit_ts === null || row.value === null) return undefined;
    return {
      commitTs: row.commit_ts,
      value: row.value,
      payload: row.bulk ? this.#bulk(row.bulk, ts, target) : (row.payload ?? undefined),
      garbage: row.garbage ?? undefined,
    };
  }

  #bulk(bulk: Uint8Array, ts: Timestamp, target?: PayloadTarget): Uint8Array {
    const ref = decodePayloadRef(bulk);
    const payload = guarded(this.#file, () => this.payloads.read(ref, target));
    if (payload !== undefined) return payload;
    // The row may have been compacted, and its payload reclaimed, after the row was read.
    const horizon = this.horizon();
    if (ts < horizon) throw historyCompacted(ts, horizon);
    const where = `payload file ${ref.segment} at ${ref.offset}, ${ref.length} bytes`;
    throw new StoreError("CORRUPT", `${this.#file}: ${where}: missing or its checksum does not match`);
  }

  scanAt(start: Uint8Array, end: Uint8Array | undefined, options: ScanOptions): ScanItem[] {
    const { limit, readTs, reverse = false, keysOnly = false } = options;
    if (!Number.isSafeInteger(limit) || limit < 1)
      throw new RangeError(`scan limit ${limit} is not a positive integer`);
    const ts = clampReadTs(readTs);
    const statement = this.#scans.get(`${!keysOnly} ${end !== undefined} ${reverse}`);
    if (statement === undefined) throw new Error("no such scan");
    const rows = guarded(this.#file, () =>
      end === undefined ? statement.values(start, ts, limit) : statement.values(start, ts, limit, end),
    );
    // The horizon is read after the rows: when it is at or below ts now, it was at or below ts during the read of the
    // rows.
    const horizon = this.horizon();
    if (ts < horizon) throw historyCompacted(readTs, horizon);
    return rows.map((row) => ({
      key: row[0] as Uint8Array,
      commitTs: row[1] as bigint,
      value: keysOnly ? EMPTY : (row[2] as Uint8Array),
    }));
  }

  latestCommitTs(key: Uint8Array): Timestamp | undefined {
    return guarded(this.#file, () => this.#latestTs.get(key))?.commit_ts;
  }

  appliedState(): AppliedState {
    const name = groupRow(this.#group, META_APPLIED);
    // A new file has the row of group 0; the first entry of another group writes the row of that group.
    if (this.#group !== ONLY_GROUP && this.meta(name) === undefined) return NOTHING_APPLIED;
    return decodeApplied(this.#required(name));
  }

  horizon(): Timestamp {
    return decodeTimestamp(this.#required(META_HORIZON));
  }

  /** A raw row of fsm_meta. */
  meta(name: string): Uint8Array | undefined {
    return guarded(this.#file, () => this.#meta.get(name))?.value;
  }

  state(name: string): Uint8Array | undefined {
    return guarded(this.#file, () => this.#state.get(groupRow(this.#group, name)))?.value;
  }

  #required(name: string): Uint8Array {
    const value = this.meta(name);
    if (value === undefined) throw new StoreError("CORRUPT", `${this.#file}: fsm_meta has no row ${name}`);
    return value;
  }

  finalize(): void {
    this.payloads.close();
    for (const s of [
      this.#get,
      this.#getMeta,
      this.#latestTs,
      this.#meta,
      this.#state,
      ...this.#scans.values(),
    ]) {
      s.finalize();
    }
  }
}
