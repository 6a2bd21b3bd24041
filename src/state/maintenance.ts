/** What the store thread does beside applying: compaction of old versions, holding it back for streams, durability. */
import type { Logger } from "../monitoring/log.ts";
import type { Timers } from "../platform/timers.ts";
import { type AppliedState, type MvccStore, StoreError } from "../store/types.ts";
import { timestampFromMs } from "../txn/hlc.ts";

/** Versions dropped in one compaction transaction: small, so that an apply never waits long for it. */
const COMPACTION_ROWS = 256;
/** Between two looks for versions to compact. */
const COMPACTION_INTERVAL_MS = 1_000;
/** Between two steps while there is more to compact: applies come in between. */
const COMPACTION_PAUSE_MS = 5;
/** A power cut loses no more than this of what was applied without fsync; the log is dropped only behind that. @internal */
export const DURABLE_INTERVAL_MS = 1_000;
/** A stream that takes longer finds its payloads gone and fails: better than a disk that fills up behind it. @internal */
export const HOLD_MAX_MS = 3_600_000;

export interface StoreMaintenanceOptions {
  readonly timers: Timers;
  readonly log: Logger;
  /** Old versions are kept this long (in commit time). */
  readonly retentionMs: number;
  /** The store in force; undefined: none at the moment. */
  readonly store: () => MvccStore | undefined;
  readonly compacted: (rows: number) => void;
  /** What certainly survives a power cut now; called at an interval, news or not. */
  readonly durable: (store: MvccStore, position: AppliedState) => void;
  /** The thread cannot go on. */
  readonly fail: (what: string, error: unknown) => void;
}

export class StoreMaintenance {
  readonly #options: StoreMaintenanceOptions;
  /** Streams that read the keyspace, with what cancels the end of their patience. */
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

  /** No version is dropped and no payload given back until `unpin`, or for an hour. */
  hold(streamId: number): void {
    this.unpin(streamId);
    const { timers, log } = this.#options;
    const cancel = timers.later(() => {
      this.#holds.delete(streamId);
      log.warn("a snapshot is being sent for too long; old versions are compacted again", { streamId });
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
      // On a full disk above all: it gives the space of what was deleted back, and needs little or none itself.
      this.#compact();
      this.#scheduleCompaction();
    }, COMPACTION_INTERVAL_MS);
  }

  #compact(): void {
    const { retentionMs, timers, compacted, fail } = this.#options;
    const store = this.#options.store();
    // While somebody streams the keyspace: its transaction keeps the rows, only this keeps their payloads.
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

  /** Without fsync on every apply: makes what was applied durable now and then, so that the log can be dropped. */
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
      // Compaction makes everything before it durable too: consensus hears of either here.
      this.#options.durable(store, store.makeDurable());
    } catch (error) {
      this.#options.fail("applied entries cannot be made durable", error);
    }
  }
}
