/**
 * The store thread: the one writer of the keyspace. Opens it when consensus says how, applies committed entries, tells
 * consensus how far it is and each gateway what became of its proposals, puts a received snapshot in the keyspace's place,
 * and compacts old versions when it has nothing better to do.
 */

import type { Membership } from "../cluster/registry/membership.ts";
import { readMembership } from "../cluster/registry/membership-codec.ts";
import { packKeys } from "../messages/changed-keys.ts";
import type {
  AnswerMessage,
  ConsensusToStore,
  ControlToStore,
  GatewayToStore,
  StoreToConsensus,
  StoreToControl,
  StoreToGateway,
} from "../messages/messages.ts";
import type { Logger } from "../monitoring/log.ts";
import { sameBytes } from "../platform/bytes.ts";
import type { Timers } from "../platform/timers.ts";
import { samePosition } from "../store/positions.ts";
import { type AppliedState, type KeyspaceGenerations, type MvccStore, StoreError } from "../store/types.ts";
import type { Channel } from "../threads/channel.ts";
import { checkGroup, ONLY_GROUP } from "../threads/group.ts";
import type { PublishedGroup, PublishedState } from "../threads/shared-state.ts";
import type { Fatal } from "../threads/worker-host.ts";
import { type ApplyWork, type InstallWork, takeBatch } from "./apply-queue.ts";
import { StoreMaintenance } from "./maintenance.ts";
import { openKeyspace } from "./open-keyspace.ts";
import { type ApplyResult, Fsm } from "./state-machine.ts";

/** Between two attempts to apply while the disk is full. */
const DISK_FULL_RETRY_MS = 1_000;

export interface StoreThreadMetrics {
  applied(result: ApplyResult, entries: number, seconds: number): void;
  compacted(rows: number): void;
}

/** A gateway as the store thread sees it: it gets the answers to its own proposals, and all changes. */
export interface StoreGateway {
  readonly channel: Channel<GatewayToStore, StoreToGateway>;
  /** 8 bytes: the client id in the gateway's proposals. */
  readonly clientId: Uint8Array;
}

export interface StoreThreadOptions {
  readonly generations: KeyspaceGenerations;
  readonly timers: Timers;
  readonly log: Logger;
  readonly published: PublishedState;
  readonly consensus: Channel<ConsensusToStore, StoreToConsensus>;
  readonly control: Channel<ControlToStore, StoreToControl>;
  readonly gateways: readonly StoreGateway[];
  /** Old versions are kept this long (in commit time). */
  readonly retentionMs: number;
  readonly metrics: StoreThreadMetrics;
  /** Seconds, monotonic; for metrics only. */
  readonly seconds: () => number;
  /** The thread cannot go on; the process must end. */
  readonly fatal: Fatal;
}

type OpenMessage = Extract<ConsensusToStore, { readonly kind: "open" }>;

export class StoreThread {
  readonly #options: StoreThreadOptions;
  readonly #published: PublishedGroup;
  readonly #opened = Promise.withResolvers<AppliedState>();
  /** Set from `open` on, but for the moment in which another keyspace takes its place. */
  #store: MvccStore | undefined;
  #fsm: Fsm | undefined;
  #queue: (ApplyWork | InstallWork)[] = [];
  /** The received snapshot that is in force and that some gateway has not opened yet. */
  #swapped: InstallWork | undefined;
  /** Gateways that read from the replaced keyspace. */
  readonly #readingOld = new Set<StoreGateway>();
  /** Position of the last snapshot installed: entries up to there are in it. */
  #installedIndex = 0;
  /** The highest apply id that was answered. */
  #answeredId = 0;
  /** What consensus knows to be durable. */
  #toldDurable = 0;
  /** The highest apply id that a full disk made an installation overtake. */
  #skippedId = 0;
  readonly #maintenance: StoreMaintenance;
  #diskFull = false;
  /** Control knows that the disk is full: one line in its log, not one a second. */
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
    const { consensus, control, gateways } = this.#options;
    consensus.onBatch((messages) => this.#onConsensus(messages));
    control.onBatch((messages) => {
      if (messages.some(({ kind }) => kind === "stop")) this.#stop();
    });
    for (const gateway of gateways) {
      gateway.channel.onBatch((messages) => {
        for (const { group } of messages) {
          checkGroup(group);
          this.#onReopened(gateway);
        }
      });
    }
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
        this.#tellGateways(result);
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
      throw new Error("the store thread got work before it was told how to open the keyspace");
    }
    return { store: this.#store, fsm: this.#fsm };
  }

  /** Steps that have been done are not done again: after a full disk it goes on where it was. */
  #install(work: InstallWork): void {
    const { generations, gateways } = this.#options;
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
      this.#swapped = work;
      // Pins stay: whoever reads the old keyspace finds out by itself.
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

  /** Once no gateway reads from the old keyspace, what is new may be published. */
  #onReopened(gateway: StoreGateway): void {
    this.#readingOld.delete(gateway);
    const work = this.#swapped;
    if (work === undefined || this.#stopped || this.#readingOld.size > 0) return;
    this.#swapped = undefined;
    try {
      this.#options.generations.discardReplaced();
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
    const { consensus, gateways } = this.#options;
    const { store } = this.#inForce();
    const applied = store.appliedState();
    const membership = readMembership(store);
    if (membership === undefined) throw new StoreError("CORRUPT", "the keyspace has no membership");
    this.#published.publishApplied(applied.index, applied.commitTs);
    // Reads may wait for an index that is in the snapshot, and nothing else may come for a long time.
    for (const { channel } of gateways)
      channel.send({ kind: "applied", group: ONLY_GROUP, applied, answers: [], changed: undefined });
    const ceilingMs = Fsm.ceilingMs(store);
    this.#toldDurable = applied.index;
    consensus.send({ kind: "installed", group: ONLY_GROUP, id: work.id, applied, ceilingMs, membership });
    consensus.flush();
    if (this.#skippedId > this.#answeredId) this.#answer(store, this.#skippedId);
  }

  #tellGateways(result: ApplyResult): void {
    const { gateways } = this.#options;
    const applied: AppliedState = result.position;
    // Readers first: whoever is told that its write is applied must be able to read it.
    this.#published.publishApplied(applied.index, applied.commitTs);
    const changed = result.changed === undefined ? undefined : packKeys(result.changed);
    for (const { channel, clientId } of gateways) {
      const answers: AnswerMessage[] = [];
      for (const { origin, sequence, outcome } of result.answers) {
        if (sameBytes(origin, clientId)) answers.push({ sequence, outcome });
      }
      channel.send({ kind: "applied", group: ONLY_GROUP, applied, answers, changed });
      channel.flush();
    }
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

  /** Writes wait, reads go on, and the same batch is tried again until there is space. */
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
