/**
 * The store room: the one writer of SQLite. Applies committed entries, tells consensus how far it is and the front
 * what became of its proposals, and compacts old versions when it has nothing better to do.
 */
import type { Entry } from "../raft/core/types.ts";
import type { Channel } from "../rooms/channel.ts";
import type { PublishedState } from "../rooms/published-state.ts";
import { type AppliedState, type MvccStore, StoreError } from "../store/types.ts";
import { type ApplyResult, Fsm } from "./fsm.ts";
import { timestampFromMs } from "./hlc.ts";
import type {
  AnswerMessage,
  ConsensusToStore,
  FrontToStore,
  StoreToConsensus,
  StoreToFront,
} from "./messages.ts";
import { packKeys } from "./row-cache.ts";

/** One SQLite transaction takes at most this many bytes of entries (unless a single entry is larger) ... */
export const APPLY_BATCH_BYTES = 8 << 20;
/** ... and this many entries. */
export const APPLY_BATCH_ENTRIES = 512;
/** Versions dropped in one compaction transaction: small, so that an apply never waits long for it. */
export const COMPACTION_ROWS = 256;
/** Between two looks for versions to compact. */
export const COMPACTION_INTERVAL_MS = 1_000;
/** Between two attempts to apply while the disk is full. */
export const DISK_FULL_RETRY_MS = 1_000;

export interface StoreRoomMetrics {
  applied(result: ApplyResult, entries: number, seconds: number): void;
  compacted(rows: number): void;
}

export interface StoreRoomOptions {
  readonly store: MvccStore;
  readonly published: PublishedState;
  readonly consensus: Channel<ConsensusToStore, StoreToConsensus>;
  readonly front: Channel<FrontToStore, StoreToFront>;
  /** This boot's origin: answers to anyone else's proposals stay here. */
  readonly origin: Uint8Array;
  /** Old versions are kept this long (in commit time). */
  readonly retentionMs: number;
  readonly metrics: StoreRoomMetrics;
  /** Seconds, monotonic; for metrics only. */
  readonly seconds: () => number;
  readonly later: (task: () => void, delayMs: number) => void;
  /** The room cannot go on; the process must end. */
  readonly fatal: (message: string) => void;
}

interface Work {
  readonly id: number;
  readonly entries: readonly Entry[];
}

export class StoreRoom {
  readonly #options: StoreRoomOptions;
  readonly #fsm: Fsm;
  #queue: Work[] = [];
  #diskFull = false;
  /** The front knows that the disk is full: one line in its log, not one a second. */
  #fullTold = false;
  #stopped = false;

  constructor(options: StoreRoomOptions) {
    this.#options = options;
    this.#fsm = new Fsm(options.store);
  }

  start(): void {
    const { store, published, consensus, front } = this.#options;
    const applied = store.appliedState();
    published.publishApplied(applied.index, applied.commitTs);
    consensus.onBatch((messages) => this.#onConsensus(messages));
    front.onBatch((messages) => this.#onFront(messages));
    consensus.send({ kind: "opened", applied, ceilingMs: Fsm.ceilingMs(store) });
    this.#scheduleCompaction();
  }

  #onConsensus(messages: readonly ConsensusToStore[]): void {
    this.#enqueue(messages);
    this.#work();
  }

  #enqueue(messages: readonly ConsensusToStore[]): void {
    for (const message of messages) {
      switch (message.kind) {
        case "apply":
          this.#queue.push(message);
          break;
        case "stop":
          this.#stopped = true;
          break;
      }
    }
  }

  #onFront(messages: readonly FrontToStore[]): void {
    for (const message of messages) {
      switch (message.kind) {
        case "stop":
          this.#stopped = true;
          this.#options.store.close();
          this.#options.front.send({ kind: "stopped" });
          this.#options.front.flush();
          break;
      }
    }
  }

  /** Applies everything that is queued, and what arrives meanwhile, in transactions of bounded size. */
  #work(): void {
    while (this.#queue.length > 0 && !this.#stopped && !this.#diskFull) {
      this.#enqueue(this.#options.consensus.drain());
      const { entries, id, taken } = this.#takeBatch();
      const started = this.#options.seconds();
      let result: ApplyResult;
      try {
        result = this.#fsm.apply(entries);
      } catch (error) {
        if (error instanceof StoreError && error.code === "DISK_FULL") {
          this.#queue = [...taken, ...this.#queue];
          this.#waitForSpace();
          return;
        }
        this.#options.fatal(`apply of ${entries.length} entries failed: ${String(error)}`);
        this.#stopped = true;
        return;
      }
      this.#options.metrics.applied(result, entries.length, this.#options.seconds() - started);
      this.#report(id, result);
    }
  }

  #takeBatch(): { entries: Entry[]; id: number; taken: Work[] } {
    const entries: Entry[] = [];
    const taken: Work[] = [];
    let bytes = 0;
    let id = 0;
    while (this.#queue.length > 0) {
      const work = this.#queue[0] as Work;
      const size = work.entries.reduce((sum, entry) => sum + entry.data.byteLength, 0);
      const fits =
        bytes + size <= APPLY_BATCH_BYTES && entries.length + work.entries.length <= APPLY_BATCH_ENTRIES;
      if (taken.length > 0 && !fits) break;
      this.#queue.shift();
      taken.push(work);
      entries.push(...work.entries);
      bytes += size;
      id = work.id;
    }
    return { entries, id, taken };
  }

  #report(id: number, result: ApplyResult): void {
    const { store, published, consensus, front, origin } = this.#options;
    const applied: AppliedState = result.position;
    // Readers first: whoever is told that its write is applied must be able to read it.
    published.publishApplied(applied.index, applied.commitTs);
    const answers: AnswerMessage[] = [];
    for (const answer of result.answers) {
      if (sameBytes(answer.origin, origin))
        answers.push({ sequence: answer.sequence, outcome: answer.outcome });
    }
    const changed = result.changed === undefined ? undefined : packKeys(result.changed);
    front.send({ kind: "applied", applied, answers, changed });
    front.flush();
    consensus.send({
      kind: "applied",
      id,
      applied,
      durable: store.durableApplied(),
      ceilingMs: Fsm.ceilingMs(store),
    });
    consensus.flush();
  }

  /** Writes wait, reads go on, and the same batch is tried again until there is room. */
  #waitForSpace(): void {
    if (!this.#fullTold) this.#options.front.send({ kind: "disk-full", full: true });
    this.#fullTold = true;
    this.#diskFull = true;
    this.#options.later(() => {
      if (this.#stopped) return;
      this.#diskFull = false;
      this.#work();
      if (this.#diskFull) return;
      this.#fullTold = false;
      this.#options.front.send({ kind: "disk-full", full: false });
    }, DISK_FULL_RETRY_MS);
  }

  #scheduleCompaction(): void {
    this.#options.later(() => {
      if (this.#stopped) return;
      // On a full disk above all: it gives the space of what was deleted back, and needs little or none itself.
      this.#compact();
      this.#scheduleCompaction();
    }, COMPACTION_INTERVAL_MS);
  }

  #compact(): void {
    const { store, retentionMs } = this.#options;
    const horizon = store.appliedState().commitTs - timestampFromMs(retentionMs);
    if (horizon <= 0n) return;
    try {
      const rows = store.compactVersions(horizon, COMPACTION_ROWS);
      if (rows > 0) this.#options.metrics.compacted(rows);
      // More to do: go on soon, but let applies in between.
      if (rows === COMPACTION_ROWS) this.#options.later(() => !this.#stopped && this.#compact(), 5);
    } catch (error) {
      if (error instanceof StoreError && error.code === "DISK_FULL") return;
      this.#options.fatal(`compaction of old versions failed: ${String(error)}`);
      this.#stopped = true;
    }
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
}
