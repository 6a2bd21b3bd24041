/**
 * Deletes what superseded rows left behind (the garbage queue, see state/state-machine.ts), in bounded batches through Raft.
 *
 * Keys only are read, `SCAN_PAGE` at a time, and deleted `COLLECT_BATCH_OPERATIONS` to an entry: a 5 GiB object
 * (5120 chunks) is 80 entries. Every step can be repeated: a collector that stops anywhere, or two of them at once,
 * delete nothing twice and forget nothing, because a list row goes last.
 */
import type { Clock } from "../platform/clock.ts";
import { keyAfter, prefixEnd } from "../store/key-encoding.ts";
import { decodeGarbage, type GarbageItem } from "../txn/garbage.ts";
import { physicalMs } from "../txn/hlc.ts";
import { GARBAGE_PREFIX, parseGarbageKey } from "../txn/keys.ts";
import type { KvGroup, TxnMutation } from "../txn/types.ts";

/** Payload-free operations in one Raft entry (docs/design/contract.md, section 5). */
const COLLECT_BATCH_OPERATIONS = 64;
/** Keys read at a time; independent of the batch. */
const SCAN_PAGE = 1_024;
/** List rows looked at in one run. */
const LIST_PAGE = 256;

export interface GarbageCollectorOptions {
  readonly group: KvGroup;
  readonly clock: Clock;
  /** A GET that began before the row was superseded keeps its chunks this long. */
  readonly gracePeriodMs: number;
  /** True while this node leads: one collector is enough. */
  readonly active: () => boolean;
  readonly onDeleted?: (rows: number) => void;
  /**
   * Deletes every reference under a prefix to content beside the log; resolves, with the rows deleted, when none is
   * left. Called again for a prefix when it rejected, or when the collector stopped before the record was deleted. A
   * record that names references stays where there is no such function.
   */
  readonly deleteReferences?: (prefix: Uint8Array) => Promise<number>;
  /** A record that this release cannot read, or has no function for: it stays, with what it names, for one that has. */
  readonly onUnreadable?: (key: Uint8Array) => void;
}

export class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  #running: Promise<number> | undefined;
  /** Where the list goes on. Commit timestamps only grow, so no row ever comes before one that was deleted; and a
   *  deleted row costs every scan that walks over it until its versions are compacted. Unreadable rows lie before it too:
   *  the next leader, or this node started again, looks at them anew. */
  #listFrom = GARBAGE_PREFIX;
  #stopped = false;

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
  }

  /** Cleans everything whose grace period is over; returns the rows deleted. One run at a time: a second call joins
   *  the first. @throws KvError as transact() does; the next run goes on where this one stopped. */
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
      // The list is ordered by commit time: the first row that is too young ends it.
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
        // Stopped in the middle of a prefix: its list row must stay.
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
    // A stopped collector keeps the record, so nothing is lost when it does not begin.
    return this.#stopped ? 0 : ((await this.#options.deleteReferences?.(prefix)) ?? 0);
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
      // keepContent: what lies under a prefix of a garbage record is named by that record already.
      const mutations: TxnMutation[] = keys
        .slice(i, i + COLLECT_BATCH_OPERATIONS)
        .map((key) => ({ kind: "delete", key, keepContent: true }));
      await this.#options.group.transact({ conditions: [], mutations });
      this.#options.onDeleted?.(mutations.length);
    }
    return keys.length;
  }
}
