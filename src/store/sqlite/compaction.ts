/** Removes versions that no read can see, from the list that the applies kept (table kv_garbage). */
import type { Database, Statement } from "bun:sqlite";
import type { Timestamp } from "../types.ts";

interface GarbageRow {
  readonly since_ts: bigint;
  readonly key: Uint8Array;
  readonly commit_ts: bigint;
}

export class Compaction {
  readonly #oldest: Statement<GarbageRow, [bigint, number]>;
  readonly #drop: Statement<{ readonly bulk: Uint8Array | null }, [Uint8Array, bigint, bigint]>;
  readonly #dropped: (bulk: Uint8Array) => void;
  readonly #forget: Statement<unknown, [bigint, Uint8Array, bigint]>;

  /** `dropped` receives the payload references of removed rows whose payload lies outside the row. */
  constructor(db: Database, dropped: (bulk: Uint8Array) => void) {
    this.#dropped = dropped;
    this.#oldest = db.prepare(
      "SELECT since_ts, key, commit_ts FROM kv_garbage WHERE since_ts <= ?1 ORDER BY since_ts, key, commit_ts LIMIT ?2",
    );
    // The list may be stale (a replay wrote a value over a tombstone), so the row itself decides.
    this.#drop = db.prepare(
      `DELETE FROM kv WHERE key = ?1 AND commit_ts = ?2 AND (end_ts <= ?3 OR (value IS NULL AND commit_ts <= ?3))
       RETURNING bulk`,
    );
    this.#forget = db.prepare("DELETE FROM kv_garbage WHERE since_ts = ?1 AND key = ?2 AND commit_ts = ?3");
  }

  /**
   * One step, inside the caller's transaction: removes at most `maxRows` rows, the oldest first. The cost depends on
   * the removed rows, not on the size of the keyspace.
   * @returns the number of removed rows; 0 when nothing is left at or below the horizon
   */
  step(horizon: Timestamp, maxRows: number): number {
    let removed = 0;
    while (removed < maxRows) {
      const rows = this.#oldest.all(horizon, maxRows - removed);
      if (rows.length === 0) return removed;
      for (const { since_ts, key, commit_ts } of rows) {
        for (const { bulk } of this.#drop.all(key, commit_ts, horizon)) {
          removed += 1;
          if (bulk !== null) this.#dropped(bulk);
        }
        this.#forget.run(since_ts, key, commit_ts);
      }
    }
    return removed;
  }

  finalize(): void {
    for (const s of [this.#oldest, this.#drop, this.#forget]) s.finalize();
  }
}
