/**
 * Ends the entries of the blob queue (txn/references.ts) whose grace period is over. A sweep is a transaction that
 * removes the entry on condition that the blob still has no reference; every node that applies it then deletes its
 * own copy. So a crash between the two leaves a file too many, and never one too few.
 *
 * Every step can be repeated. Two sweepers at once sweep nothing twice, because the state machine decides.
 */
import type { Clock } from "../platform/clock.ts";
import { keyAfter, prefixEnd } from "../store/key-encoding.ts";
import { blobsAreHeld } from "../txn/blob-holds.ts";
import { physicalMs } from "../txn/hlc.ts";
import { BLOB_QUEUE_PREFIX, parseBlobQueueKey } from "../txn/references.ts";
import type { KvGroup, TxnMutation } from "../txn/types.ts";

/** Sweeps in one Raft entry, and entries of the queue per read (docs/design/contract.md, section 5). */
const SWEEPS_PER_ENTRY = 64;

export interface BlobSweeperOptions {
  readonly group: Pick<KvGroup, "snapshot" | "transact">;
  readonly clock: Clock;
  /** A GET that began before the last reference was deleted can read the blob for this long. */
  readonly gracePeriodMs: number;
  /** True while this node leads: one sweeper is enough for a group. */
  readonly active: () => boolean;
  /** Queue entries that were proposed for a sweep; the state machine may have refused some of them. */
  readonly onSwept?: (entries: number) => void;
}

export class BlobSweeper {
  readonly #options: BlobSweeperOptions;
  #running: Promise<number> | undefined;
  /**
   * The next scan of the queue starts here. Commit timestamps only grow, so no new entry comes before a swept one, and
   * a deleted row slows every scan over it until compaction removes its versions.
   */
  #from = BLOB_QUEUE_PREFIX;
  #stopped = false;

  constructor(options: BlobSweeperOptions) {
    this.#options = options;
  }

  /**
   * Sweeps every entry whose grace period is over; returns how many. There is one run at a time: a second call joins
   * the first. @throws KvError like transact(); the next run continues where this run stopped
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
    const { group, clock, gracePeriodMs, active, onSwept } = this.#options;
    let swept = 0;
    while (!this.#stopped && active()) {
      const view = await group.snapshot();
      if (await blobsAreHeld(view, clock.nowMs())) return swept;
      const rows = await view.scan(this.#from, prefixEnd(BLOB_QUEUE_PREFIX), {
        limit: SWEEPS_PER_ENTRY,
        keysOnly: true,
      });
      // The queue is ordered by commit time, so no entry after the first young one is due.
      const entries = rows.map(({ key }) => parseBlobQueueKey(key));
      const young = entries.findIndex(({ queuedTs }) => {
        return physicalMs(queuedTs) + gracePeriodMs > clock.nowMs();
      });
      const due = young < 0 ? entries : entries.slice(0, young);
      const last = rows[due.length - 1];
      if (last === undefined || this.#stopped || !active()) return swept;
      const mutations: TxnMutation[] = due.map((entry) => ({ kind: "sweep", ...entry }));
      await group.transact({ conditions: [], mutations });
      this.#from = keyAfter(last.key);
      swept += due.length;
      onSwept?.(due.length);
    }
    return swept;
  }
}
