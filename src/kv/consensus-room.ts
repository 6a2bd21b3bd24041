/**
 * The consensus room: the switchboard between the engine and everybody it talks to. It never touches a disk.
 *
 *     front -> proposals, reads, cluster requests     log -> appended, entries      store -> opened, applied, held
 *     peers -> raft messages, forwarded proposals, requests, snapshot streams       snapshot room -> chunks, complete
 *
 * Its life: opening (log and keyspace) -> forming or joining, on a node that has yet to take part -> running.
 */
import { PLANTED } from "../platform/planted.ts";
import { type Entry, MessageType } from "../raft/core/index.ts";
import type { Engine } from "../raft/engine/engine.ts";
import { NO_MEMBERSHIP } from "../raft/engine/membership.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import type { EngineOptions, Membership } from "../raft/engine/types.ts";
import type { Lane, Peer, PeerMessage, RaftEnvelope, RefusalCode } from "../raft/transport/types.ts";
import type { AppliedState } from "../store/types.ts";
import { ClusterDesk } from "./cluster-desk.ts";
import { ClusterPeers } from "./cluster-peers.ts";
import { isMember, votersOf } from "./cluster-view.ts";
import { type ConsensusAssembly, retainBytesOf } from "./consensus-options.ts";
import { ForeignProposalError, Proposals, viewsOf } from "./consensus-proposals.ts";
import { consensusStatus, observationOf } from "./consensus-status.ts";
import { Formation } from "./formation.ts";
import { Forwarding } from "./forwarding.ts";
import { physicalMs } from "./hlc.ts";
import { LogCompactor } from "./log-compactor.ts";
import type { FrontToConsensus, ProposeMessage, SnapshotToConsensus, StoreToConsensus } from "./messages.ts";
import { READ_LIFE_BYTES, readContext, readIdOf } from "./read-context.ts";
import { ReceivedMemory } from "./received-memory.ts";
import { SnapshotStreams } from "./snapshot-streams.ts";
import { StallWatch } from "./stall-watch.ts";

/** Election timeouts for which a leader's log or keyspace may stand still before it hands over. */
const STALL_ELECTIONS = 10;

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
  | "mayElect"
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
  readonly #desk: ClusterDesk;
  readonly #streams: SnapshotStreams;
  readonly #compactor: LogCompactor;
  readonly #memory = new ReceivedMemory();
  readonly #stalls: StallWatch;
  /** Marks the reads of this start of the process. */
  readonly #life: Uint8Array;
  readonly #storeOpened = Promise.withResolvers<OpenedMail>();
  readonly #rosterKept = Promise.withResolvers<void>();
  #engine: Engine | undefined;
  #formation: Formation | undefined;
  #membership: Membership = NO_MEMBERSHIP;
  #applied: AppliedState = { index: 0, term: 0, commitTs: 0n };
  #ceilingMs = 0;
  #leads = false;
  #stopTicks: () => void = () => {};
  #expelled = false;
  /** The data directory is older than what this node has promised: it has fallen silent. */
  #silenced = false;
  #votersHeard = false;
  #stopped = false;

  constructor(options: ConsensusAssembly) {
    const { clock, timers, front, log, raft } = options;
    this.#options = options;
    this.#ownId = raftIdOf(options.identity.name);
    this.#peers = new ClusterPeers({
      ...options,
      onMessage: (from, message) => this.#guard(() => this.#onPeer(from, message)),
      onUnreachable: (peer, lane) => this.#guard(() => this.#onUnreachable(peer, lane)),
      onHello: (hello) =>
        this.#guard(() => {
          this.#desk.met(hello.id);
          this.#formation?.onHello(hello);
        }),
      onRefused: (peer, code, reason) => this.#guard(() => this.#onRefused(peer, code, reason)),
      onProblem: (peer, problem) => this.#guard(() => this.#formation?.onProblem(peer.name, problem)),
      allocate: (bytes) => this.#memory.allocate(bytes),
      keepBoots: (id, peers, since) => front.send({ kind: "keep-boots", id, peers, since }),
      onRolledBack: (message) => this.#fallSilent(message),
    });
    this.#stalls = new StallWatch(STALL_ELECTIONS * raft.electionTicks * raft.tickMs);
    this.#life = options.random.bytes(READ_LIFE_BYTES);
    this.#proposals = new Proposals({
      clock,
      append: (proposals) => this.#engine?.propose(proposals) ?? false,
      onReleased: (slabIds) => front.send({ kind: "released", slabIds }),
      // The core's own bound ends at the commit; a store that stands still needs one too. What is only retained for
      // followers must not count: it is not evicted before there is more of it.
      maxHeldBytes: raft.maxUncommittedBytes + retainBytesOf(options),
    });
    this.#forwarding = new Forwarding({
      timers,
      firstId: 1 + new DataView(this.#life.buffer, this.#life.byteOffset).getUint32(0),
      send: (to, message) => this.#peers.send(to, message),
      onDropped: (sequences) => this.#drop(sequences, "no-leader"),
    });
    this.#compactor = new LogCompactor({
      clock,
      // Nobody is behind a sole voter: what the keyspace has for certain, the log need not keep.
      keepEntries: () => (this.#membership.members.length > 1 ? raft.snapshotCount : 0),
      confState: () => this.#membership.confState,
      compact: (marker, throughIndex) => log.compact(marker, throughIndex),
    });
    this.#streams = new SnapshotStreams({
      ...options,
      send: (to, message) => this.#peers.send(to, message),
      compactor: this.#compactor,
      commitIndex: () => this.#engine?.status().commit ?? 0,
      nameOf: (id) => this.#membership.members.find((member) => member.id === id)?.name ?? String(id),
      report: (to, outcome) => {
        if (!this.#stopped) this.#engine?.reportSnapshot(to, outcome);
      },
      step: (message) => this.#step({ message, leaseRound: 0, applied: 0 }),
    });
    this.#desk = new ClusterDesk({
      ...options,
      ownId: this.#ownId,
      engine: () => this.#engine,
      membership: () => this.#membership,
      peers: this.#peers,
      forwarding: this.#forwarding,
      sendingSnapshotTo: (id) => this.#streams.sendingTo(id),
      snapshotFailureOf: (id) => this.#streams.failureOf(id),
    });
  }

  get ownId(): number {
    return this.#ownId;
  }

  get clusterId(): string {
    return this.#peers.clusterId;
  }

  get membership(): Membership {
    return this.#membership;
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
    front.onBatch((messages) => {
      if (!this.#stopped) this.#guard(() => this.#onFront(messages));
      else if (messages.some(({ kind }) => kind === "stop")) this.#tellStopped();
    });
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
    // Peers are met from the first moment on, and the disk that kept this node from forming may be slow.
    for (const hello of this.#peers.hellos) this.#formation.onHello(hello);
    await this.#rosterKept.promise;
    this.#formation = undefined;
    front.send({ kind: "waiting-for", members: [], why: "" });
  }

  /** Begins to take part. */
  run(state: RunningState): void {
    const { raft, timers, clock, metrics } = this.#options;
    if (this.#silenced) return;
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
    this.#desk.stop();
    this.#streams.stop();
    this.#peers.stop();
  }

  /** Brings the gauges up to date: once a tick, and when somebody asks for them. */
  observe(): void {
    const { clock, published, metrics } = this.#options;
    const engine = this.#engine;
    if (engine === undefined) return;
    metrics.observe(
      observationOf(engine, this.#membership, this.#desk.describe(engine), {
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
        if (batch.snapshot !== undefined) this.#streams.onTaken(batch.snapshot.index);
        log.append(id, batch);
      },
      apply: (id, entries) => store.send({ kind: "apply", id, entries }),
      install: (id, snapshot) => store.send({ kind: "install", id, snapshot }),
      send: (to, envelope) => void this.#peers.send(to, { kind: "raft", ...envelope }),
      sendSnapshot: (to, message) => this.#streams.begin(to, message),
      readLog: (low, high, maxBytes) => this.#readLog(low, high, maxBytes),
      onEvicted: (entries) => {
        this.#proposals.evicted(entries);
        for (const { data } of entries) this.#memory.evicted(data);
      },
      onLeadership: (leading, leaderId, term) => this.#onLeadership(leading, leaderId, term),
      onMembership: (membership) => this.#setMembership(membership),
      onReadState: (context, index) => {
        const id = readIdOf(this.#life, context);
        if (id !== undefined) front.send({ kind: "read-state", id, index });
      },
      mayElect: () => this.#haveVotersBeenHeard(),
    };
  }

  #tick(): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    engine.tick();
    this.#desk.check();
    this.#watch(engine);
    if (engine.leading) {
      this.#desk.register();
      for (const [id, { match }] of engine.describe().progress) {
        this.#compactor.matched(id, match);
        this.#streams.matched(id, match);
      }
    }
    this.observe();
  }

  /** A leader whose disk stands still makes room for one whose disk does not. */
  #watch(engine: Engine): void {
    const half = this.#stalls.stalled(engine.oldestInFlight, this.#options.clock.monotonicMs());
    if (half === undefined || !engine.leading || votersOf(this.#membership).length < 2) return;
    this.#options.logger.error("the disk stands still: handing leadership over", { half });
    this.#desk.stepDown((done) => {
      if (!done) this.#options.logger.warn("nobody took leadership over", { half });
    });
  }

  /** A broken invariant stops the node with what is known about it: it never goes on half right. */
  #guard(work: () => void): void {
    if (this.#stopped) return;
    try {
      work();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.fatal(`consensus: ${text}`, error);
    }
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
          const status = consensusStatus(this.#ownId, this.#engine, this.#membership, (engine) =>
            this.#desk.describe(engine),
          );
          front.send({ kind: "status", id: message.id, status });
          break;
        }
        case "cluster-request":
          this.#desk.request(message.request, (reply) => {
            front.send({ kind: "cluster-reply", id: message.id, reply });
          });
          break;
        case "roster-kept":
          this.#rosterKept.resolve();
          break;
        case "boots-kept":
          this.#peers.onBootsKept(message.id, message.ok);
          break;
        case "step-down":
          this.#desk.stepDown((done) => front.send({ kind: "stepped-down", done }));
          break;
        case "stop":
          this.stop();
          this.#tellStopped();
          return;
      }
    }
    this.#engine?.work();
  }

  #tellStopped(): void {
    this.#options.front.send({ kind: "stopped" });
    this.#options.front.flush();
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
    this.#engine.readIndex(readContext(this.#life, id));
  }

  // ---- the cluster ---------------------------------------------------------------------------------------------------

  #setMembership(membership: Membership): void {
    const before = this.#membership;
    this.#membership = membership;
    if (membership.members.length === 0) return;
    this.#peers.setMembership(membership);
    for (const { id } of before.members) {
      if (membership.members.some((member) => member.id === id)) continue;
      this.#streams.cancel((peer) => peer === id, "it was removed from the cluster");
      this.#compactor.letGo(id);
    }
    const removed = membership.removed.some(({ id }) => id === this.#ownId);
    if (removed) this.#expel(true, `${this.#options.identity.name} was removed from the cluster`);
    this.#desk.check();
  }

  #onLeadership(leading: boolean, leaderId: number, term: number): void {
    if (leading && !this.#leads) this.#proposals.startLeading(this.#applied.commitTs, this.#ceilingMs);
    // Also those of a leader that never came to lead: it sends before it has applied an entry of its own.
    if (leaderId !== this.#ownId) this.#streams.cancel(() => true, "this node no longer leads");
    this.#leads = leading;
    this.#options.front.send({ kind: "leadership", leading, leaderId, term });
    this.#desk.check();
  }

  #expel(removed: boolean, message: string): void {
    if (this.#expelled) return;
    this.#expelled = true;
    this.#options.logger.error("expelled", { removed, reason: message });
    this.#options.front.send({ kind: "expelled", removed, message });
  }

  /** From here on nothing of it may count: not its vote, not its acknowledgements, not its lease. */
  #fallSilent(message: string): void {
    const { published, front } = this.#options;
    this.#silenced = true;
    this.#stopTicks();
    this.#engine = undefined;
    published.publishLease(0, 0);
    this.#streams.cancel(() => true, "this node ends");
    front.send({ kind: "rolled-back", message });
    this.#expel(false, message);
  }

  /** A voter whose directory is a copy hears of it from those who know, so it asks everybody first. */
  #haveVotersBeenHeard(): boolean {
    this.#votersHeard ||= this.#peers.haveHeard(votersOf(this.#membership));
    return this.#votersHeard;
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
          this.#streams.onInstalled();
          this.#engine?.onInstalled(message.id, message.applied, message.membership);
          break;
        case "held":
          this.#streams.onHeld(message.streamId);
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
    for (const message of messages) this.#streams.onMail(message);
    this.#engine?.work();
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
        this.#desk.onRequest(from.id, message.requestId, message.body);
        break;
      case "reply":
        this.#forwarding.onReply(from.id, message.requestId, message.body);
        return;
      default:
        if (this.#engine !== undefined) this.#streams.onPeer(from.id, message);
        break;
    }
    this.#engine?.work();
  }

  #step({ message, leaseRound, applied }: RaftEnvelope): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    this.#desk.heard(message.from);
    if (message.type === MessageType.HeartbeatResp) this.#desk.appliedAt(message.from, applied);
    const refusal = engine.receive({ message, leaseRound, applied });
    if (refusal !== null) {
      const { from } = message;
      this.#options.logger.debug("message not taken", { from, code: refusal.code, why: refusal.message });
    }
    engine.work();
  }

  #onForwarded(from: Peer, requestId: number, entries: readonly Uint8Array[]): void {
    const heard = this.#engine?.leading === true && isMember(this.#membership, from.id);
    const taken = heard && this.#tookForeign(from, entries);
    if (taken) this.#options.metrics.proposed(entries.length);
    this.#engine?.work();
    this.#peers.send(from.id, { kind: "propose-reply", requestId, taken });
  }

  /** What is wrong with them is the other node's fault, and no reason for the leader to end. */
  #tookForeign(from: Peer, entries: readonly Uint8Array[]): boolean {
    try {
      return this.#proposals.foreign(entries);
    } catch (error) {
      if (!(error instanceof ForeignProposalError)) throw error;
      this.#options.logger.warn("forwarded proposals refused", { from: from.name, reason: error.message });
      return false;
    }
  }

  #onUnreachable(peer: Peer, lane: Lane): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    if (lane === "snapshot") {
      this.#streams.onLost(peer.id);
    } else if (lane !== "other") engine.reportUnreachable(peer.id);
    engine.work();
  }

  #onRefused(peer: Peer, code: RefusalCode, reason: string): void {
    this.#formation?.onProblem(peer.name, `${code}: ${reason}`);
    if (code === "REMOVED") this.#expel(true, `${peer.name} says: ${reason}`);
    if (code === "WRONG_INSTANCE") this.#expel(false, `${peer.name} says: ${reason}`);
  }
}
