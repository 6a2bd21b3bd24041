/**
 * The consensus thread connects a group's replica with the other threads and the peers. It never touches a disk.
 *
 *     gateways -> proposals, reads             control -> cluster requests
 *     log -> appended, entries                 store -> opened, applied, pinned
 *     peers -> raft messages, forwarded proposals, requests, snapshot streams
 *     snapshot thread -> chunks, complete
 *
 * The thread opens log and keyspace, then bootstraps or joins on a node that has not taken part yet, then runs.
 */

import { ClusterPeers } from "../cluster/peers.ts";
import type { Membership } from "../cluster/registry/membership.ts";
import { ClusterRequests } from "../cluster/requests.ts";
import { ReceivedMemory } from "../memory/received-buffers.ts";
import type {
  ControlToConsensus,
  GatewayToConsensus,
  SnapshotToConsensus,
  StoreToConsensus,
} from "../messages/messages.ts";
import type { Peer, PeerMessage, RaftEnvelope, RefusalCode } from "../peer/types.ts";
import { MessageType } from "../raft/core/index.ts";
import type { Engine } from "../raft/engine/engine.ts";
import { votersOf } from "../raft/engine/group-configuration.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import { checkGroup, type GroupId, ONLY_GROUP } from "../threads/group.ts";
import { Fencing } from "./fencing.ts";
import { Forwarding } from "./forwarding.ts";
import { GatewayLinks } from "./gateway-links.ts";
import { LeaderDuties } from "./leader-duties.ts";
import { Meeting } from "./meeting.ts";
import { MemberFeatures, withMissingBlobs } from "./member-features.ts";
import type { ConsensusThreadOptions } from "./options.ts";
import { READ_LIFE_BYTES } from "./read-context.ts";
import { type RecoveredGroup, Replica } from "./replica.ts";
import {
  bootstrapLog,
  type Opened,
  type OpenedMessage,
  recover,
  restoreGroup,
  StoppedError,
  startsAs,
} from "./start.ts";

/** Election timeouts of a stall of the log or keyspace, after which a leader transfers leadership. */
const STALL_ELECTIONS = 10;

export class ConsensusThread {
  /**
   * Resolves when log and keyspace are open and belong together: not before `start`, and not before this node knows
   * its cluster's id. Rejects with RecoveryError or LogThreadError; then the thread has ended.
   */
  readonly opened: Promise<Opened>;
  /** Raft id of this node. */
  readonly ownId: number;
  readonly #options: ConsensusThreadOptions;
  readonly #peers: ClusterPeers;
  readonly #replica: Replica;
  readonly #duties: LeaderDuties;
  readonly #forwarding: Forwarding;
  readonly #requests: ClusterRequests;
  readonly #fencing: Fencing;
  readonly #meeting: Meeting;
  readonly #gateways: GatewayLinks;
  readonly #features: MemberFeatures;
  readonly #memory = new ReceivedMemory();
  readonly #open = Promise.withResolvers<Opened>();
  readonly #storeOpened = Promise.withResolvers<OpenedMessage>();
  #stopTicks: () => void = () => {};
  #votersHeard = false;
  #stopped = false;

  constructor(options: ConsensusThreadOptions) {
    const { clock, timers, control, logger, raft } = options;
    this.#options = options;
    this.ownId = raftIdOf(options.identity.name);
    this.opened = this.#open.promise;
    // The caller may not await `opened`; the thread reports a failure in `fatal` or `opened` anyway.
    this.opened.catch(() => {});
    this.#gateways = new GatewayLinks(options);
    this.#fencing = new Fencing({
      logger,
      tell: (message) => control.send(message),
      silence: () => {
        this.#stopTicks();
        this.#replica.silence();
      },
    });
    this.#peers = this.#makePeers();
    this.#meeting = new Meeting({ ...options, peers: this.#peers });
    this.#features = new MemberFeatures(options, this.ownId, this.#peers);
    const life = options.random.bytes(READ_LIFE_BYTES);
    const send = (to: number, message: PeerMessage): boolean =>
      this.#peers.send(to, withMissingBlobs(message, options.published));
    this.#forwarding = new Forwarding({
      timers,
      firstId: 1 + new DataView(life.buffer, life.byteOffset).getUint32(0),
      send,
      onDropped: (gateway, sequences) => this.#gateways.drop(ONLY_GROUP, gateway, sequences, "no-leader"),
    });
    this.#replica = new Replica({
      ...options,
      group: ONLY_GROUP,
      ownId: this.ownId,
      published: options.published.group(ONLY_GROUP),
      gateways: this.#gateways,
      memory: this.#memory,
      forwarding: this.#forwarding,
      life,
      send,
      guard: (work) => this.#guard(work),
      mayElect: () => this.#haveVotersBeenHeard(),
      onHeard: (envelope) => this.#onHeard(envelope),
      onMembership: (membership) => this.#onMembership(membership),
      onLeadership: (leading, leaderId, term) => {
        const message = { kind: "leadership", group: ONLY_GROUP, leading, leaderId, term } as const;
        control.send(message);
        this.#gateways.tellAll(message);
        this.#requests.check();
      },
    });
    const { streams, compactor } = this.#replica;
    this.#requests = new ClusterRequests({
      ...options,
      ownId: this.ownId,
      engine: () => this.#replica.engine,
      membership: () => this.#replica.membership,
      peers: this.#peers,
      forwarding: this.#forwarding,
      sendingSnapshotTo: (id) => streams.sendingTo(id),
      snapshotFailureOf: (id) => streams.failureOf(id),
    });
    this.#duties = new LeaderDuties({
      clock,
      logger,
      stallMs: STALL_ELECTIONS * raft.electionTicks * raft.tickMs,
      register: () => this.#requests.register(),
      stepDown: (answer) => this.#requests.stepDown(answer),
      matched: (id, index) => {
        compactor.matched(id, index);
        streams.matched(id, index);
      },
    });
  }

  #makePeers(): ClusterPeers {
    const { control } = this.#options;
    return new ClusterPeers({
      ...this.#options,
      onMessage: (from, message) => this.#guard(() => this.#onPeer(from, message)),
      onUnreachable: (peer, lane) => this.#guard(() => this.#replica.onUnreachable(peer.id, lane)),
      onHello: (hello) =>
        this.#guard(() => {
          this.#requests.met(hello.id);
          this.#meeting.onHello(hello);
        }),
      onRefused: (peer, code, reason) => this.#guard(() => this.#onRefused(peer, code, reason)),
      onProblem: (peer, problem) => this.#guard(() => this.#meeting.onProblem(peer.name, problem)),
      allocate: (bytes) => this.#memory.allocate(bytes),
      keepIncarnations: (id, peers, since) => control.send({ kind: "keep-incarnations", id, peers, since }),
      onRolledBack: (message) => this.#fencing.rollBack(message),
    });
  }

  /** undefined until the replica runs. */
  get engine(): Engine<Membership> | undefined {
    return this.#replica.engine;
  }

  get membership(): Membership {
    return this.#replica.membership;
  }

  // ---- life ----------------------------------------------------------------------------------------------------------

  /** Starts the thread, ticks included. */
  start(): void {
    let open = false;
    this.#bringUp((opened) => {
      open = true;
      this.#open.resolve(opened);
    }).catch((error: unknown) => {
      this.stop();
      if (!open) this.#open.reject(error);
      else if (!(error instanceof StoppedError)) {
        this.#options.fatal(`consensus: ${String(error)}`, error);
      }
    });
  }

  /** Stops timers and connections. The message `stop` does the same. */
  stop(): void {
    this.#stopped = true;
    this.#stopTicks();
    this.#forwarding.stop();
    this.#requests.stop();
    this.#replica.stop();
    this.#peers.stop();
  }

  async #bringUp(onOpened: (opened: Opened) => void): Promise<void> {
    const options = this.#options;
    this.#listen();
    await this.#peers.start();
    if (this.#peers.clusterId === "") await this.#meeting.hold("join");
    const found = await recover(options, this.#peers.clusterId, (marker, bootstrap) => {
      options.store.send({ kind: "open", group: ONLY_GROUP, marker, bootstrap });
      return this.#storeOpened.promise;
    });
    onOpened({ recovered: found.log, applied: found.applied });
    const { founds, meets, fresh } = startsAs(options, found);
    if (meets) await this.#meeting.hold("form");
    const log = founds ? await bootstrapLog(options, found) : found.log;
    if (this.#stopped) throw new StoppedError();
    const group = await restoreGroup(options, this.ownId, { ...found, log }, fresh);
    if (this.#stopped) throw new StoppedError();
    options.log.onAppended((id) => this.#guard(() => this.#replica.onAppended(id)));
    this.#run(group);
  }

  #listen(): void {
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
  }

  /** This node begins to take part in the group. */
  #run(group: RecoveredGroup): void {
    const { raft, timers, clock, metrics } = this.#options;
    if (this.#fencing.rolledBack) return;
    this.#guard(() => {
      this.#replica.run(group);
      // A tick is compared with the time when the tick was due, not with the tick before: so the metric shows a
      // late tick.
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

  #tick(): void {
    const { engine } = this.#replica;
    if (engine === undefined) return;
    engine.tick();
    this.#requests.check();
    this.#duties.tick(engine);
    this.#features.check(this.#replica.membership);
    this.observe();
    this.#options.alive?.();
  }

  /** Updates the gauges: once a tick, and when the metrics are collected. */
  observe(): void {
    this.#replica.observe((engine) => this.#requests.describe(engine));
  }

  /** Runs `work`. An error is a broken invariant, and the node stops: no node runs with a wrong state. */
  #guard(work: () => void): void {
    if (this.#stopped) return;
    try {
      work();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.fatal(`consensus: ${text}`, error);
    }
  }

  // ---- the switch ----------------------------------------------------------------------------------------------------

  #replicaOf(group: GroupId): Replica {
    checkGroup(group);
    return this.#replica;
  }

  #onGateway(gateway: number, messages: readonly GatewayToConsensus[]): void {
    for (const message of messages) {
      const replica = this.#replicaOf(message.group);
      if (message.kind === "propose") replica.propose(gateway, message);
      else replica.readIndex(gateway, message.id);
    }
    this.#replica.engine?.work();
  }

  #onControl(messages: readonly ControlToConsensus[]): void {
    const { control } = this.#options;
    for (const message of messages) {
      switch (message.kind) {
        case "cluster-request":
          this.#requests.request(message.request, (reply) => {
            control.send({ kind: "cluster-reply", id: message.id, reply });
          });
          break;
        case "roster-kept":
          this.#meeting.rosterKept();
          break;
        case "incarnations-kept":
          this.#peers.onIncarnationsKept(message.id, message.ok);
          break;
        case "step-down":
          this.#requests.stepDown((done) => control.send({ kind: "stepped-down", done }));
          break;
        case "draining":
          this.#replica.setDraining(message.draining);
          break;
        case "stop":
          this.stop();
          this.#tellStopped();
          return;
      }
    }
    this.#replica.engine?.work();
  }

  #tellStopped(): void {
    this.#options.control.send({ kind: "stopped" });
    this.#options.control.flush();
  }

  #onStore(messages: readonly StoreToConsensus[]): void {
    for (const message of messages) {
      if (message.kind === "opened") this.#storeOpened.resolve(message);
      else if (message.kind === "pinned") this.#replica.streams.onHeld(message.streamId);
      else this.#replicaOf(message.group).onStore(message);
    }
    this.#replica.engine?.work();
  }

  #onSnapshots(messages: readonly SnapshotToConsensus[]): void {
    for (const message of messages) this.#replica.onSnapshots(message);
    this.#replica.engine?.work();
  }

  #onPeer(from: Peer, message: PeerMessage): void {
    switch (message.kind) {
      case "raft":
        this.#replica.step(message);
        this.#memory.received(message.message.entries);
        return;
      case "propose":
        this.#replica.onForwarded(from, message.requestId, message.entries);
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
        if (this.#replica.engine !== undefined) this.#replica.streams.onPeer(from.id, message);
        break;
    }
    this.#replica.engine?.work();
  }

  // ---- the cluster ---------------------------------------------------------------------------------------------------

  #onHeard({ message, applied, blobsMissing }: RaftEnvelope): void {
    this.#requests.heard(message.from);
    if (message.type !== MessageType.HeartbeatResp) return;
    this.#requests.appliedAt(message.from, applied);
    this.#requests.blobsMissingAt(message.from, blobsMissing);
  }

  #onMembership(membership: Membership): void {
    this.#peers.setRegistry(membership);
    const removed = membership.removed.some(({ id }) => id === this.ownId);
    if (removed) this.#fencing.fence(true, `${this.#options.identity.name} was removed from the cluster`);
    this.#requests.check();
  }

  #onRefused(peer: Peer, code: RefusalCode, reason: string): void {
    this.#meeting.onProblem(peer.name, `${code}: ${reason}`);
    if (code === "REMOVED") this.#fencing.fence(true, `${peer.name} says: ${reason}`);
    if (code === "WRONG_INSTANCE") this.#fencing.fence(false, `${peer.name} says: ${reason}`);
  }

  /** A voter asks all peers before an election: a peer knows when this node's directory is an old copy. */
  #haveVotersBeenHeard(): boolean {
    this.#votersHeard ||= this.#peers.haveHeard(votersOf(this.#replica.membership));
    return this.#votersHeard;
  }
}
