/** Writes versions into the version chains of their keys, inside a transaction that the caller begins and ends. */
import type { Database, Statement } from "bun:sqlite";
import { type GroupId, ONLY_GROUP } from "../../threads/group.ts";
import { prefixEnd } from "../key-encoding.ts";
import { encodePayloadRef } from "../payload/ref.ts";
import type { PayloadWriter } from "../payload/writer.ts";
import { historyCompacted } from "../positions.ts";
import { checkCommitTs } from "../timestamp.ts";
import {
  BLIND,
  type LatestVersion,
  type Mutation,
  type PutMutation,
  StoreError,
  type Timestamp,
} from "../types.ts";
import { groupRow } from "./schema.ts";

/** end_ts of a version without successor. */
const CURRENT: Timestamp = BLIND;

interface HeadRow {
  readonly commit_ts: bigint;
  readonly dead: bigint;
}

interface LatestRow extends HeadRow {
  readonly garbage: Uint8Array | null;
}

type Bytes = Uint8Array | null;

/** Payloads up to this size lie in their row; larger payloads lie in a payload file (decision 010). */
export const INLINE_PAYLOAD_MAX_BYTES = 1024;

/** The content of a version, as the columns of its row. */
interface Content {
  readonly value: Bytes;
  readonly garbage: Bytes;
  readonly bulk: Bytes;
  readonly payload: Bytes;
}

const TOMBSTONE: Content = { value: null, garbage: null, bulk: null, payload: null };

function keyName(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, Math.min(key.length, 128)).toString("hex");
}

/** A key as a Map key: one character per byte. */
function mapKey(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

/** The WHERE clause of "keys with this prefix" and its parameters. */
type PrefixRange = readonly [start: Uint8Array, end: Uint8Array | undefined];

class PrefixStatement<Row> {
  readonly #bounded: Statement<Row, (Uint8Array | bigint)[]>;
  readonly #open: Statement<Row, (Uint8Array | bigint)[]>;

  /** `sql` has the word RANGE in the place of the key condition; its own parameter is ?2. */
  constructor(db: Database, sql: string) {
    this.#bounded = db.prepare(sql.replace("RANGE", "key >= ?1 AND key < ?3"));
    this.#open = db.prepare(sql.replace("RANGE", "key >= ?1"));
  }

  all([start, end]: PrefixRange, param: bigint): Row[] {
    return end === undefined ? this.#open.all(start, param) : this.#bounded.all(start, param, end);
  }

  get([start, end]: PrefixRange, param: bigint): Row | null {
    return end === undefined ? this.#open.get(start, param) : this.#bounded.get(start, param, end);
  }

  finalize(): void {
    this.#bounded.finalize();
    this.#open.finalize();
  }
}

export class SqliteWriter {
  /**
   * The newest version of each key that this transaction has read (null = none). The state machine asks for the
   * newest version before each write, and asks for the same bucket row many times.
   */
  readonly #heads = new Map<string, LatestRow | null>();
  readonly #group: GroupId;
  readonly #payloads: PayloadWriter;
  readonly #dropped: (bulk: Uint8Array) => void;
  readonly #bulk: Statement<{ readonly bulk: Bytes }, [Uint8Array, bigint]>;
  readonly #latest: Statement<LatestRow, [Uint8Array]>;
  readonly #around: Statement<HeadRow, [Uint8Array, bigint]>;
  readonly #next: Statement<HeadRow, [Uint8Array, bigint]>;
  readonly #insert: Statement<unknown, [Uint8Array, bigint, bigint, Bytes, Bytes, Bytes, Bytes]>;
  readonly #replace: Statement<unknown, [Uint8Array, bigint, Bytes, Bytes, Bytes, Bytes]>;
  readonly #supersede: Statement<unknown, [Uint8Array, bigint, bigint]>;
  readonly #garbage: Statement<unknown, [bigint, Uint8Array, bigint]>;
  readonly #state: Statement<{ readonly value: Uint8Array }, [string]>;
  readonly #putState: Statement<unknown, [string, Uint8Array]>;
  readonly #dropState: Statement<unknown, [string]>;
  readonly #anyLive: PrefixStatement<unknown>;
  readonly #anyNewer: PrefixStatement<unknown>;
  readonly #prefixHeads: PrefixStatement<HeadRow & { readonly key: Uint8Array }>;

  /**
   * `payloads` takes new large payloads; `dropped` receives the references of replaced ones. States belong to
   * `group`.
   */
  constructor(
    db: Database,
    payloads: PayloadWriter,
    dropped: (bulk: Uint8Array) => void,
    group: GroupId = ONLY_GROUP,
  ) {
    this.#group = group;
    this.#payloads = payloads;
    this.#dropped = dropped;
    const newest = "FROM kv WHERE key = ?1 ORDER BY commit_ts DESC LIMIT 1";
    this.#latest = db.prepare(`SELECT commit_ts, value IS NULL AS dead, disposal AS garbage ${newest}`);
    const head = "SELECT commit_ts, value IS NULL AS dead FROM kv WHERE key = ?1 AND commit_ts";
    this.#around = db.prepare(`${head} <= ?2 ORDER BY commit_ts DESC LIMIT 1`);
    this.#next = db.prepare(`${head} > ?2 ORDER BY commit_ts ASC LIMIT 1`);
    this.#insert = db.prepare(
      "INSERT INTO kv(key, commit_ts, end_ts, value, disposal, bulk, payload) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    );
    this.#replace = db.prepare(
      "UPDATE kv SET value = ?3, disposal = ?4, bulk = ?5, payload = ?6 WHERE key = ?1 AND commit_ts = ?2",
    );
    this.#bulk = db.prepare("SELECT bulk FROM kv WHERE key = ?1 AND commit_ts = ?2");
    this.#supersede = db.prepare("UPDATE kv SET end_ts = ?3 WHERE key = ?1 AND commit_ts = ?2");
    this.#garbage = db.prepare(
      "INSERT OR IGNORE INTO kv_garbage(since_ts, key, commit_ts) VALUES(?1, ?2, ?3)",
    );
    this.#state = db.prepare("SELECT value FROM fsm_state WHERE name = ?1");
    this.#putState = db.prepare("INSERT OR REPLACE INTO fsm_state(name, value) VALUES(?1, ?2)");
    this.#dropState = db.prepare("DELETE FROM fsm_state WHERE name = ?1");
    this.#anyLive = new PrefixStatement(
      db,
      "SELECT 1 FROM kv WHERE RANGE AND end_ts = ?2 AND value IS NOT NULL LIMIT 1",
    );
    this.#anyNewer = new PrefixStatement(db, "SELECT 1 FROM kv WHERE RANGE AND commit_ts > ?2 LIMIT 1");
    this.#prefixHeads = new PrefixStatement(
      db,
      "SELECT key, commit_ts, value IS NULL AS dead FROM kv WHERE RANGE AND end_ts = ?2",
    );
  }

  /** Clears the cache of the last transaction; call it at the start of a transaction. */
  begin(): void {
    this.#heads.clear();
  }

  #headOf(key: Uint8Array): LatestRow | null {
    const name = mapKey(key);
    let row = this.#heads.get(name);
    if (row === undefined) {
      row = this.#latest.get(key);
      this.#heads.set(name, row);
    }
    return row;
  }

  latest(key: Uint8Array): LatestVersion | undefined {
    const row = this.#headOf(key);
    if (row === null) return undefined;
    return { commitTs: row.commit_ts, deleted: row.dead !== 0n, garbage: row.garbage ?? undefined };
  }

  /** The read skips the dead rows before the first live one; compaction keeps them few. */
  prefixHasLive(prefix: Uint8Array): boolean {
    return this.#anyLive.get([prefix, prefixEnd(prefix)], CURRENT) !== null;
  }

  /**
   * Reads the rows under the prefix (not their values) up to the first newer one.
   * @throws StoreError HISTORY_COMPACTED when ts lies below the retention horizon: compaction may have removed
   * deletions
   */
  prefixChangedSince(prefix: Uint8Array, ts: Timestamp, horizon: Timestamp): boolean {
    if (ts < horizon) throw historyCompacted(ts, horizon);
    return this.#anyNewer.get([prefix, prefixEnd(prefix)], ts) !== null;
  }

  /**
   * @throws StoreError WRITE_CONFLICT before any write, when a key has a version newer than startTs;
   * HISTORY_COMPACTED when startTs or commitTs lies below the retention horizon, where conflicts are unknown
   */
  applyMutations(
    mutations: readonly Mutation[],
    startTs: Timestamp,
    commitTs: Timestamp,
    horizon: Timestamp,
  ): void {
    checkCommitTs(commitTs);
    if (commitTs < horizon) throw historyCompacted(commitTs, horizon);
    if (startTs !== BLIND) this.#refuseConflicts(mutations, startTs, commitTs, horizon);
    for (const mutation of mutations) {
      this.#write(mutation.key, commitTs, mutation.kind === "delete" ? TOMBSTONE : this.#content(mutation));
    }
  }

  #content(put: PutMutation): Content {
    const { value } = put;
    const garbage = put.garbage ?? null;
    const payload = put.payload ?? null;
    // A row has no checksum of a payload of its own: a damaged payload stays in a file.
    if (payload === null || (payload.length <= INLINE_PAYLOAD_MAX_BYTES && put.payloadCrc === undefined)) {
      return { value, garbage, bulk: null, payload };
    }
    return {
      value,
      garbage,
      bulk: encodePayloadRef(this.#payloads.append(payload, put.payloadCrc)),
      payload: null,
    };
  }

  #refuseConflicts(
    mutations: readonly Mutation[],
    startTs: Timestamp,
    commitTs: Timestamp,
    horizon: Timestamp,
  ): void {
    if (startTs < horizon) throw historyCompacted(startTs, horizon);
    for (const { key } of mutations) {
      const newest = this.#headOf(key)?.commit_ts;
      // A version at commitTs was written by an earlier apply of this same transaction: a replay is idempotent.
      if (newest !== undefined && newest > startTs && newest !== commitTs) {
        const what = `key ${keyName(key)} has a version at ${newest}`;
        throw new StoreError("WRITE_CONFLICT", `${what}, newer than the start timestamp ${startTs}`);
      }
    }
  }

  /** @throws StoreError WRITE_CONFLICT before any write, when a key has a version newer than commitTs */
  deletePrefix(prefix: Uint8Array, commitTs: Timestamp, horizon: Timestamp): number {
    checkCommitTs(commitTs);
    if (commitTs < horizon) throw historyCompacted(commitTs, horizon);
    const heads = this.#prefixHeads.all([prefix, prefixEnd(prefix)], CURRENT);
    const newer = heads.find((head) => head.commit_ts > commitTs);
    if (newer !== undefined) {
      const what = `key ${keyName(newer.key)} has a version at ${newer.commit_ts}`;
      throw new StoreError("WRITE_CONFLICT", `${what}, newer than the prefix deletion at ${commitTs}`);
    }
    const live = heads.filter((head) => head.dead === 0n);
    for (const { key } of live) this.#write(key, commitTs, TOMBSTONE);
    return live.length;
  }

  getState(name: string): Uint8Array | undefined {
    return this.#state.get(groupRow(this.#group, name))?.value;
  }

  putState(name: string, value: Uint8Array | undefined): void {
    const row = groupRow(this.#group, name);
    if (value === undefined) this.#dropState.run(row);
    else this.#putState.run(row, value);
  }

  #write(key: Uint8Array, ts: Timestamp, content: Content): void {
    const head = this.#headOf(key);
    if (head === null) {
      this.#insertVersion(key, ts, content);
    } else if (head.commit_ts < ts) {
      this.#close(key, head, ts);
      this.#insertVersion(key, ts, content);
    } else {
      this.#writeIntoHistory(key, ts, content);
    }
    if (content.value === null) this.#garbage.run(ts, key, ts);
    if (head === null || head.commit_ts <= ts) {
      const dead = content.value === null ? 1n : 0n;
      this.#heads.set(mapKey(key), { commit_ts: ts, dead, garbage: content.garbage });
    }
  }

  #insertVersion(key: Uint8Array, ts: Timestamp, { value, garbage, bulk, payload }: Content): void {
    this.#insert.run(key, ts, CURRENT, value, garbage, bulk, payload);
  }

  /** Ends the version before `ts`. A tombstone is already in the garbage list, since its own write. */
  #close(key: Uint8Array, before: HeadRow, ts: Timestamp): void {
    this.#supersede.run(key, before.commit_ts, ts);
    if (before.dead === 0n) this.#garbage.run(ts, key, before.commit_ts);
  }

  /** Writes below the newest version: a replay of an applied transaction, or a blind write. It is rare. */
  #writeIntoHistory(key: Uint8Array, ts: Timestamp, content: Content): void {
    const before = this.#around.get(key, ts);
    if (before?.commit_ts === ts) {
      const bulk = this.#bulk.get(key, ts)?.bulk;
      if (bulk) this.#dropped(bulk);
      this.#replace.run(key, ts, content.value, content.garbage, content.bulk, content.payload);
    } else {
      if (before !== null) this.#close(key, before, ts);
      this.#insertVersion(key, ts, content);
    }
    const next = this.#next.get(key, ts);
    if (next === null) return;
    this.#supersede.run(key, ts, next.commit_ts);
    this.#garbage.run(next.commit_ts, key, ts);
  }

  finalize(): void {
    const single = [this.#latest, this.#around, this.#next, this.#bulk, this.#insert, this.#replace];
    const rest = [this.#supersede, this.#garbage, this.#state, this.#putState, this.#dropState];
    for (const s of [...single, ...rest, this.#anyLive, this.#anyNewer, this.#prefixHeads]) s.finalize();
  }
}
