/**
 * The store room: the one writer of the keyspace. Opens it when consensus says how, applies committed entries, tells
 * consensus how far it is and the front what became of its proposals, puts a received snapshot in the keyspace's place,
 * and compacts old versions when it has nothing better to do.
 */
import type { Logger } from "../monitoring/log.ts";
import type { Timers } from "../platform/timers.ts";
import type { Entry, SnapshotMetadata } from "../raft/core/types.ts";
import type { Membership } from "../raft/engine/types.ts";
import type { Channel } from "../rooms/channel.ts";
import type { PublishedState } from "../rooms/published-state.ts";
import type { Fatal } from "../rooms/worker-host.ts";
import { type AppliedState, type KeyspaceDepot, type MvccStore, StoreError } from "../store/types.ts";
import { type ApplyResult, Fsm } from "./fsm.ts";
import type {
  AnswerMessage,
  ConsensusToStore,
  FrontToStore,
  StoreToConsensus,
  StoreToFront,
} from "./messages.ts";
import { packKeys } from "./row-cache.ts";
import { openKeyspace, readMembership, samePosition } from "./store-open.ts";
import { StoreUpkeep } from "./store-upkeep.ts";

/** One SQLite transaction takes at most this many bytes of entries (unless a single entry is larger) ... */
export const APPLY_BATCH_BYTES = 8 << 20;
/** ... and this many entries. */
export const APPLY_BATCH_ENTRIES = 512;
/** Between two attempts to apply while the disk is full. */
export const DISK_FULL_RETRY_MS = 1_000;

export interface StoreRoomMetrics {
  applied(result: ApplyResult, entries: number, seconds: number): void;
  compacted(rows: number): void;
}

export interface StoreRoomOptions {
  readonly depot: KeyspaceDepot;
  readonly timers: Timers;
  readonly log: Logger;
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
  /** The room cannot go on; the process must end. */
  readonly fatal: Fatal;
}

interface ApplyWork {
  readonly kind: "apply";
  readonly id: number;
  readonly entries: readonly Entry[];
}

interface InstallWork {
  readonly kind: "install";
  readonly id: number;
  readonly snapshot: SnapshotMetadata;
}

type OpenMessage = Extract<ConsensusToStore, { readonly kind: "open" }>;

export class StoreRoom {
  readonly #options: StoreRoomOptions;
  readonly #opened = Promise.withResolvers<AppliedState>();
  /** Set from `open` on, but for the moment in which another keyspace takes its place. */
  #store: MvccStore | undefined;
  #fsm: Fsm | undefined;
  #queue: (ApplyWork | InstallWork)[] = [];
  /** The received snapshot that is in force and that the front has not opened yet. */
  #swapped: InstallWork | undefined;
  /** Position of the last snapshot installed: entries up to there are in it. */
  #installedIndex = 0;
  /** The highest apply id that was answered. */
  #answeredId = 0;
  /** What consensus knows to be durable. */
  #toldDurable = 0;
  /** The highest apply id that a full disk made an installation overtake. */
  #skippedId = 0;
  readonly #upkeep: StoreUpkeep;
  #diskFull = false;
  /** The front knows that the disk is full: one line in its log, not one a second. */
  #fullTold = false;
  #stopped = false;

  constructor(options: StoreRoomOptions) {
    this.#options = options;
    const { timers, log, retentionMs, metrics } = options;
    this.#upkeep = new StoreUpkeep({
      timers,
      log,
      retentionMs,
      compacted: (rows) => metrics.compacted(rows),
      // Between two keyspaces there is none to keep up.
      store: () => (this.#stopped || this.#swapped !== undefined ? undefined : this.#store),
      durable: (store, { index }) => {
        if (index > this.#toldDurable) this.#answer(store, this.#answeredId);
      },
      fail: (what, error) => this.#fail(what, error),
    });
  }

  /** Waits for consensus' `open`. The answer: where the keyspace stands; or the error that kept it from being opened. */
  start(): Promise<AppliedState> {
    const { consensus, front } = this.#options;
    consensus.onBatch((messages) => this.#onConsensus(messages));
    front.onBatch((messages) => this.#onFront(messages));
    return this.#opened.promise;
  }

  #onConsensus(messages: readonly ConsensusToStore[]): void {
    this.#enqueue(messages);
    this.#work();
  }

  #enqueue(messages: readonly ConsensusToStore[]): void {
    for (const message of messages) {
      switch (message.kind) {
        case "open":
          this.#open(message);
          break;
        case "apply":
        case "install":
          this.#queue.push(message);
          break;
        case "hold":
          this.#upkeep.hold(message.streamId);
          this.#options.consensus.send({ kind: "held", streamId: message.streamId });
          break;
        case "unhold":
          this.#upkeep.unhold(message.streamId);
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
        case "reopened":
          this.#onReopened();
          break;
        case "stop":
          this.#stopped = true;
          this.#upkeep.stop();
          this.#store?.close();
          this.#options.front.send({ kind: "stopped" });
          this.#options.front.flush();
          break;
      }
    }
  }

  #open({ marker, bootstrap }: OpenMessage): void {
    const { depot, published, consensus } = this.#options;
    let applied: AppliedState;
    let membership: Membership | undefined;
    try {
      const store = openKeyspace(depot, marker, bootstrap);
      this.#use(store);
      applied = store.appliedState();
      membership = readMembership(store);
      published.publishApplied(applied.index, applied.commitTs);
      this.#toldDurable = applied.index;
      consensus.send({ kind: "opened", applied, ceilingMs: Fsm.ceilingMs(store), membership });
    } catch (error) {
      this.#stopped = true;
      this.#opened.reject(error);
      return;
    }
    this.#upkeep.start();
    this.#opened.resolve(applied);
  }

  #use(store: MvccStore): void {
    this.#store = store;
    this.#fsm = new Fsm(store);
  }

  #fail(what: string, error: unknown): void {
    this.#options.fatal(`${what}: ${String(error)}`, error);
    this.#stopped = true;
  }

  /** Does everything that is queued, and what arrives meanwhile: applies in transactions of bounded size. */
  #work(): void {
    while (this.#queue.length > 0 && this.#swapped === undefined && !this.#stopped && !this.#diskFull) {
      this.#enqueue(this.#options.consensus.drain());
      const next = this.#queue[0];
      if (next?.kind === "install") this.#install(next);
      else this.#applyNext();
    }
  }

  #applyNext(): void {
    const { seconds, metrics } = this.#options;
    const { entries, id, taken } = takeBatch(this.#queue);
    // Nothing else sends them twice: they were committed and on their way when the snapshot came.
    const news = entries.filter((entry) => entry.index > this.#installedIndex);
    const { store, fsm } = this.#inForce();
    const started = seconds();
    try {
      if (news.length > 0) {
        const result = fsm.apply(news);
        metrics.applied(result, news.length, seconds() - started);
        this.#tellFront(result);
      }
      this.#answer(store, id);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === "DISK_FULL")) {
        this.#fail(`apply of ${entries.length} entries failed`, error);
        return;
      }
      this.#queue = [...taken, ...this.#queue];
      this.#skipToInstall();
      this.#waitForSpace();
    }
  }

  /** On a full disk the snapshot goes first: it has what is to be applied before it, and frees the old keyspace. */
  #skipToInstall(): void {
    const at = this.#queue.findIndex((work) => work.kind === "install");
    if (at <= 0) return;
    const skipped = this.#queue.splice(0, at);
    this.#skippedId = skipped.at(-1)?.id ?? this.#skippedId;
  }

  #inForce(): { readonly store: MvccStore; readonly fsm: Fsm } {
    if (this.#store === undefined || this.#fsm === undefined) {
      throw new Error("the store room got work before it was told how to open the keyspace");
    }
    return { store: this.#store, fsm: this.#fsm };
  }

  /** Steps that have been done are not done again: after a full disk it goes on where it was. */
  #install(work: InstallWork): void {
    const { depot, front } = this.#options;
    const { snapshot } = work;
    try {
      if (this.#store !== undefined && this.#store.appliedState().index >= snapshot.index) {
        this.#queue.shift();
        this.#tellInstalled(work);
        return;
      }
      if (this.#store !== undefined && !samePosition(depot.pendingImport(), snapshot)) {
        throw new StoreError("CORRUPT", "the received keyspace is not there any more");
      }
      this.#store?.close();
      this.#store = undefined;
      if (depot.pendingImport() !== undefined) depot.installImport();
      const store = depot.open();
      this.#use(store);
      const applied = store.appliedState();
      if (!samePosition(applied, snapshot)) {
        throw new StoreError("CORRUPT", `the received keyspace is at ${applied.term}/${applied.index}`);
      }
      this.#installedIndex = applied.index;
      this.#queue.shift();
      this.#swapped = work;
      // Holds stay: whoever reads the old keyspace finds out by itself.
      front.send({ kind: "swapped", applied });
      front.flush();
    } catch (error) {
      if (error instanceof StoreError && error.code === "DISK_FULL") this.#waitForSpace();
      else this.#fail(`cannot install the snapshot at ${snapshot.term}/${snapshot.index}`, error);
    }
  }

  /** No reader of the old keyspace is left in the front: what is new may be published. */
  #onReopened(): void {
    const work = this.#swapped;
    if (work === undefined || this.#stopped) return;
    this.#swapped = undefined;
    try {
      this.#options.depot.discardReplaced();
    } catch (error) {
      // It is only space, and the next start tries again.
      this.#options.log.warn("the replaced keyspace cannot be removed", { error: String(error) });
    }
    try {
      this.#tellInstalled(work);
    } catch (error) {
      this.#fail("the installed snapshot cannot be read", error);
      return;
    }
    this.#work();
  }

  #tellInstalled(work: InstallWork): void {
    const { published, consensus, front } = this.#options;
    const { store } = this.#inForce();
    const applied = store.appliedState();
    const membership = readMembership(store);
    if (membership === undefined) throw new StoreError("CORRUPT", "the keyspace has no membership");
    published.publishApplied(applied.index, applied.commitTs);
    // Reads may wait for an index that is in the snapshot, and nothing else may come for a long time.
    front.send({ kind: "applied", applied, answers: [], changed: undefined });
    const ceilingMs = Fsm.ceilingMs(store);
    this.#toldDurable = applied.index;
    consensus.send({ kind: "installed", id: work.id, applied, ceilingMs, membership });
    consensus.flush();
    if (this.#skippedId > this.#answeredId) this.#answer(store, this.#skippedId);
  }

  #tellFront(result: ApplyResult): void {
    const { published, front, origin } = this.#options;
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
  }

  #answer(store: MvccStore, id: number): void {
    const { consensus } = this.#options;
    const durable = store.durableApplied();
    this.#answeredId = id;
    this.#toldDurable = durable.index;
    consensus.send({
      kind: "applied",
      id,
      applied: store.appliedState(),
      durable,
      ceilingMs: Fsm.ceilingMs(store),
    });
    consensus.flush();
  }

  /** Writes wait, reads go on, and the same batch is tried again until there is room. */
  #waitForSpace(): void {
    if (!this.#fullTold) this.#options.front.send({ kind: "disk-full", full: true });
    this.#fullTold = true;
    this.#diskFull = true;
    this.#options.timers.later(() => {
      if (this.#stopped) return;
      this.#diskFull = false;
      this.#work();
      if (this.#diskFull) return;
      this.#fullTold = false;
      this.#options.front.send({ kind: "disk-full", full: false });
    }, DISK_FULL_RETRY_MS);
  }
}

/** Takes what one transaction takes from the front of the queue; at least one message. */
function takeBatch(queue: (ApplyWork | InstallWork)[]): { entries: Entry[]; id: number; taken: ApplyWork[] } {
  const entries: Entry[] = [];
  const taken: ApplyWork[] = [];
  let bytes = 0;
  let id = 0;
  for (let work = queue[0]; work?.kind === "apply"; work = queue[0]) {
    const size = work.entries.reduce((sum, entry) => sum + entry.data.byteLength, 0);
    const fits =
      bytes + size <= APPLY_BATCH_BYTES && entries.length + work.entries.length <= APPLY_BATCH_ENTRIES;
    if (taken.length > 0 && !fits) break;
    queue.shift();
    taken.push(work);
    entries.push(...work.entries);
    bytes += size;
    id = work.id;
  }
  return { entries, id, taken };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
}
