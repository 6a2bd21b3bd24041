/**
 * The consensus room: the switchboard between the engine and everybody it talks to. It never touches a disk.
 *
 *     front -> proposals, reads, cluster requests     log -> appended, entries      store -> opened, applied, held
 *     peers -> raft messages, forwarded proposals, requests, snapshot streams       snapshot room -> chunks, complete
 *
 * Its life: opening (log and keyspace) -> forming or joining, on a node that has yet to take part -> running.
 */
import { PLANTED } from "../platform/planted.ts";
import { type ConfChange, type Entry, MessageType, StateType } from "../raft/core/index.ts";
import type { Engine } from "../raft/engine/engine.ts";
import { NO_MEMBERSHIP } from "../raft/engine/membership.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import type { EngineOptions, Member, Membership } from "../raft/engine/types.ts";
import type { Lane, Peer, PeerMessage, RaftEnvelope, RefusalCode } from "../raft/transport/types.ts";
import type { AppliedState } from "../store/types.ts";
import { ClusterChanges } from "./cluster-changes.ts";
import { decodeClusterRequest, encodeClusterMessage, refused } from "./cluster-codec.ts";
import type { ClusterReply, ClusterRequest } from "./cluster-messages.ts";
import { ClusterPeers } from "./cluster-peers.ts";
import { clusterView, votersOf } from "./cluster-view.ts";
import type { ConsensusAssembly } from "./consensus-options.ts";
import { Proposals, viewsOf } from "./consensus-proposals.ts";
import { SnapshotReceiver } from "./consensus-snapshot-receiver.ts";
import { SnapshotSender } from "./consensus-snapshot-sender.ts";
import { consensusStatus, observationOf } from "./consensus-status.ts";
import { Formation } from "./formation.ts";
import { Forwarding } from "./forwarding.ts";
import { physicalMs } from "./hlc.ts";
import { LogCompactor } from "./log-compactor.ts";
import type { FrontToConsensus, ProposeMessage, SnapshotToConsensus, StoreToConsensus } from "./messages.ts";
import { ReceivedMemory } from "./received-memory.ts";

/** A member's data directory or address is proposed for registration again after this long without effect. */
const REGISTRATION_RETRY_MS = 1_000;

/** What the room passes to the engine; the rest of EngineOptions comes from whoever assembles the node. */
export type EngineHooks = Pick<
  EngineOptions,
  | "append"
  | "apply"
  | "install"
  | "send"
  | "sendSnapshot"
  | "readLog"
  | "onEvicted"
  | "onLeadership"
  | "onMembership"
  | "onReadState"
>;

export interface RunningState {
  readonly applied: AppliedState;
  readonly ceilingMs: number;
  readonly membership: Membership;
  readonly makeEngine: (hooks: EngineHooks) => Engine;
}

type OpenedMail = StoreToConsensus & { readonly kind: "opened" };

export class ConsensusRoom {
  readonly #options: ConsensusAssembly;
  readonly #ownId: number;
  readonly #peers: ClusterPeers;
  readonly #proposals: Proposals;
  readonly #forwarding: Forwarding;
  readonly #changes: ClusterChanges;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;
  readonly #compactor: LogCompactor;
  readonly #memory = new ReceivedMemory();
  readonly #storeOpened = Promise.withResolvers<OpenedMail>();
  readonly #rosterKept = Promise.withResolvers<void>();
  /** What the others say they have applied, by id. */
  readonly #appliedThere = new Map<number, number>();
  #engine: Engine | undefined;
  #formation: Formation | undefined;
  #membership: Membership = NO_MEMBERSHIP;
  #applied: AppliedState = { index: 0, term: 0, commitTs: 0n };
  #ceilingMs = 0;
  #leads = false;
  #nextStreamId = 1;
  #registration = { guardIndex: -1, atMs: 0 };
  #stopTicks: () => void = () => {};
  #expelled = false;
  #stopped = false;

  constructor(options: ConsensusAssembly) {
    const { clock, timers, front, store, snapshots, log, raft } = options;
    this.#options = options;
    this.#ownId = raftIdOf(options.identity.name);
    this.#peers = new ClusterPeers({
      ...options,
      onMessage: (from, message) => this.#guard(() => this.#onPeer(from, message)),
      onUnreachable: (peer, lane) => this.#guard(() => this.#onUnreachable(peer, lane)),
      onHello: (hello) => this.#guard(() => this.#formation?.onHello(hello)),
      onRefused: (peer, code, reason) => this.#guard(() => this.#onRefused(peer, code, reason)),
      allocate: (bytes) => this.#memory.allocate(bytes),
    });
    this.#proposals = new Proposals({
      clock,
      append: (proposals) => this.#engine?.propose(proposals) ?? false,
      onReleased: (slabIds) => front.send({ kind: "released", slabIds }),
      // The core's own bound ends at the commit; a store that stands still needs one too.
      maxHeldBytes: raft.maxUncommittedBytes,
    });
    this.#forwarding = new Forwarding({
      timers,
      send: (to, message) => this.#peers.send(to, message),
      onDropped: (sequences) => this.#drop(sequences, "no-leader"),
    });
    this.#changes = new ClusterChanges({
      clock,
      ownId: this.#ownId,
      status: () => this.#running().describe(),
      membership: () => this.#membership,
      propose: (change) => this.#proposeChange(change),
      transferTo: (id) => this.#running().transferLeader(id),
    });
    const nextStreamId = (): number => this.#nextStreamId++;
    this.#sender = new SnapshotSender({
      timers,
      store: (message) => store.send(message),
      snapshots: (message) => snapshots.send(message),
      send: (to, message) => this.#peers.send(to, message),
      onEnd: (to, position, reason) => this.#onSnapshotSent(to, position?.index, reason),
      nextStreamId,
    });
    this.#receiver = new SnapshotReceiver({
      timers,
      snapshots: (message) => snapshots.send(message),
      send: (to, message) => void this.#peers.send(to, message),
      nextStreamId,
      commitIndex: () => this.#engine?.status().commit ?? 0,
      onComplete: (message) => this.#step({ message, leaseRound: 0, applied: 0 }),
      onEnd: (from, ok, reason) => this.#onSnapshotReceived(from, ok, reason),
    });
    this.#compactor = new LogCompactor({
      clock,
      // Nobody is behind a sole voter: what the keyspace has for certain, the log need not keep.
      keepEntries: () => (this.#membership.members.length > 1 ? raft.snapshotCount : 0),
      confState: () => this.#membership.confState,
      compact: (marker, throughIndex) => log.compact(marker, throughIndex),
    });
  }

  get ownId(): number {
    return this.#ownId;
  }

  get clusterId(): string {
    return this.#peers.clusterId;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** undefined until it runs. */
  get engine(): Engine | undefined {
    return this.#engine;
  }

  /** Takes mail, and listens for peers. @throws NetworkError */
  async open(): Promise<void> {
    const { front, store, snapshots } = this.#options;
    front.onBatch((messages) => this.#guard(() => this.#onFront(messages)));
    store.onBatch((messages) => this.#guard(() => this.#onStore(messages)));
    snapshots.onBatch((messages) => this.#guard(() => this.#onSnapshots(messages)));
    await this.#peers.start();
  }

  /** Asks the store room to open; its answer. */
  openStore(
    marker: { readonly index: number; readonly term: number } | undefined,
    bootstrap: Membership | undefined,
  ): Promise<OpenedMail> {
    this.#options.store.send({ kind: "open", marker, bootstrap });
    return this.#storeOpened.promise;
  }

  /** Meets the others; done when what was found is durable. */
  async form(mode: "form" | "join"): Promise<void> {
    const { identity, initialCluster, join, front, logger } = this.#options;
    const others = (mode === "form" ? initialCluster : join).filter(({ name }) => name !== identity.name);
    this.#formation = new Formation({
      mode,
      others,
      clusterId: this.#peers.clusterId,
      onWaiting: (members, why) => {
        logger.info("waiting for members", { members: members.join(","), why });
        front.send({ kind: "waiting-for", members, why });
      },
      onMet: ({ clusterId, roster }) => {
        this.#peers.formed(clusterId, roster);
        front.send({ kind: "keep-roster", clusterId, roster });
      },
    });
    this.#formation.start();
    await this.#rosterKept.promise;
    this.#formation = undefined;
    front.send({ kind: "waiting-for", members: [], why: "" });
  }

  /** Begins to take part. */
  run(state: RunningState): void {
    const { raft, timers, clock, metrics } = this.#options;
    this.#guard(() => {
      this.#applied = state.applied;
      this.#ceilingMs = state.ceilingMs;
      this.#setMembership(state.membership);
      const engine = state.makeEngine(this.#hooks());
      this.#engine = engine;
      engine.start();
      // A late tick must show as late, so each one is compared with when it was due and not with the one before.
      let dueMs = clock.monotonicMs() + raft.tickMs;
      const tick = (): void => {
        const nowMs = clock.monotonicMs();
        metrics.tickLateness(Math.max(0, nowMs - dueMs) / 1000);
        dueMs = nowMs + raft.tickMs;
        this.#guard(() => this.#tick());
      };
      this.#stopTicks = timers.every(tick, raft.tickMs);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#stopTicks();
    this.#forwarding.stop();
    this.#changes.stop();
    this.#sender.cancel(() => true, "this node stops");
    this.#receiver.stop();
    this.#peers.stop();
  }

  /** Brings the gauges up to date: once a tick, and when somebody asks for them. */
  observe(): void {
    const { clock, published, metrics } = this.#options;
    const engine = this.#engine;
    if (engine === undefined) return;
    metrics.observe(
      observationOf(engine, this.#membership, {
        hlcPhysicalMs: physicalMs(this.#proposals.hlc.last),
        hlcCeilingMs: this.#proposals.hlc.ceilingMs,
        hlcSkewMs: this.#proposals.hlc.skewMs(),
        leaseValid: published.leaseUntilUs > clock.monotonicMs() * 1000,
      }),
    );
  }

  /** The log room has everything up to this append on disk. */
  onAppended(id: number): void {
    this.#guard(() => {
      this.#engine?.onAppended(id);
      this.#engine?.work();
    });
  }

  #hooks(): EngineHooks {
    const { front, store, log } = this.#options;
    return {
      append: (id, batch) => {
        for (const { data } of batch.entries) this.#memory.held(data);
        log.append(id, batch);
      },
      apply: (id, entries) => store.send({ kind: "apply", id, entries }),
      install: (id, snapshot) => store.send({ kind: "install", id, snapshot }),
      send: (to, envelope) => void this.#peers.send(to, { kind: "raft", ...envelope }),
      sendSnapshot: (to, message) => {
        this.#compactor.hold(to);
        this.#sender.begin(to, message);
      },
      readLog: (low, high, maxBytes) => this.#readLog(low, high, maxBytes),
      onEvicted: (entries) => {
        this.#proposals.evicted(entries);
        for (const { data } of entries) this.#memory.evicted(data);
      },
      onLeadership: (leading, leaderId, term) => this.#onLeadership(leading, leaderId, term),
      onMembership: (membership) => this.#setMembership(membership),
      onReadState: (context, index) => front.send({ kind: "read-state", id: readContextId(context), index }),
    };
  }

  #tick(): void {
    const engine = this.#running();
    engine.tick();
    this.#changes.check();
    if (engine.leading) {
      this.#register();
      for (const [id, { match }] of engine.describe().progress) this.#compactor.matched(id, match);
    }
    this.observe();
  }

  /** A broken invariant stops the node with what is known about it: it never goes on half right. */
  #guard(work: () => void): void {
    if (this.#stopped) return;
    try {
      work();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.fatal(`consensus: ${text}`);
    }
  }

  #running(): Engine {
    if (this.#engine === undefined) throw new Error("the engine is asked for before it runs");
    return this.#engine;
  }

  // ---- front ---------------------------------------------------------------------------------------------------------

  #onFront(messages: readonly FrontToConsensus[]): void {
    const { front } = this.#options;
    for (const message of messages) {
      switch (message.kind) {
        case "propose":
          this.#propose(message);
          break;
        case "read-index":
          this.#readIndex(message.id);
          break;
        case "status": {
          const status = consensusStatus(this.#ownId, this.#engine, this.#membership);
          front.send({ kind: "status", id: message.id, status });
          break;
        }
        case "cluster-request":
          this.#request(message.request, (reply) => {
            front.send({ kind: "cluster-reply", id: message.id, reply });
          });
          break;
        case "roster-kept":
          this.#rosterKept.resolve();
          break;
        case "step-down":
          this.#stepDown();
          break;
        case "stop":
          this.stop();
          front.send({ kind: "stopped" });
          front.flush();
          return;
      }
    }
    this.#engine?.work();
  }

  #propose(message: ProposeMessage): void {
    const { sequences, slabId } = message;
    const { front, metrics } = this.#options;
    const leaderId = this.#engine?.status().lead ?? 0;
    if (this.#engine?.leading === true && leaderId === this.#ownId) {
      if (this.#proposals.own(message)) {
        metrics.proposed(sequences.length);
        return;
      }
      front.send({ kind: "released", slabIds: sequences.map(() => slabId) });
      const handingOver = this.#engine.status().leadTransferee !== 0;
      this.#drop(sequences, handingOver ? "no-leader" : "busy");
      return;
    }
    const elsewhere = leaderId !== 0 && leaderId !== this.#ownId;
    const sent = elsewhere && this.#forwarding.propose(leaderId, sequences, viewsOf(message));
    // Sent or not, nothing of it stays here: the transport has copied it.
    front.send({ kind: "released", slabIds: sequences.map(() => slabId) });
    if (sent) metrics.forwarded(sequences.length);
    else this.#drop(sequences, "no-leader");
  }

  #drop(sequences: readonly number[], reason: "busy" | "no-leader"): void {
    this.#options.metrics.dropped(sequences.length);
    this.#options.front.send({ kind: "dropped", sequences, reason });
  }

  /** No answer when nobody leads: the front asks again. */
  #readIndex(id: number): void {
    if (this.#engine === undefined) return;
    this.#options.metrics.readIndexRound();
    const context = new Uint8Array(8);
    new DataView(context.buffer).setBigUint64(0, BigInt(id));
    if (PLANTED.readIndexWithoutQuorum) {
      this.#options.front.send({ kind: "read-state", id, index: this.#engine.status().commit });
      return;
    }
    this.#engine.readIndex(context);
  }

  #stepDown(): void {
    const { front } = this.#options;
    if (this.#engine?.leading !== true || votersOf(this.#membership).length < 2) {
      front.send({ kind: "stepped-down", done: this.#engine?.leading !== true });
      return;
    }
    this.#changes.change(
      { kind: "transfer-leader", to: null },
      null,
      (reply) => front.send({ kind: "stepped-down", done: reply.kind === "done" }),
      () => {},
    );
  }

  // ---- the cluster ---------------------------------------------------------------------------------------------------

  #request(request: ClusterRequest, answer: (reply: ClusterReply) => void): void {
    const engine = this.#engine;
    const leaderId = engine?.status().lead ?? 0;
    if (engine === undefined) {
      answer(refused("NO_LEADER", "this node does not take part in a cluster yet"));
    } else if (leaderId !== 0 && leaderId !== this.#ownId) {
      this.#forwarding.request(leaderId, request, (reply) => {
        // Better what this node itself knows than nothing, for somebody who looks.
        const unanswered = reply.kind === "refused" && request.kind === "status";
        answer(unanswered ? this.#view(engine) : reply);
      });
    } else if (request.kind === "status") {
      answer(this.#view(engine));
    } else if (!engine.leading) {
      answer(refused("NO_LEADER", "no leader is known: the cluster has no quorum, or is electing one"));
    } else {
      const { change, configurationIndex } = request;
      this.#changes.change(change, configurationIndex, answer, () => this.#request(request, answer));
    }
  }

  #view(engine: Engine): ClusterReply {
    const view = clusterView({
      status: engine.describe(),
      membership: this.#membership,
      firstIndex: engine.firstIndex,
      appliedIndex: engine.appliedIndex,
      version: this.#options.version,
      applied: this.#appliedThere,
      peers: this.#peers.status(),
      sendingSnapshotTo: (id) => this.#sender.sendingTo(id),
    });
    return { kind: "status", view };
  }

  #proposeChange(change: ConfChange): boolean {
    const engine = this.#running();
    const taken = engine.proposeConfChange(change);
    engine.work();
    return taken;
  }

  /** Data directories and addresses are written down one at a time, as soon as the log has room for a change. */
  #register(): void {
    const { clock, logger } = this.#options;
    const member: Member | undefined = this.#peers.unregistered();
    if (member === undefined) return;
    const now = clock.monotonicMs();
    const { guardIndex, atMs } = this.#registration;
    if (guardIndex === this.#membership.index && now - atMs < REGISTRATION_RETRY_MS) return;
    this.#registration = { guardIndex: this.#membership.index, atMs: now };
    logger.info("registering member", { ...member });
    this.#changes.register(member);
  }

  #setMembership(membership: Membership): void {
    const before = this.#membership;
    this.#membership = membership;
    if (membership.members.length === 0) return;
    this.#peers.setMembership(membership);
    for (const { id } of before.members) {
      if (membership.members.some((member) => member.id === id)) continue;
      this.#sender.cancel((peer) => peer === id, "it was removed from the cluster");
      this.#compactor.letGo(id);
      this.#appliedThere.delete(id);
    }
    const removed = membership.removed.some(({ id }) => id === this.#ownId);
    if (removed) this.#expel(true, `${this.#options.identity.name} was removed from the cluster`);
    if (this.#engine !== undefined) this.#changes.check();
  }

  #onLeadership(leading: boolean, leaderId: number, term: number): void {
    if (leading && !this.#leads) this.#proposals.startLeading(this.#applied.commitTs, this.#ceilingMs);
    if (!leading && this.#leads) this.#sender.cancel(() => true, "this node no longer leads");
    this.#leads = leading;
    this.#options.front.send({ kind: "leadership", leading, leaderId, term });
    this.#changes.check();
  }

  #expel(removed: boolean, message: string): void {
    if (this.#expelled) return;
    this.#expelled = true;
    this.#options.logger.error("expelled", { removed, reason: message });
    this.#options.front.send({ kind: "expelled", removed, message });
  }

  // ---- store, log and snapshot room ----------------------------------------------------------------------------------

  #onStore(messages: readonly StoreToConsensus[]): void {
    for (const message of messages) {
      switch (message.kind) {
        case "opened":
          this.#storeOpened.resolve(message);
          break;
        case "applied": {
          const { durable, applied } = message;
          this.#setApplied(applied, message.ceilingMs);
          this.#engine?.onApplied(message.id, applied);
          const safe = PLANTED.compactBeyondDurable ? applied : durable;
          this.#compactor.durable(safe.index, safe.term);
          break;
        }
        case "installed":
          this.#setApplied(message.applied, message.ceilingMs);
          this.#receiver.onInstalled();
          this.#engine?.onInstalled(message.id, message.applied, message.membership);
          break;
        case "held":
          this.#sender.onHeld(message.streamId);
          break;
      }
    }
    this.#engine?.work();
  }

  #setApplied(applied: AppliedState, ceilingMs: number): void {
    this.#applied = applied;
    this.#ceilingMs = ceilingMs;
  }

  #readLog(low: number, high: number, maxBytes: number): void {
    const answer = (entries: readonly Entry[]): void =>
      this.#guard(() => {
        this.#engine?.onLogRead(low, entries);
        this.#engine?.work();
      });
    // The log may have dropped them meanwhile: then the follower needs a snapshot, and the core finds out.
    this.#options.log.read(low, high, maxBytes).then(answer, () => answer([]));
  }

  #onSnapshots(messages: readonly SnapshotToConsensus[]): void {
    for (const message of messages) {
      switch (message.kind) {
        case "opened":
          this.#sender.onOpened(message.streamId, message.applied, message.membership);
          break;
        case "chunk":
          this.#sender.onChunk(message.streamId, message.bytes);
          break;
        case "sent":
          this.#sender.onSent(message.streamId);
          break;
        case "written":
          this.#receiver.onWritten(message.streamId, message.chunks);
          break;
        case "complete":
          this.#receiver.onComplete(message.streamId);
          break;
        case "failed":
          if (!this.#sender.onFailed(message.streamId, message.message)) {
            this.#receiver.onFailed(message.streamId, message.message);
          }
          break;
        case "stopped":
          break;
      }
    }
    this.#engine?.work();
  }

  #onSnapshotSent(to: number, index: number | undefined, reason: string): void {
    const { logger, metrics } = this.#options;
    const outcome = index === undefined ? "failed" : "finished";
    metrics.snapshot("sent", outcome);
    logger.info("snapshot sent", { to: this.#nameOf(to), outcome, index, reason });
    if (index === undefined) this.#compactor.letGo(to);
    else this.#compactor.arrived(to, index);
    if (this.#stopped) return;
    this.#engine?.reportSnapshot(to, outcome);
  }

  #onSnapshotReceived(from: number, ok: boolean, reason: string): void {
    const outcome = ok ? "finished" : "failed";
    this.#options.metrics.snapshot("received", outcome);
    this.#options.logger.info("snapshot received", { from: this.#nameOf(from), outcome, reason });
  }

  #nameOf(id: number): string {
    return this.#membership.members.find((member) => member.id === id)?.name ?? String(id);
  }

  // ---- peers ---------------------------------------------------------------------------------------------------------

  #onPeer(from: Peer, message: PeerMessage): void {
    switch (message.kind) {
      case "raft":
        this.#step(message);
        this.#memory.received(message.message.entries);
        return;
      case "propose":
        this.#onForwarded(from, message.requestId, message.entries);
        this.#memory.received(message.entries);
        return;
      case "propose-reply":
        this.#forwarding.onProposeReply(from.id, message.requestId, message.taken);
        return;
      case "request":
        this.#onRequest(from, message.requestId, message.body);
        break;
      case "reply":
        this.#forwarding.onReply(from.id, message.requestId, message.body);
        return;
      case "snapshot-begin":
        if (this.#engine !== undefined) this.#receiver.onBegin(from.id, message.streamId, message.message);
        break;
      case "snapshot-chunk":
        this.#receiver.onChunk(from.id, message.streamId, message.bytes);
        return;
      case "snapshot-end":
        this.#receiver.onEndOfStream(from.id, message.streamId);
        return;
      case "snapshot-credit":
        this.#sender.onCredit(from.id, message.streamId, message.chunks);
        return;
      case "snapshot-result":
        if (!this.#sender.onResult(from.id, message.streamId, message.ok, message.reason) && !message.ok) {
          this.#receiver.onCancelled(from.id, message.streamId, message.reason);
        }
        break;
    }
    this.#engine?.work();
  }

  #step({ message, leaseRound, applied }: RaftEnvelope): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    if (message.type === MessageType.HeartbeatResp) this.#appliedThere.set(message.from, applied);
    const refusal = engine.receive({ message, leaseRound, applied });
    if (refusal !== null) {
      const from = this.#nameOf(message.from);
      this.#options.logger.debug("message not taken", { from, code: refusal.code, why: refusal.message });
    }
    engine.work();
  }

  #onForwarded(from: Peer, requestId: number, entries: readonly Uint8Array[]): void {
    const taken = this.#engine?.leading === true && this.#proposals.foreign(entries);
    if (taken) this.#options.metrics.proposed(entries.length);
    this.#engine?.work();
    this.#peers.send(from.id, { kind: "propose-reply", requestId, taken });
  }

  #onRequest(from: Peer, requestId: number, body: Uint8Array): void {
    const answer = (reply: ClusterReply): void =>
      void this.#peers.send(from.id, { kind: "reply", requestId, body: encodeClusterMessage(reply) });
    try {
      const request = decodeClusterRequest(body);
      // One hop: whoever asks here believes that this node leads.
      if (this.#engine?.status().raftState === StateType.Leader) this.#request(request, answer);
      else answer(refused("NO_LEADER", `${this.#options.identity.name} no longer leads: try again`));
    } catch (error) {
      answer(refused("INVALID", error instanceof Error ? error.message : String(error)));
    }
  }

  #onUnreachable(peer: Peer, lane: Lane): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    if (lane === "snapshot") {
      this.#sender.cancel((to) => to === peer.id, "the connection broke");
      this.#receiver.onLost(peer.id);
    } else if (lane !== "other") engine.reportUnreachable(peer.id);
    engine.work();
  }

  #onRefused(peer: Peer, code: RefusalCode, reason: string): void {
    this.#formation?.onProblem(peer.name, `${code}: ${reason}`);
    if (code === "REMOVED") this.#expel(true, `${peer.name} says: ${reason}`);
    if (code === "WRONG_INSTANCE") this.#expel(false, `${peer.name} says: ${reason}`);
  }
}

function readContextId(context: Uint8Array): number {
  return Number(new DataView(context.buffer, context.byteOffset, 8).getBigUint64(0));
}
