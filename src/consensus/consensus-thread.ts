/**
 * The consensus thread: the switchboard between the engine and everybody it talks to. It never touches a disk.
 *
 *     gateways -> proposals, reads     control -> cluster requests     log -> appended, entries      store -> opened, applied, pinned
 *     peers -> raft messages, forwarded proposals, requests, snapshot streams       snapshot thread -> chunks, complete
 *
 * More than 400 lines: one switch over every message of the thread, with the order of effects that each has; parts that can be
 * thought about alone (proposals, forwarding, membership, snapshots, compaction) are files of their own.
 *
 * Its life: opening (log and keyspace) -> forming or joining, on a node that has yet to take part -> running.
 */

import { Bootstrap } from "../cluster/bootstrap.ts";
import { ClusterPeers } from "../cluster/peers.ts";
import { applyMembershipEntry, type Membership, NO_MEMBERSHIP } from "../cluster/registry/membership.ts";
import { ClusterRequests } from "../cluster/requests.ts";
import { isMember } from "../cluster/view.ts";
import { ReceivedMemory } from "../memory/received-buffers.ts";
import type {
  ConsensusToGateway,
  ControlToConsensus,
  GatewayToConsensus,
  ProposeMessage,
  SnapshotToConsensus,
  StoreToConsensus,
} from "../messages/messages.ts";
import type { Lane, Peer, PeerMessage, RaftEnvelope, RefusalCode } from "../peer/types.ts";
import { PLANTED } from "../platform/planted.ts";
import { type Entry, MessageType } from "../raft/core/index.ts";
import type { Engine } from "../raft/engine/engine.ts";
import { votersOf } from "../raft/engine/group-configuration.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import type { EngineOptions } from "../raft/engine/types.ts";
import { SnapshotStreams } from "../snapshots/streams.ts";
import type { AppliedState } from "../store/types.ts";
import { ONLY_GROUP } from "../threads/group.ts";
import { physicalMs } from "../txn/hlc.ts";
import { Forwarding } from "./forwarding.ts";
import { LogCompactor } from "./log-compactor.ts";
import { type ConsensusAssembly, retainBytesOf } from "./options.ts";
import { ForeignProposalError, Proposals, viewsOf } from "./proposals.ts";
import { READ_LIFE_BYTES, readContext, readOf } from "./read-context.ts";
import { StallWatch } from "./stall-watch.ts";
import { consensusStatus, observationOf } from "./status.ts";

/** Election timeouts for which a leader's log or keyspace may stand still before it hands over. */
const STALL_ELECTIONS = 10;

/** What the thread passes to the engine; the rest of EngineOptions comes from whoever assembles the node. */
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

export interface RunningState {
  readonly applied: AppliedState;
  readonly ceilingMs: number;
  readonly membership: Membership;
  readonly makeEngine: (hooks: EngineHooks) => Engine<Membership>;
}

type OpenedMessage = StoreToConsensus & { readonly kind: "opened" };

export class ConsensusThread {
  readonly #options: ConsensusAssembly;
  readonly #ownId: number;
  readonly #peers: ClusterPeers;
  readonly #proposals: Proposals;
  readonly #forwarding: Forwarding;
  readonly #requests: ClusterRequests;
  readonly #streams: SnapshotStreams;
  readonly #compactor: LogCompactor;
  readonly #memory = new ReceivedMemory();
  readonly #stalls: StallWatch;
  /** Marks the reads of this start of the process. */
  readonly #life: Uint8Array;
  readonly #storeOpened = Promise.withResolvers<OpenedMessage>();
  readonly #rosterKept = Promise.withResolvers<void>();
  #engine: Engine<Membership> | undefined;
  #bootstrap: Bootstrap | undefined;
  #membership: Membership = NO_MEMBERSHIP;
  #applied: AppliedState = { index: 0, term: 0, commitTs: 0n };
  #ceilingMs = 0;
  #leads = false;
  #stopTicks: () => void = () => {};
  #fenced = false;
  /** The data directory is older than what this node has promised: it has fallen silent. */
  #fencedOff = false;
  #votersHeard = false;
  #stopped = false;

  constructor(options: ConsensusAssembly) {
    const { clock, timers, control, log, raft } = options;
    this.#options = options;
    this.#ownId = raftIdOf(options.identity.name);
    this.#peers = new ClusterPeers({
      ...options,
      onMessage: (from, message) => this.#guard(() => this.#onPeer(from, message)),
      onUnreachable: (peer, lane) => this.#guard(() => this.#onUnreachable(peer, lane)),
      onHello: (hello) =>
        this.#guard(() => {
          this.#requests.met(hello.id);
          this.#bootstrap?.onHello(hello);
        }),
      onRefused: (peer, code, reason) => this.#guard(() => this.#onRefused(peer, code, reason)),
      onProblem: (peer, problem) => this.#guard(() => this.#bootstrap?.onProblem(peer.name, problem)),
      allocate: (bytes) => this.#memory.allocate(bytes),
      keepIncarnations: (id, peers, since) => control.send({ kind: "keep-incarnations", id, peers, since }),
      onRolledBack: (message) => this.#fenceOff(message),
    });
    this.#stalls = new StallWatch(STALL_ELECTIONS * raft.electionTicks * raft.tickMs);
    this.#life = options.random.bytes(READ_LIFE_BYTES);
    this.#proposals = new Proposals({
      clock,
      append: (proposals) => this.#engine?.propose(proposals) ?? false,
      onReleased: (gateway, slabIds) => this.#tell(gateway, { kind: "released", slabIds }),
      // The core's own bound ends at the commit; a store that stands still needs one too. What is only retained for
      // followers must not count: it is not evicted before there is more of it.
      maxHeldBytes: raft.maxUncommittedBytes + retainBytesOf(options),
    });
    this.#forwarding = new Forwarding({
      timers,
      firstId: 1 + new DataView(this.#life.buffer, this.#life.byteOffset).getUint32(0),
      send: (to, message) => this.#peers.send(to, message),
      onDropped: (gateway, sequences) => this.#drop(gateway, sequences, "no-leader"),
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
    this.#requests = new ClusterRequests({
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
  get engine(): Engine<Membership> | undefined {
    return this.#engine;
  }

  /** Takes messages, and listens for peers. @throws NetworkError */
  async open(): Promise<void> {
    const { control, gateways, store, snapshots } = this.#options;
    control.onBatch((messages) => {
      if (!this.#stopped) this.#guard(() => this.#onControl(messages));
      else if (messages.some(({ kind }) => kind === "stop")) this.#tellStopped();
    });
    for (const [index, gateway] of gateways.entries()) {
      gateway.onBatch((messages) => this.#guard(() => this.#onGateway(index, messages)));
    }
    store.onBatch((messages) => this.#guard(() => this.#onStore(messages)));
    snapshots.onBatch((messages) => this.#guard(() => this.#onSnapshots(messages)));
    await this.#peers.start();
  }

  /** Asks the store thread to open the keyspace; resolves with its answer. */
  openStore(
    marker: { readonly index: number; readonly term: number } | undefined,
    bootstrap: Membership | undefined,
  ): Promise<OpenedMessage> {
    this.#options.store.send({ kind: "open", marker, bootstrap });
    return this.#storeOpened.promise;
  }

  /** Meets the others; done when what was found is durable. */
  async form(mode: "form" | "join"): Promise<void> {
    const { identity, initialCluster, join, control, logger } = this.#options;
    const others = (mode === "form" ? initialCluster : join).filter(({ name }) => name !== identity.name);
    this.#bootstrap = new Bootstrap({
      mode,
      others,
      clusterId: this.#peers.clusterId,
      onWaiting: (members, why) => {
        logger.info("waiting for members", { members: members.join(","), why });
        control.send({ kind: "waiting-for", members, why });
      },
      onMet: ({ clusterId, roster }) => {
        this.#peers.formed(clusterId, roster);
        control.send({ kind: "keep-roster", clusterId, roster });
      },
    });
    this.#bootstrap.start();
    // Peers are met from the first moment on, and the disk that kept this node from forming may be slow.
    for (const hello of this.#peers.hellos) this.#bootstrap.onHello(hello);
    await this.#rosterKept.promise;
    this.#bootstrap = undefined;
    control.send({ kind: "waiting-for", members: [], why: "" });
  }

  /** Begins to take part. */
  run(state: RunningState): void {
    const { raft, timers, clock, metrics } = this.#options;
    if (this.#fencedOff) return;
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
    this.#requests.stop();
    this.#streams.stop();
    this.#peers.stop();
  }

  /** Brings the gauges up to date: once a tick, and when somebody asks for them. */
  observe(): void {
    const { clock, published, metrics } = this.#options;
    const engine = this.#engine;
    if (engine === undefined) return;
    metrics.observe(
      observationOf(engine, this.#membership, this.#requests.describe(engine), {
        hlcPhysicalMs: physicalMs(this.#proposals.hlc.last),
        hlcCeilingMs: this.#proposals.hlc.ceilingMs,
        hlcSkewMs: this.#proposals.hlc.skewMs(),
        leaseValid: published.group(ONLY_GROUP).leaseUntilUs > clock.monotonicMs() * 1000,
      }),
    );
  }

  /** The log thread has everything up to this append on disk. */
  onAppended(id: number): void {
    this.#guard(() => {
      this.#engine?.onAppended(id);
      this.#engine?.work();
    });
  }

  #hooks(): EngineHooks {
    const { store, log } = this.#options;
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
      applyMembership: applyMembershipEntry,
      onMembership: (membership) => this.#setMembership(membership),
      onReadState: (context, index) => {
        const read = readOf(this.#life, context);
        if (read !== undefined) this.#tell(read.gateway, { kind: "read-state", id: read.id, index });
      },
      mayElect: () => this.#haveVotersBeenHeard(),
    };
  }

  #tick(): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    engine.tick();
    this.#requests.check();
    this.#watch(engine);
    if (engine.leading) {
      this.#requests.register();
      for (const [id, { match }] of engine.describe().progress) {
        this.#compactor.matched(id, match);
        this.#streams.matched(id, match);
      }
    }
    this.observe();
  }

  /** A leader whose disk stands still makes space for one whose disk does not. */
  #watch(engine: Engine<Membership>): void {
    const half = this.#stalls.stalled(engine.oldestInFlight, this.#options.clock.monotonicMs());
    if (half === undefined || !engine.leading || votersOf(this.#membership).length < 2) return;
    this.#options.logger.error("the disk stands still: handing leadership over", { half });
    this.#requests.stepDown((done) => {
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

  // ---- gateways and control ------------------------------------------------------------------------------------------

  /** Of a gateway that this life does not have nothing is known. */
  #tell(gateway: number, message: ConsensusToGateway): void {
    this.#options.gateways[gateway]?.send(message);
  }

  #onGateway(gateway: number, messages: readonly GatewayToConsensus[]): void {
    for (const message of messages) {
      if (message.kind === "propose") this.#propose(gateway, message);
      else this.#readIndex(gateway, message.id);
    }
    this.#engine?.work();
  }

  #onControl(messages: readonly ControlToConsensus[]): void {
    const { control } = this.#options;
    for (const message of messages) {
      switch (message.kind) {
        case "status": {
          const status = consensusStatus(this.#ownId, this.#engine, this.#membership, (engine) =>
            this.#requests.describe(engine),
          );
          control.send({ kind: "status", id: message.id, status });
          break;
        }
        case "cluster-request":
          this.#requests.request(message.request, (reply) => {
            control.send({ kind: "cluster-reply", id: message.id, reply });
          });
          break;
        case "roster-kept":
          this.#rosterKept.resolve();
          break;
        case "incarnations-kept":
          this.#peers.onIncarnationsKept(message.id, message.ok);
          break;
        case "step-down":
          this.#requests.stepDown((done) => control.send({ kind: "stepped-down", done }));
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
    this.#options.control.send({ kind: "stopped" });
    this.#options.control.flush();
  }

  #propose(gateway: number, message: ProposeMessage): void {
    const { sequences, slabId } = message;
    const { metrics } = this.#options;
    const leaderId = this.#engine?.status().lead ?? 0;
    if (this.#engine?.leading === true && leaderId === this.#ownId) {
      if (this.#proposals.own(gateway, message)) {
        metrics.proposed(sequences.length);
        return;
      }
      this.#tell(gateway, { kind: "released", slabIds: sequences.map(() => slabId) });
      const handingOver = this.#engine.status().leadTransferee !== 0;
      this.#drop(gateway, sequences, handingOver ? "no-leader" : "busy");
      return;
    }
    const elsewhere = leaderId !== 0 && leaderId !== this.#ownId;
    const sent = elsewhere && this.#forwarding.propose(leaderId, gateway, sequences, viewsOf(message));
    // Sent or not, nothing of the message stays here: the transport has copied it.
    this.#tell(gateway, { kind: "released", slabIds: sequences.map(() => slabId) });
    if (sent) metrics.forwarded(sequences.length);
    else this.#drop(gateway, sequences, "no-leader");
  }

  #drop(gateway: number, sequences: readonly number[], reason: "busy" | "no-leader"): void {
    this.#options.metrics.dropped(sequences.length);
    this.#tell(gateway, { kind: "dropped", sequences, reason });
  }

  /** No answer when nobody leads: the gateway asks again. */
  #readIndex(gateway: number, id: number): void {
    if (this.#engine === undefined) return;
    this.#options.metrics.readIndexRound();
    this.#engine.readIndex(readContext(this.#life, { gateway, id }));
  }

  // ---- the cluster ---------------------------------------------------------------------------------------------------

  #setMembership(membership: Membership): void {
    const before = this.#membership;
    this.#membership = membership;
    if (membership.members.length === 0) return;
    this.#peers.setRegistry(membership);
    for (const { id } of before.members) {
      if (membership.members.some((member) => member.id === id)) continue;
      this.#streams.cancel((peer) => peer === id, "it was removed from the cluster");
      this.#compactor.release(id);
    }
    const removed = membership.removed.some(({ id }) => id === this.#ownId);
    if (removed) this.#fence(true, `${this.#options.identity.name} was removed from the cluster`);
    this.#requests.check();
  }

  #onLeadership(leading: boolean, leaderId: number, term: number): void {
    if (leading && !this.#leads) this.#proposals.startLeading(this.#applied.commitTs, this.#ceilingMs);
    // Also those of a leader that never came to lead: it sends before it has applied an entry of its own.
    if (leaderId !== this.#ownId) this.#streams.cancel(() => true, "this node no longer leads");
    this.#leads = leading;
    const { control, gateways } = this.#options;
    for (const channel of [control, ...gateways])
      channel.send({ kind: "leadership", leading, leaderId, term });
    this.#requests.check();
  }

  #fence(removed: boolean, message: string): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.#options.logger.error("fenced", { removed, reason: message });
    this.#options.control.send({ kind: "fenced", removed, message });
  }

  /** From here on nothing of it may count: not its vote, not its acknowledgements, not its lease. */
  #fenceOff(message: string): void {
    const { published, control } = this.#options;
    this.#fencedOff = true;
    this.#stopTicks();
    this.#engine = undefined;
    published.group(ONLY_GROUP).publishLease(0, 0);
    this.#streams.cancel(() => true, "this node ends");
    control.send({ kind: "rolled-back", message });
    this.#fence(false, message);
  }

  /** A voter whose directory is a copy hears of it from those who know, so it asks everybody first. */
  #haveVotersBeenHeard(): boolean {
    this.#votersHeard ||= this.#peers.haveHeard(votersOf(this.#membership));
    return this.#votersHeard;
  }

  // ---- store, log and snapshot thread ----------------------------------------------------------------------------------

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
        case "pinned":
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
    for (const message of messages) this.#streams.onMessages(message);
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
        this.#requests.onRequest(from.id, message.requestId, message.body);
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
    this.#requests.heard(message.from);
    if (message.type === MessageType.HeartbeatResp) this.#requests.appliedAt(message.from, applied);
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
    this.#bootstrap?.onProblem(peer.name, `${code}: ${reason}`);
    if (code === "REMOVED") this.#fence(true, `${peer.name} says: ${reason}`);
    if (code === "WRONG_INSTANCE") this.#fence(false, `${peer.name} says: ${reason}`);
  }
}
