/**
 * The store thread: the one writer of the keyspace. The thread opens the keyspace when consensus says how, and
 * applies committed entries. It reports its position to consensus, and to each gateway the outcomes of the gateway's
 * proposals. It replaces the keyspace with a received snapshot, and compacts old versions when it has no other work.
 */

import type { Membership } from "../cluster/registry/membership.ts";
import { readMembership } from "../cluster/registry/membership-codec.ts";
import type { BlobToStore, StoreToBlob } from "../messages/blobs.ts";
import type {
  ConsensusToStore,
  ControlToStore,
  StoreToConsensus,
  StoreToControl,
} from "../messages/messages.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Timers } from "../platform/timers.ts";
import { samePosition } from "../store/positions.ts";
import { type AppliedState, type KeyspaceGenerations, type MvccStore, StoreError } from "../store/types.ts";
import type { Channel } from "../threads/channel.ts";
import { checkGroup, ONLY_GROUP } from "../threads/group.ts";
import type { PublishedGroup, PublishedState } from "../threads/shared-state.ts";
import type { Fatal } from "../threads/worker-host.ts";
import { type StoreGateway, tellBlobThread, tellGateways } from "./applied.ts";
import { type ApplyWork, type InstallWork, takeBatch } from "./apply-queue.ts";
import { StoreMaintenance } from "./maintenance.ts";
import { openKeyspace } from "./open-keyspace.ts";
import { type ApplyResult, Fsm } from "./state-machine.ts";

/** Time between two attempts to apply while the disk is full. */
const DISK_FULL_RETRY_MS = 1_000;

export interface StoreThreadMetrics {
  applied(result: ApplyResult, entries: number, seconds: number): void;
  compacted(rows: number): void;
}

export interface StoreThreadOptions {
  readonly generations: KeyspaceGenerations;
  readonly timers: Timers;
  readonly log: Logger;
  readonly published: PublishedState;
  readonly consensus: Channel<ConsensusToStore, StoreToConsensus>;
  readonly control: Channel<ControlToStore, StoreToControl>;
  readonly gateways: readonly StoreGateway[];
  /** The blob thread, on a node that has one: it learns of references and sweeps, and reads the keyspace too. */
  readonly blob?: Channel<BlobToStore, StoreToBlob> | undefined;
  /** Old versions are kept this long (in commit time). */
  readonly retentionMs: number;
  readonly metrics: StoreThreadMetrics;
  /** Seconds, monotonic; for metrics only. */
  readonly seconds: () => number;
  /** Reports that the thread cannot continue; the process must end. */
  readonly fatal: Fatal;
}

type OpenMessage = Extract<ConsensusToStore, { readonly kind: "open" }>;

/** Streams of snapshots have positive ids. */
const BACKUP_STREAM = -1;

export class StoreThread {
  readonly #options: StoreThreadOptions;
  readonly #published: PublishedGroup;
  readonly #opened = Promise.withResolvers<AppliedState>();
  /** Set from `open` on, except while another keyspace replaces it. */
  #store: MvccStore | undefined;
  #fsm: Fsm | undefined;
  #queue: (ApplyWork | InstallWork)[] = [];
  /** The received snapshot that is in force and that some gateway has not opened yet. */
  #installing: InstallWork | undefined;
  /** Gateways, and the blob thread, that still read the replaced keyspace. */
  readonly #readingOld = new Set<StoreGateway | "blob">();
  /** Position of the last installed snapshot: the snapshot contains all entries up to this index. */
  #installedIndex = 0;
  /** The highest apply id that the store thread answered. */
  #answeredId = 0;
  /** The index that consensus knows to be durable. */
  #toldDurable = 0;
  /** The highest apply id that an installation skipped because the disk was full. */
  #skippedId = 0;
  readonly #maintenance: StoreMaintenance;
  #diskFull = false;
  /** True when control knows that the disk is full: control logs one line, not one per second. */
  #fullTold = false;
  #stopped = false;

  constructor(options: StoreThreadOptions) {
    this.#options = options;
    this.#published = options.published.group(ONLY_GROUP);
    const { timers, log, retentionMs, metrics } = options;
    this.#maintenance = new StoreMaintenance({
      timers,
      log,
      retentionMs,
      compacted: (rows) => metrics.compacted(rows),
      // While one keyspace replaces another, maintenance has no keyspace to work on.
      store: () => (this.#stopped || this.#installing !== undefined ? undefined : this.#store),
      durable: (store, { index }) => {
        if (index > this.#toldDurable) this.#answer(store, this.#answeredId);
      },
      fail: (what, error) => this.#fail(what, error),
    });
  }

  /**
   * Waits for consensus' `open`. Resolves with the position of the keyspace, or rejects with the error of opening
   * it.
   */
  start(): Promise<AppliedState> {
    const { consensus, control, gateways } = this.#options;
    consensus.onBatch((messages) => this.#onConsensus(messages));
    control.onBatch((messages) => {
      for (const message of messages) this.#onControl(message);
    });
    for (const gateway of gateways) {
      gateway.channel.onBatch((messages) => {
        for (const { group } of messages) {
          checkGroup(group);
          this.#onReopened(gateway);
        }
      });
    }
    this.#options.blob?.onBatch((messages) => {
      for (const _ of messages) this.#onReopened("blob");
    });
    return this.#opened.promise;
  }

  #onControl(message: ControlToStore): void {
    if (message.kind === "stop") this.#stop();
    else if (message.keep) this.#maintenance.hold(BACKUP_STREAM);
    else this.#maintenance.unpin(BACKUP_STREAM);
  }

  #onConsensus(messages: readonly ConsensusToStore[]): void {
    this.#enqueue(messages);
    this.#work();
  }

  #enqueue(messages: readonly ConsensusToStore[]): void {
    for (const message of messages) {
      switch (message.kind) {
        case "open":
          checkGroup(message.group);
          this.#open(message);
          break;
        case "apply":
        case "install":
          checkGroup(message.group);
          this.#queue.push(message);
          break;
        case "pin":
          this.#maintenance.hold(message.streamId);
          this.#options.consensus.send({ kind: "pinned", streamId: message.streamId });
          break;
        case "unpin":
          this.#maintenance.unpin(message.streamId);
          break;
        case "stop":
          this.#stopped = true;
          break;
      }
    }
  }

  #stop(): void {
    this.#stopped = true;
    this.#maintenance.stop();
    this.#store?.close();
    this.#options.control.send({ kind: "stopped" });
    this.#options.control.flush();
  }

  #open({ marker, bootstrap }: OpenMessage): void {
    const { generations, consensus } = this.#options;
    let applied: AppliedState;
    let membership: Membership | undefined;
    try {
      const store = openKeyspace(generations, marker, bootstrap);
      this.#use(store);
      applied = store.appliedState();
      membership = readMembership(store);
      this.#published.publishApplied(applied.index, applied.commitTs);
      this.#toldDurable = applied.index;
      consensus.send({
        kind: "opened",
        group: ONLY_GROUP,
        applied,
        ceilingMs: Fsm.ceilingMs(store),
        membership,
      });
    } catch (error) {
      this.#stopped = true;
      this.#opened.reject(error);
      return;
    }
    this.#maintenance.start();
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

  /** Does all queued work, and the work that arrives meanwhile; applies entries in transactions of limited size. */
  #work(): void {
    while (this.#queue.length > 0 && this.#installing === undefined && !this.#stopped && !this.#diskFull) {
      this.#enqueue(this.#options.consensus.drain());
      const next = this.#queue[0];
      if (next?.kind === "install") this.#install(next);
      else this.#applyNext();
    }
  }

  #applyNext(): void {
    const { seconds, metrics } = this.#options;
    const { entries, id, taken } = takeBatch(this.#queue);
    // The snapshot contains these entries already: they were committed and queued when the snapshot arrived.
    const news = entries.filter((entry) => entry.index > this.#installedIndex);
    const { store, fsm } = this.#inForce();
    const started = seconds();
    try {
      if (news.length > 0) {
        const result = fsm.apply(news);
        metrics.applied(result, news.length, seconds() - started);
        // The position is published before the answers: a gateway that learns of its applied write must be able to
        // read it.
        this.#published.publishApplied(result.position.index, result.position.commitTs);
        tellGateways(this.#options.gateways, result);
        tellBlobThread(this.#options.blob, result);
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

  /**
   * On a full disk the snapshot goes first: it contains the entries before it, and its installation frees the old
   * keyspace.
   */
  #skipToInstall(): void {
    const at = this.#queue.findIndex((work) => work.kind === "install");
    if (at <= 0) return;
    const skipped = this.#queue.splice(0, at);
    this.#skippedId = skipped.at(-1)?.id ?? this.#skippedId;
  }

  #inForce(): { readonly store: MvccStore; readonly fsm: Fsm } {
    if (this.#store === undefined || this.#fsm === undefined) {
      throw new Error("the store thread got work before it was told how to open the keyspace");
    }
    return { store: this.#store, fsm: this.#fsm };
  }

  /** Completed steps are not repeated: after a full disk the installation continues where it stopped. */
  #install(work: InstallWork): void {
    const { generations, gateways, blob } = this.#options;
    const { snapshot } = work;
    try {
      if (this.#store !== undefined && this.#store.appliedState().index >= snapshot.index) {
        this.#queue.shift();
        this.#tellInstalled(work);
        return;
      }
      if (this.#store !== undefined && !samePosition(generations.pendingImport(), snapshot)) {
        throw new StoreError("CORRUPT", "the received keyspace is not there any more");
      }
      this.#store?.close();
      this.#store = undefined;
      if (generations.pendingImport() !== undefined) generations.installImport();
      const store = generations.open();
      this.#use(store);
      const applied = store.appliedState();
      if (!samePosition(applied, snapshot)) {
        throw new StoreError("CORRUPT", `the received keyspace is at ${applied.term}/${applied.index}`);
      }
      this.#installedIndex = applied.index;
      this.#queue.shift();
      this.#installing = work;
      if (blob !== undefined) {
        this.#readingOld.add("blob");
        blob.send({ kind: "keyspace-replaced" });
        blob.flush();
      }
      // Pins stay: a stream that reads the old keyspace fails by itself.
      for (const gateway of gateways) {
        this.#readingOld.add(gateway);
        gateway.channel.send({ kind: "keyspace-replaced", group: ONLY_GROUP, applied });
        gateway.channel.flush();
      }
    } catch (error) {
      if (error instanceof StoreError && error.code === "DISK_FULL") this.#waitForSpace();
      else this.#fail(`cannot install the snapshot at ${snapshot.term}/${snapshot.index}`, error);
    }
  }

  /** The new keyspace may be published when no gateway reads the old one. */
  #onReopened(gateway: StoreGateway | "blob"): void {
    this.#readingOld.delete(gateway);
    const work = this.#installing;
    if (work === undefined || this.#stopped || this.#readingOld.size > 0) return;
    this.#installing = undefined;
    try {
      this.#options.generations.discardReplaced();
    } catch (error) {
      // The replaced keyspace costs only space, and the next start tries to remove it again.
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
    const { consensus, gateways } = this.#options;
    const { store } = this.#inForce();
    const applied = store.appliedState();
    const membership = readMembership(store);
    if (membership === undefined) throw new StoreError("CORRUPT", "the keyspace has no membership");
    this.#published.publishApplied(applied.index, applied.commitTs);
    // Reads may wait for an index that is in the snapshot, and the next entry may come much later.
    for (const { channel } of gateways)
      channel.send({ kind: "applied", group: ONLY_GROUP, applied, answers: [], changed: undefined });
    const ceilingMs = Fsm.ceilingMs(store);
    this.#toldDurable = applied.index;
    consensus.send({ kind: "installed", group: ONLY_GROUP, id: work.id, applied, ceilingMs, membership });
    consensus.flush();
    if (this.#skippedId > this.#answeredId) this.#answer(store, this.#skippedId);
  }

  #answer(store: MvccStore, id: number): void {
    const { consensus } = this.#options;
    const durable = store.durableApplied();
    this.#answeredId = id;
    this.#toldDurable = durable.index;
    consensus.send({
      kind: "applied",
      group: ONLY_GROUP,
      id,
      applied: store.appliedState(),
      durable,
      ceilingMs: Fsm.ceilingMs(store),
    });
    consensus.flush();
  }

  /** Writes wait and reads continue. The thread tries the same batch again until the disk has space. */
  #waitForSpace(): void {
    if (!this.#fullTold) this.#options.control.send({ kind: "disk-full", full: true });
    this.#fullTold = true;
    this.#diskFull = true;
    this.#options.timers.later(() => {
      if (this.#stopped) return;
      this.#diskFull = false;
      this.#work();
      if (this.#diskFull) return;
      this.#fullTold = false;
      this.#options.control.send({ kind: "disk-full", full: false });
    }, DISK_FULL_RETRY_MS);
  }
}
