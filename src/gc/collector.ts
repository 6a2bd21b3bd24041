/**
 * Deletes the content that superseded rows left behind (the garbage queue, see state/state-machine.ts), in bounded
 * batches through Raft.
 *
 * The collector reads keys only, `SCAN_PAGE` at a time, and deletes `COLLECT_BATCH_OPERATIONS` keys per entry: a 5
 * GiB object (5120 chunks) is 80 entries. Every step can be repeated. A collector that stops at any point, or two
 * collectors at once, delete nothing twice and lose nothing, because the garbage record is deleted last.
 */
import type { Clock } from "../platform/clock.ts";
import { keyAfter, prefixEnd } from "../store/key-encoding.ts";
import { decodeGarbage, type GarbageItem } from "../txn/garbage.ts";
import { physicalMs } from "../txn/hlc.ts";
import { GARBAGE_PREFIX, parseGarbageKey } from "../txn/keys.ts";
import type { KvGroup, TxnMutation } from "../txn/types.ts";

/** Payload-free operations in one Raft entry (docs/design/contract.md, section 5). */
const COLLECT_BATCH_OPERATIONS = 64;
/** Keys per read; independent of the batch. */
const SCAN_PAGE = 1_024;
/** Garbage records per read. */
const LIST_PAGE = 256;

export interface GarbageCollectorOptions {
  readonly group: KvGroup;
  readonly clock: Clock;
  /** A GET that began before the row was superseded can read its chunks for this long. */
  readonly gracePeriodMs: number;
  /** True while this node leads: one collector is enough for a group. */
  readonly active: () => boolean;
  readonly onDeleted?: (rows: number) => void;
  /**
   * Deletes every reference under a prefix to content beside the log (references.ts); resolves with the number of
   * deleted rows when no reference is left, or when `stopped()` has become true. The collector calls it again for a
   * prefix when the call rejected, or when the collector stopped before the record was deleted. Without this function,
   * a record that names references stays in the queue.
   */
  readonly deleteReferences?: (prefix: Uint8Array, stopped: () => boolean) => Promise<number>;
  /**
   * Reports a record that this release cannot read or cannot collect: the record and its content stay for another
   * release.
   */
  readonly onUnreadable?: (key: Uint8Array) => void;
}

export class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  #running: Promise<number> | undefined;
  /**
   * The next scan of the garbage queue starts here. Commit timestamps only grow, so no new record comes before a
   * deleted one, and a deleted row slows every scan over it until compaction removes its versions. Unreadable
   * records also lie before this key: the next leader, or this node after a restart, reads them again.
   */
  #listFrom = GARBAGE_PREFIX;
  #stopped = false;

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
  }

  /**
   * Deletes all garbage whose grace period is over; returns the number of deleted rows. There is one run at a time:
   * a second call joins the first.
   * @throws KvError like transact(); the next run continues where this run stopped
   */
  run(): Promise<number> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<number> {
    const { group, clock, gracePeriodMs, active } = this.#options;
    let deleted = 0;
    while (!this.#stopped && active()) {
      const view = await group.snapshot();
      const rows = await view.scan(this.#listFrom, prefixEnd(GARBAGE_PREFIX), { limit: LIST_PAGE });
      // The queue is ordered by commit time, so no record after the first young one is due.
      const due = rows.filter((row) => {
        return physicalMs(parseGarbageKey(row.key).commitTs) + gracePeriodMs <= clock.nowMs();
      });
      if (due.length === 0) return deleted;
      const emptied: Uint8Array[] = [];
      for (const row of due) {
        if (this.#stopped || !active()) return deleted;
        const items = decodeGarbage(row.value);
        if (items === undefined || !this.#handles(items)) {
          this.#options.onUnreadable?.(row.key);
          continue;
        }
        for (const item of items) deleted += await this.#delete(item);
        // The collector may have stopped inside a prefix, so the garbage record must stay.
        if (this.#stopped) return deleted;
        emptied.push(row.key);
      }
      deleted += await this.#deleteKeys(emptied);
      const last = due.at(-1);
      if (last !== undefined) this.#listFrom = keyAfter(last.key);
    }
    return deleted;
  }

  #handles(items: readonly GarbageItem[]): boolean {
    return this.#options.deleteReferences !== undefined || items.every(({ kind }) => kind === "prefix");
  }

  async #delete({ kind, prefix }: GarbageItem): Promise<number> {
    if (kind === "prefix") return this.#deletePrefix(prefix);
    // A stopped collector keeps the record, so the references are collected later.
    return this.#stopped ? 0 : ((await this.#options.deleteReferences?.(prefix, () => this.#stopped)) ?? 0);
  }

  async #deletePrefix(prefix: Uint8Array): Promise<number> {
    let deleted = 0;
    for (let from = prefix; ; ) {
      if (this.#stopped) return deleted;
      const view = await this.#options.group.snapshot();
      const page = await view.scan(from, prefixEnd(prefix), { limit: SCAN_PAGE, keysOnly: true });
      const last = page.at(-1);
      if (last === undefined) return deleted;
      from = keyAfter(last.key);
      deleted += await this.#deleteKeys(page.map((row) => row.key));
      if (page.length < SCAN_PAGE) return deleted;
    }
  }

  async #deleteKeys(keys: readonly Uint8Array[]): Promise<number> {
    for (let i = 0; i < keys.length; i += COLLECT_BATCH_OPERATIONS) {
      // keepContent: the garbage record already names everything under its prefix.
      const mutations: TxnMutation[] = keys
        .slice(i, i + COLLECT_BATCH_OPERATIONS)
        .map((key) => ({ kind: "delete", key, keepContent: true }));
      await this.#options.group.transact({ conditions: [], mutations });
      this.#options.onDeleted?.(mutations.length);
    }
    return keys.length;
  }
}
