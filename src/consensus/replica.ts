/**
 * This node's replica of one Raft group: the engine and its helpers, made once for the group. The replica handles
 * messages of log, store, snapshot thread, gateways and peers. The consensus thread checks the sender before it
 * passes a message.
 */
import { applyMembershipEntry, type Membership, NO_MEMBERSHIP } from "../cluster/registry/membership.ts";
import { isMember } from "../cluster/view.ts";
import type { ReceivedMemory } from "../memory/received-buffers.ts";
import type { ProposeMessage, SnapshotToConsensus, StoreToConsensus } from "../messages/messages.ts";
import type { Lane, Peer, PeerMessage, RaftEnvelope } from "../peer/types.ts";
import { PLANTED } from "../platform/planted.ts";
import type { Entry, Status } from "../raft/core/index.ts";
import type { Engine } from "../raft/engine/engine.ts";
import type { EngineOptions } from "../raft/engine/types.ts";
import { SnapshotStreams } from "../snapshots/streams.ts";
import type { AppliedState } from "../store/types.ts";
import type { GroupId } from "../threads/group.ts";
import type { PublishedGroup } from "../threads/shared-state.ts";
import { physicalMs } from "../txn/hlc.ts";
import type { Forwarding } from "./forwarding.ts";
import type { GatewayLinks } from "./gateway-links.ts";
import { LogCompactor } from "./log-compactor.ts";
import { type ConsensusThreadOptions, retainBytesOf } from "./options.ts";
import { ForeignProposalError, Proposals, viewsOf } from "./proposals.ts";
import { readContext, readOf } from "./read-context.ts";
import { observationOf } from "./status.ts";

/** Callbacks that the replica passes to the engine. `restoreGroup` supplies the rest of EngineOptions. */
export type EngineHooks = Pick<
  EngineOptions<Membership>,
  | "append"
  | "apply"
  | "install"
  | "send"
  | "sendSnapshot"
  | "readLog"
  | "onEvicted"
  | "onLeadership"
  | "applyMembership"
  | "onMembership"
  | "onReadState"
  | "mayElect"
>;

/** Recovered state of log and keyspace, and the function that makes the group's engine. */
export interface RecoveredGroup {
  readonly applied: AppliedState;
  readonly ceilingMs: number;
  readonly membership: Membership;
  readonly makeEngine: (hooks: EngineHooks) => Engine<Membership>;
}

export interface ReplicaOptions
  extends Pick<
    ConsensusThreadOptions,
    "clock" | "timers" | "logger" | "metrics" | "raft" | "peer" | "log" | "store" | "snapshots"
  > {
  readonly group: GroupId;
  readonly ownId: number;
  readonly published: PublishedGroup;
  readonly gateways: GatewayLinks;
  readonly memory: ReceivedMemory;
  readonly forwarding: Forwarding;
  /** Identifies the reads of this start of the process. */
  readonly life: Uint8Array;
  readonly send: (to: number, message: PeerMessage) => boolean;
  /** Runs a callback under the thread's error handling: an error stops the node. */
  readonly guard: (work: () => void) => void;
  readonly mayElect: () => boolean;
  /** Called before a Raft message is stepped. */
  readonly onHeard: (envelope: RaftEnvelope) => void;
  readonly onMembership: (membership: Membership) => void;
  readonly onLeadership: (leading: boolean, leaderId: number, term: number) => void;
}

export class Replica {
  readonly streams: SnapshotStreams;
  readonly compactor: LogCompactor;
  readonly #options: ReplicaOptions;
  readonly #proposals: Proposals;
  #engine: Engine<Membership> | undefined;
  #membership: Membership = NO_MEMBERSHIP;
  #applied: AppliedState = { index: 0, term: 0, commitTs: 0n };
  #ceilingMs = 0;
  #leads = false;
  #draining = false;
  #stopped = false;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    const { clock, raft, log, send } = options;
    this.#proposals = new Proposals({
      clock,
      append: (proposals) => this.#engine?.propose(proposals) ?? false,
      onReleased: (gateway, slabIds) => options.gateways.tell(gateway, { kind: "released", slabIds }),
      // The core's own bound counts entries until their commit; a store that stalls needs a bound too. Entries that
      // are only retained for followers must not use up the bound, so the retained bytes are added.
      maxHeldBytes: raft.maxUncommittedBytes + retainBytesOf(options),
    });
    this.compactor = new LogCompactor({
      clock,
      // A sole voter has no follower, so the log keeps no entry that is durable in the keyspace.
      keepEntries: () => (this.#membership.members.length > 1 ? raft.snapshotCount : 0),
      confState: () => this.#membership.confState,
      compact: (marker, throughIndex) => log.compact(marker, throughIndex),
    });
    this.streams = new SnapshotStreams({
      ...options,
      send,
      compactor: this.compactor,
      commitIndex: () => this.#engine?.status().commit ?? 0,
      nameOf: (id) => this.#membership.members.find((member) => member.id === id)?.name ?? String(id),
      report: (to, outcome) => {
        if (!this.#stopped) this.#engine?.reportSnapshot(to, outcome);
      },
      step: (message) => this.step({ message, leaseRound: 0, applied: 0 }),
    });
  }

  /** undefined until this node takes part, and after `silence`. */
  get engine(): Engine<Membership> | undefined {
    return this.#engine;
  }

  get membership(): Membership {
    return this.#membership;
  }

  /** This node begins to take part in the group. */
  run({ applied, ceilingMs, membership, makeEngine }: RecoveredGroup): void {
    this.#setApplied(applied, ceilingMs);
    this.#setMembership(membership);
    this.#engine = makeEngine(this.#hooks());
    if (this.#draining) this.#engine.setDraining(true);
    this.#engine.start();
  }

  /** See Engine.setDraining; may be called before `run`. */
  setDraining(draining: boolean): void {
    this.#draining = draining;
    this.#engine?.setDraining(draining);
  }

  /** This node no longer takes part in the group. */
  silence(): void {
    this.#engine = undefined;
    this.#options.published.publishLease(0, 0);
    this.streams.cancel(() => true, "this node ends");
  }

  stop(): void {
    this.#stopped = true;
    this.streams.stop();
  }

  /** @param describe the core's status, with who is active */
  observe(describe: (engine: Engine<Membership>) => Status): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    const { clock, published, metrics } = this.#options;
    const { hlc } = this.#proposals;
    metrics.observe(
      observationOf(engine, this.#membership, describe(engine), {
        hlcPhysicalMs: physicalMs(hlc.last),
        hlcCeilingMs: hlc.ceilingMs,
        hlcSkewMs: hlc.skewMs(),
        leaseValid: published.leaseUntilUs > clock.monotonicMs() * 1000,
      }),
    );
  }

  // ---- gateways ------------------------------------------------------------------------------------------------------

  propose(gateway: number, message: ProposeMessage): void {
    const { sequences, slabId } = message;
    const { group, metrics, ownId, gateways, forwarding } = this.#options;
    const leaderId = this.#engine?.status().lead ?? 0;
    if (this.#engine?.leading === true && leaderId === ownId) {
      if (this.#proposals.own(gateway, message)) {
        metrics.proposed(sequences.length);
        return;
      }
      gateways.tell(gateway, { kind: "released", slabIds: sequences.map(() => slabId) });
      const handingOver = this.#engine.status().leadTransferee !== 0;
      gateways.drop(group, gateway, sequences, handingOver ? "no-leader" : "busy");
      return;
    }
    const elsewhere = leaderId !== 0 && leaderId !== ownId;
    const sent = elsewhere && forwarding.propose(leaderId, gateway, sequences, viewsOf(message));
    // No slab of the message is needed any more: either the transport has copied the message, or nothing was sent.
    gateways.tell(gateway, { kind: "released", slabIds: sequences.map(() => slabId) });
    if (sent) metrics.forwarded(sequences.length);
    else gateways.drop(group, gateway, sequences, "no-leader");
  }

  /** Starts a read-index round. Without a leader no answer comes, and the gateway asks again. */
  readIndex(gateway: number, id: number): void {
    if (this.#engine === undefined) return;
    this.#options.metrics.readIndexRound();
    this.#engine.readIndex(readContext(this.#options.life, { gateway, id }));
  }

  // ---- log, store and snapshot thread ----------------------------------------------------------------------------------

  /** The log thread has synced everything up to this append to the disk. */
  onAppended(id: number): void {
    this.#engine?.onAppended(id);
    this.#engine?.work();
  }

  onStore(message: Extract<StoreToConsensus, { readonly kind: "applied" | "installed" }>): void {
    switch (message.kind) {
      case "applied": {
        const { durable, applied } = message;
        this.#setApplied(applied, message.ceilingMs);
        this.#engine?.onApplied(message.id, applied);
        const safe = PLANTED.compactBeyondDurable ? applied : durable;
        this.compactor.durable(safe.index, safe.term);
        break;
      }
      case "installed":
        this.#setApplied(message.applied, message.ceilingMs);
        this.streams.onInstalled();
        this.#engine?.onInstalled(message.id, message.applied, message.membership);
        break;
    }
  }

  onSnapshots(message: SnapshotToConsensus): void {
    this.streams.onMessages(message);
  }

  #readLog(low: number, high: number, maxBytes: number): void {
    const { log, guard } = this.#options;
    const answer = (entries: readonly Entry[]): void =>
      guard(() => {
        this.#engine?.onLogRead(low, entries);
        this.#engine?.work();
      });
    // The log may have dropped these entries meanwhile. The core then finds that the follower needs a snapshot.
    log.read(low, high, maxBytes).then(answer, () => answer([]));
  }

  // ---- peers ---------------------------------------------------------------------------------------------------------

  step(envelope: RaftEnvelope): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    this.#options.onHeard(envelope);
    const refusal = engine.receive(envelope);
    if (refusal !== null) {
      const { from } = envelope.message;
      this.#options.logger.debug("message not taken", { from, code: refusal.code, why: refusal.message });
    }
    engine.work();
  }

  onForwarded(from: Peer, requestId: number, entries: readonly Uint8Array[]): void {
    const heard = this.#engine?.leading === true && isMember(this.#membership, from.id);
    const taken = heard && this.#tookForeign(from, entries);
    if (taken) this.#options.metrics.proposed(entries.length);
    this.#engine?.work();
    this.#options.send(from.id, { kind: "propose-reply", requestId, taken });
  }

  /** Refuses bad proposals with a warning: the fault is the other node's, so the leader must not stop. */
  #tookForeign(from: Peer, entries: readonly Uint8Array[]): boolean {
    try {
      return this.#proposals.foreign(entries);
    } catch (error) {
      if (!(error instanceof ForeignProposalError)) throw error;
      this.#options.logger.warn("forwarded proposals refused", { from: from.name, reason: error.message });
      return false;
    }
  }

  onUnreachable(peer: number, lane: Lane): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    if (lane === "snapshot") this.streams.onLost(peer);
    else if (lane !== "other") engine.reportUnreachable(peer);
    engine.work();
  }

  // ---- the engine ----------------------------------------------------------------------------------------------------

  #hooks(): EngineHooks {
    const { group, store, log, memory, life, gateways, send, mayElect } = this.#options;
    return {
      append: (id, batch) => {
        for (const { data } of batch.entries) memory.held(data);
        if (batch.snapshot !== undefined) this.streams.onTaken(batch.snapshot.index);
        log.append(id, batch);
      },
      apply: (id, entries) => store.send({ kind: "apply", group, id, entries }),
      install: (id, snapshot) => store.send({ kind: "install", group, id, snapshot }),
      send: (to, envelope) => void send(to, { kind: "raft", ...envelope }),
      sendSnapshot: (to, message) => this.streams.begin(to, message),
      readLog: (low, high, maxBytes) => this.#readLog(low, high, maxBytes),
      onEvicted: (entries) => {
        this.#proposals.evicted(entries);
        for (const { data } of entries) memory.evicted(data);
      },
      onLeadership: (leading, leaderId, term) => this.#onLeadership(leading, leaderId, term),
      applyMembership: applyMembershipEntry,
      onMembership: (membership) => this.#setMembership(membership),
      onReadState: (context, index) => {
        const read = readOf(life, context);
        if (read !== undefined)
          gateways.tell(read.gateway, { kind: "read-state", group, id: read.id, index });
      },
      mayElect,
    };
  }

  #setApplied(applied: AppliedState, ceilingMs: number): void {
    this.#applied = applied;
    this.#ceilingMs = ceilingMs;
  }

  #setMembership(membership: Membership): void {
    const before = this.#membership;
    this.#membership = membership;
    if (membership.members.length === 0) return;
    for (const { id } of before.members) {
      if (isMember(membership, id)) continue;
      this.streams.cancel((peer) => peer === id, "it was removed from the cluster");
      this.compactor.release(id);
    }
    this.#options.onMembership(membership);
  }

  #onLeadership(leading: boolean, leaderId: number, term: number): void {
    if (leading && !this.#leads) this.#proposals.startLeading(this.#applied.commitTs, this.#ceilingMs);
    // Streams also end when this node was elected but never reported as leading: an elected node may send snapshots
    // before it has applied an entry of its own term.
    if (leaderId !== this.#options.ownId) this.streams.cancel(() => true, "this node no longer leads");
    this.#leads = leading;
    this.#options.onLeadership(leading, leaderId, term);
  }
}
