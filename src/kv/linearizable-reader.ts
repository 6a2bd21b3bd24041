/**
 * Linearizable reads of this node's copy of the keyspace.
 *
 * The fence (design/contract.md, section 5) has three steps in this order: read the commit index; check with one
 * read of the clock that only this node can have led in the meantime (the lease); read the keyspace at or after that
 * index. When a process is paused between the first two steps, the lease has expired. Without a lease the leader
 * confirms its leadership with a round of heartbeats (read-index); concurrent reads share one round.
 */

import type { ChangedKeys } from "../messages/changed-keys.ts";
import type { ConsensusToGateway, GatewayToConsensus } from "../messages/messages.ts";
import type { Clock } from "../platform/clock.ts";
import { PLANTED } from "../platform/planted.ts";
import type {
  AppliedState,
  MvccReader,
  PayloadTarget,
  ScanItem,
  Timestamp,
  VersionedValue,
} from "../store/types.ts";
import type { Channel } from "../threads/channel.ts";
import type { GroupId } from "../threads/group.ts";
import type { PublishedGroup } from "../threads/shared-state.ts";
import { KvError, type ReadView } from "../txn/types.ts";
import { ReadRounds } from "./read-index-rounds.ts";
import { RowCache } from "./row-cache.ts";

export interface LinearizableReaderOptions {
  readonly reader: MvccReader;
  readonly group: GroupId;
  /** Published state of the group that is read. */
  readonly published: PublishedGroup;
  readonly consensus: Channel<ConsensusToGateway, GatewayToConsensus>;
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** Called once per fence: "hit" when the lease was enough. */
  readonly onFence: (outcome: "hit" | "miss") => void;
}

interface Waiter {
  readonly index: number;
  readonly deadlineAtMs: number;
  readonly resolve: () => void;
  readonly reject: (error: KvError) => void;
}

class View implements ReadView {
  readonly readTs: Timestamp;
  readonly #reader: MvccReader;
  readonly #cache: RowCache;

  constructor(reader: MvccReader, cache: RowCache, readTs: Timestamp) {
    this.#reader = reader;
    this.#cache = cache;
    this.readTs = readTs;
  }

  async get(key: Uint8Array): Promise<VersionedValue | undefined> {
    const cached = this.#cache.get(key, this.readTs, true);
    if (cached !== undefined) return cached;
    const row = this.#reader.getAt(key, this.readTs);
    if (row !== undefined) this.#cache.put(key, this.readTs, row, true);
    return row;
  }

  async getMeta(key: Uint8Array): Promise<VersionedValue | undefined> {
    const cached = this.#cache.get(key, this.readTs, false);
    if (cached !== undefined) return cached;
    if (this.#cache.isAbsent(key, this.readTs)) return undefined;
    const row = this.#reader.getMetaAt(key, this.readTs);
    if (row === undefined) this.#cache.putAbsent(key, this.readTs);
    else this.#cache.put(key, this.readTs, row, false);
    return row;
  }

  async scan(
    start: Uint8Array,
    end: Uint8Array | undefined,
    options: { readonly limit: number; readonly reverse?: boolean; readonly keysOnly?: boolean },
  ): Promise<ScanItem[]> {
    return this.#reader.scanAt(start, end, { ...options, readTs: this.readTs });
  }
}

export class LinearizableReader {
  readonly #options: LinearizableReaderOptions;
  #reader: MvccReader;
  readonly #cache = new RowCache();
  /** Reads that wait until this node has applied their index. */
  #waiters: Waiter[] = [];
  readonly #rounds: ReadRounds;

  constructor(options: LinearizableReaderOptions) {
    this.#options = options;
    this.#reader = options.reader;
    this.#rounds = new ReadRounds({
      nowMs: () => options.clock.monotonicMs(),
      deadlineMs: options.deadlineMs,
      send: (id) => options.consensus.send({ kind: "read-index", group: options.group, id }),
      unavailable: () => this.#unavailable(),
    });
  }

  /** Number of rounds so far, repeated rounds included. */
  get roundsAsked(): number {
    return this.#rounds.count;
  }

  /** @throws KvError UNAVAILABLE when no leader confirms its leadership within the deadline */
  async snapshot(): Promise<ReadView> {
    const { published, onFence } = this.#options;
    // The term is read first: when the term is the same after the state was read, commit index and lease belong
    // together.
    const term = published.term;
    const commitIndex = published.commitIndex;
    if (this.#leaseHolds(term)) {
      onFence("hit");
      await this.#waitApplied(commitIndex);
    } else {
      onFence("miss");
      const index = await this.#rounds.ask();
      if (!PLANTED.readBeforeApplied) await this.#waitApplied(index);
    }
    return new View(this.#reader, this.#cache, published.appliedCommitTs);
  }

  /** Called when a snapshot replaced the keyspace: reads use the new keyspace, and the cache is cleared. */
  reopen(reader: MvccReader): void {
    this.#reader = reader;
    this.#cache.clear();
  }

  /** Reads an immutable row: without a fence, and without a retention horizon. */
  async getImmutable(key: Uint8Array, target?: PayloadTarget): Promise<VersionedValue | undefined> {
    return this.#reader.getAt(key, this.#options.published.appliedCommitTs, target);
  }

  /** Reads the rows that this node has applied, without a fence: for answers that may be old. */
  local(key: Uint8Array): VersionedValue | undefined {
    return this.#reader.getMetaAt(key, this.#options.published.appliedCommitTs);
  }

  /** Called when an apply batch is visible. @param changed as in StoreToGateway */
  onApplied(applied: AppliedState, changed: ChangedKeys | undefined): void {
    this.#cache.applied(applied.commitTs, changed);
    const { index } = applied;
    if (this.#waiters.length === 0) return;
    const ready = this.#waiters.filter((waiter) => waiter.index <= index);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.index > index);
    for (const waiter of ready) waiter.resolve();
  }

  onReadState(id: number, index: number): void {
    this.#rounds.onAnswer(id, index);
  }

  /** Repeats rounds without an answer and rejects reads past their deadline; call it a few times per second. */
  expire(): void {
    const now = this.#options.clock.monotonicMs();
    const gone = (deadlineAtMs: number): boolean => deadlineAtMs <= now;
    for (const waiter of this.#waiters.filter((w) => gone(w.deadlineAtMs)))
      waiter.reject(this.#unavailable());
    this.#waiters = this.#waiters.filter((waiter) => !gone(waiter.deadlineAtMs));
    this.#rounds.expire();
  }

  close(): void {
    const error = new KvError("CLOSED", "this node is shutting down");
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.#rounds.close(error);
  }

  /** Reads the clock once after the position, and then the term again. */
  #leaseHolds(term: number): boolean {
    const { published, clock } = this.#options;
    return clock.monotonicMs() * 1000 < published.leaseUntilUs && published.term === term;
  }

  #unavailable(): KvError {
    return new KvError("UNAVAILABLE", `no leader confirmed this read within ${this.#options.deadlineMs} ms`);
  }

  #deadline(): number {
    return this.#options.clock.monotonicMs() + this.#options.deadlineMs;
  }

  #waitApplied(index: number): Promise<void> {
    if (this.#options.published.appliedIndex >= index) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ index, deadlineAtMs: this.#deadline(), resolve, reject });
    });
  }
}
