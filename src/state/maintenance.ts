/** The store thread's work beside applying: compaction of old versions, its pause for streams, and durability. */
import type { Logger } from "../monitoring/log.ts";
import type { Timers } from "../platform/timers.ts";
import { type AppliedState, type MvccStore, StoreError } from "../store/types.ts";
import { timestampFromMs } from "../txn/hlc.ts";

/**
 * Versions that one compaction transaction drops: few, so that an apply waits only a short time for the transaction.
 */
const COMPACTION_ROWS = 256;
/** Time between two searches for versions to compact. */
const COMPACTION_INTERVAL_MS = 1_000;
/** Time between two compaction steps while more versions wait: the store thread applies entries in this time. */
const COMPACTION_PAUSE_MS = 5;
/**
 * A power cut loses at most this much of what was applied without fsync. The log keeps the entries until they are
 * durable. @internal
 */
export const DURABLE_INTERVAL_MS = 1_000;
/** A slower stream loses its payloads and fails: a failed stream is better than a disk that fills up. @internal */
export const HOLD_MAX_MS = 3_600_000;

export interface StoreMaintenanceOptions {
  readonly timers: Timers;
  readonly log: Logger;
  /** Old versions are kept this long (in commit time). */
  readonly retentionMs: number;
  /** The store in force; undefined while there is none. */
  readonly store: () => MvccStore | undefined;
  readonly compacted: (rows: number) => void;
  /** Reports the position that survives a power cut; called at every interval, also when the position is the same. */
  readonly durable: (store: MvccStore, position: AppliedState) => void;
  /** Reports that the thread cannot continue. */
  readonly fail: (what: string, error: unknown) => void;
}

export class StoreMaintenance {
  readonly #options: StoreMaintenanceOptions;
  /** Streams that read the keyspace, each with the function that cancels its timeout. */
  readonly #holds = new Map<number, () => void>();
  #stopped = false;

  constructor(options: StoreMaintenanceOptions) {
    this.#options = options;
  }

  start(): void {
    this.#scheduleCompaction();
    this.#scheduleDurable();
  }

  stop(): void {
    this.#stopped = true;
    for (const streamId of [...this.#holds.keys()]) this.unpin(streamId);
  }

  /** Compaction drops no version and frees no payload until `unpin`, or for one hour. */
  hold(streamId: number): void {
    this.unpin(streamId);
    const { timers, log } = this.#options;
    const cancel = timers.later(() => {
      this.#holds.delete(streamId);
      log.warn("a snapshot or a backup takes too long; old versions are compacted again", { streamId });
    }, HOLD_MAX_MS);
    this.#holds.set(streamId, cancel);
  }

  unpin(streamId: number): void {
    this.#holds.get(streamId)?.();
    this.#holds.delete(streamId);
  }

  #scheduleCompaction(): void {
    this.#options.timers.later(() => {
      if (this.#stopped) return;
      // Compaction matters most on a full disk: it frees the space of deleted rows, and needs little or no space
      // itself.
      this.#compact();
      this.#scheduleCompaction();
    }, COMPACTION_INTERVAL_MS);
  }

  #compact(): void {
    const { retentionMs, timers, compacted, fail } = this.#options;
    const store = this.#options.store();
    // A stream's transaction keeps the rows of the keyspace, but only this pause keeps their payloads.
    if (this.#stopped || store === undefined || this.#holds.size > 0) return;
    const horizon = store.appliedState().commitTs - timestampFromMs(retentionMs);
    if (horizon <= 0n) return;
    try {
      const rows = store.compactVersions(horizon, COMPACTION_ROWS);
      if (rows > 0) compacted(rows);
      if (rows === COMPACTION_ROWS) timers.later(() => this.#compact(), COMPACTION_PAUSE_MS);
    } catch (error) {
      if (error instanceof StoreError && error.code === "DISK_FULL") return;
      fail("compaction of old versions failed", error);
    }
  }

  /** Makes applied entries durable at an interval, because the log keeps every entry until the entry is durable. */
  #scheduleDurable(): void {
    this.#options.timers.later(() => {
      if (this.#stopped) return;
      this.#makeDurable();
      this.#scheduleDurable();
    }, DURABLE_INTERVAL_MS);
  }

  #makeDurable(): void {
    const store = this.#options.store();
    if (store === undefined) return;
    try {
      // Compaction also makes everything before it durable: consensus learns of both here.
      this.#options.durable(store, store.makeDurable());
    } catch (error) {
      this.#options.fail("applied entries cannot be made durable", error);
    }
  }
}
