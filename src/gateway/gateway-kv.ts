/**
 * The kv side of one gateway: proposer and linearizable reader with their session, row cache and reader of the
 * keyspace. A GatewayKv receives the messages of consensus and store. A node runs one GatewayKv for each gateway; no
 * gateway knows of another gateway.
 */
import type { Membership } from "../cluster/registry/membership.ts";
import { readMembership } from "../cluster/registry/membership-codec.ts";
import { ReplicatedRows } from "../iam/replicated-rows.ts";
import { GroupClient, NodeKvClient } from "../kv/client.ts";
import { LinearizableReader } from "../kv/linearizable-reader.ts";
import { type Leadership, Proposer } from "../kv/proposer.ts";
import type {
  ConsensusToGateway,
  GatewayToConsensus,
  GatewayToStore,
  StoreToGateway,
} from "../messages/messages.ts";
import type { Logger } from "../monitoring/log.ts";
import type { ThreadMetrics } from "../monitoring/thread-metrics.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import type { AppliedState, KeyspaceReader } from "../store/types.ts";
import type { Channel } from "../threads/channel.ts";
import { checkGroup, ONLY_GROUP } from "../threads/group.ts";
import type { PublishedState } from "../threads/shared-state.ts";
import { type KvClient, KvError } from "../txn/types.ts";

/** Interval at which the gateway checks the deadlines of proposals and reads. */
const EXPIRY_INTERVAL_MS = 100;
/** A replaced keyspace stays open for this time, for the reads that began on the replaced keyspace. */
const RETIRED_READER_MS = 10_000;
/**
 * A read without an answer fails after this time: longer than three elections, and longer than a restart (decision
 * 080).
 */
const READ_DEADLINE_MS = 20_000;
/** A proposal without an answer fails after this time. Clients that bound a whole request use 30 s. */
const PROPOSAL_DEADLINE_MS = 25_000;
/**
 * Deadline of a conditional proposal that may have been applied: a client that repeats the request would conflict
 * with its own write.
 */
const EXACT_DEADLINE_MS = 120_000;

export interface GatewayKvOptions {
  readonly consensus: Channel<ConsensusToGateway, GatewayToConsensus>;
  readonly store: Channel<StoreToGateway, GatewayToStore>;
  /** Opens the keyspace in force at the time of the call. */
  readonly openReader: () => KeyspaceReader;
  readonly published: PublishedState;
  readonly clock: Clock;
  readonly timers: Timers;
  /** 8 random bytes: the client id of this gateway's session. Every start and every gateway has another client id. */
  readonly clientId: Uint8Array;
  readonly maxTxnBytes: number;
  readonly metrics: ThreadMetrics;
  readonly log: Logger;
  /**
   * Receives true when requests can be served (a keyspace is open, and a leader is known), false when requests must
   * wait.
   */
  readonly onServeable?: (serveable: boolean) => void;
}

export class GatewayKv {
  readonly kv: KvClient;
  /** The users as far as this node has applied the rows; a read of the users does not wait. */
  readonly users: ReplicatedRows;
  readonly #options: GatewayKvOptions;
  readonly #proposer: Proposer;
  readonly #reads: LinearizableReader;
  #reader: KeyspaceReader = NOT_OPEN;
  readonly #retired = new Set<KeyspaceReader>();
  #leadership: Leadership = { leading: false, leaderId: 0, term: 0 };
  #readable = false;
  #leaderWaiters: (() => void)[] = [];
  #closed = false;
  #stopExpiry = (): void => {};

  constructor(options: GatewayKvOptions) {
    this.#options = options;
    const { consensus, published, clock, timers, metrics } = options;
    this.#proposer = new Proposer({
      group: ONLY_GROUP,
      consensus,
      published,
      clock,
      timers,
      clientId: options.clientId,
      maxTxnBytes: options.maxTxnBytes,
      deadlineMs: PROPOSAL_DEADLINE_MS,
      exactDeadlineMs: EXACT_DEADLINE_MS,
      onSettled: proposalMetrics(metrics),
    });
    this.users = new ReplicatedRows((error) =>
      options.log.error("a row about users cannot be read, and counts as none", { error }),
    );
    const hit = metrics.counter("leaseReads").labels({ outcome: "hit" });
    const miss = metrics.counter("leaseReads").labels({ outcome: "miss" });
    this.#reads = new LinearizableReader({
      group: ONLY_GROUP,
      reader: this.#reader,
      published: published.group(ONLY_GROUP),
      consensus,
      clock,
      deadlineMs: READ_DEADLINE_MS,
      onFence: (outcome) => (outcome === "hit" ? hit : miss).inc(),
    });
    this.kv = new NodeKvClient(new GroupClient(this.#proposer, this.#reads));
    const pending = metrics.gauge("raftProposalsPending").labels();
    const live = metrics.gauge("payloadMemoryBytes").labels({ state: "live" });
    const idle = metrics.gauge("payloadMemoryBytes").labels({ state: "idle" });
    metrics.onCollect(() => {
      const payload = this.#proposer.payloadBytes;
      live.set(payload.live);
      idle.set(payload.idle);
      pending.set(this.#proposer.pending);
    });
  }

  get leadership(): Leadership {
    return this.#leadership;
  }

  start(): void {
    const { consensus, store, timers } = this.#options;
    consensus.onBatch((messages) => messages.forEach((message) => this.#onConsensus(message)));
    store.onBatch((messages) => messages.forEach((message) => this.#onStore(message)));
    const expire = (): void => {
      this.#proposer.expire();
      this.#reads.expire();
    };
    this.#stopExpiry = timers.every(expire, EXPIRY_INTERVAL_MS);
  }

  /**
   * Opens the keyspace, so that reads may begin. A node that bootstraps or joins a cluster has no keyspace before.
   */
  keyspaceOpen(): void {
    if (this.#reader !== NOT_OPEN) return;
    this.#openReader();
    this.#tellServeable();
  }

  /** The membership that this node has applied; undefined while the keyspace is empty. */
  membership(): Membership | undefined {
    return readMembership(this.#reader);
  }

  /** Whether this node's own copy has a live row of `key`. @throws KvError while the keyspace is not open. */
  hasLocally(key: Uint8Array): boolean {
    return this.#reads.local(key) !== undefined;
  }

  /** A linearizable read has succeeded since the start: a leader is known, and this node can follow it. */
  get readable(): boolean {
    return this.#readable;
  }

  /** Resolves with the first linearizable read that succeeds; rejects only when this gateway is closed. */
  async whenReadable(): Promise<void> {
    while (!this.#readable) {
      // Without a leader, consensus drops a read request, and the reader repeats the request only half a second
      // later.
      await this.#whenLeaderKnown();
      if (this.#closed) throw new KvError("CLOSED", "this node is shutting down");
      try {
        await this.kv.system.snapshot();
        this.#readable = true;
      } catch (error) {
        if (!(error instanceof KvError) || error.code === "CLOSED") throw error;
        this.#options.log.warn("no linearizable read yet", { reason: error.message });
      }
    }
  }

  /**
   * Callers that wait for an answer get KvError CLOSED. The keyspace reader stays open: the node closes the reader
   * last, with `closeReader`.
   */
  close(): void {
    this.#closed = true;
    this.#stopExpiry();
    this.#proposer.close();
    this.#reads.close();
    this.#wakeLeaderWaiters();
  }

  closeReader(): void {
    for (const reader of [this.#reader, ...this.#retired]) reader.close();
    this.#retired.clear();
  }

  #openReader(): void {
    this.#reader = this.#options.openReader();
    this.#reads.reopen(this.#reader);
    this.users.load(this.#reader);
  }

  #tellServeable(): void {
    this.#options.onServeable?.(this.#leadership.leaderId !== 0 && this.#reader !== NOT_OPEN);
  }

  #whenLeaderKnown(): Promise<void> {
    if (this.#leadership.leaderId !== 0 || this.#closed) return Promise.resolve();
    return new Promise((resolve) => this.#leaderWaiters.push(resolve));
  }

  #wakeLeaderWaiters(): void {
    for (const wake of this.#leaderWaiters.splice(0)) wake();
  }

  #onConsensus(message: ConsensusToGateway): void {
    if (message.kind !== "released") checkGroup(message.group);
    switch (message.kind) {
      case "released":
        this.#proposer.onReleased(message.slabIds);
        break;
      case "dropped":
        this.#proposer.onDropped(message.sequences, message.reason);
        break;
      case "read-state":
        this.#reads.onReadState(message.id, message.index);
        break;
      case "leadership":
        this.#leadership = message;
        this.#proposer.onLeadership(message);
        this.#tellServeable();
        if (message.leaderId !== 0) this.#wakeLeaderWaiters();
        break;
    }
  }

  #onStore(message: StoreToGateway): void {
    checkGroup(message.group);
    switch (message.kind) {
      case "applied":
        // The cache is updated before the answers are delivered: a client that has the answer to its write must not
        // read the row from before the write.
        this.#reads.onApplied(message.applied, message.changed);
        // `#openReader` loads the rows that were applied before the keyspace was open.
        if (this.#reader !== NOT_OPEN) {
          this.users.applied(this.#reader, message.changed);
        }
        this.#proposer.onAnswers(message.answers);
        break;
      case "keyspace-replaced":
        this.#reopen(message.applied);
        break;
    }
  }

  /**
   * A snapshot replaced the keyspace. Reads that still run on the old keyspace have RETIRED_READER_MS to end. The new
   * keyspace also holds the chunks that those reads stream.
   */
  #reopen(applied: AppliedState): void {
    const old = this.#reader;
    this.#openReader();
    this.#retired.add(old);
    this.#options.timers.later(() => {
      if (this.#retired.delete(old)) old.close();
    }, RETIRED_READER_MS);
    this.#options.store.send({ kind: "reader-reopened", group: ONLY_GROUP });
    this.#options.log.info("a snapshot took the keyspace's place", { applied: applied.index });
  }
}

function notOpen(): never {
  throw new KvError("UNAVAILABLE", "the keyspace of this node is not open yet");
}

const NOT_OPEN: KeyspaceReader = {
  getAt: notOpen,
  getMetaAt: notOpen,
  scanAt: notOpen,
  latestCommitTs: notOpen,
  appliedState: notOpen,
  getState: notOpen,
  close: () => {},
};

function proposalMetrics(
  metrics: ThreadMetrics,
): (outcome: "applied" | "refused" | "failed", seconds: number) => void {
  const seconds = metrics.histogram("raftProposalSeconds").labels();
  const outcomes = {
    applied: metrics.counter("raftProposals").labels({ outcome: "applied" }),
    refused: metrics.counter("raftProposals").labels({ outcome: "refused" }),
    failed: metrics.counter("raftProposals").labels({ outcome: "failed" }),
  };
  return (outcome, took) => {
    outcomes[outcome].inc();
    seconds.observe(took);
  };
}
