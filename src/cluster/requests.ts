/** Requests of operators at this node. The leader answers status requests and makes the changes. */

import type { ClusterReply, ClusterRequest } from "../messages/cluster.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import { StateType, type Status } from "../raft/core/index.ts";
import type { Engine } from "../raft/engine/engine.ts";
import { votersOf } from "../raft/engine/group-configuration.ts";
import { ClusterChanges } from "./changes.ts";
import type { ClusterPeers } from "./peers.ts";
import type { Membership } from "./registry/membership.ts";
import { decodeClusterRequest, encodeClusterMessage, refused } from "./request-codec.ts";
import type { ClusterContext, LeaderRequests } from "./types.ts";
import { clusterView, isMember } from "./view.ts";

/** Time until a member's data directory or address is proposed again when the first proposal had no effect. */
const REGISTRATION_RETRY_MS = 1_000;
/** Time that a request waits for a leader, and the interval at which the request is repeated. */
const LEADER_WAIT_MS = 4_000;
const LEADER_RETRY_MS = 100;
/** Time until a status request without an answer from the leader is answered with this node's own view. */
const STATUS_WAIT_MS = 1_500;

export interface ClusterRequestsOptions
  extends Pick<ClusterContext, "identity" | "logger" | "version" | "raft" | "blobs"> {
  /** Reachable blobs that this node does not hold; undefined: not known yet. */
  readonly published: { readonly missingBlobs: number | undefined };
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ownId: number;
  /** undefined until this node takes part. */
  readonly engine: () => Engine<Membership> | undefined;
  readonly membership: () => Membership;
  readonly peers: ClusterPeers;
  readonly forwarding: LeaderRequests;
  readonly sendingSnapshotTo: (id: number) => boolean;
  readonly snapshotFailureOf: (id: number) => string | undefined;
}

export class ClusterRequests {
  readonly #options: ClusterRequestsOptions;
  readonly #changes: ClusterChanges;
  /** Applied index that each peer reported, by id. */
  readonly #appliedThere = new Map<number, number>();
  /** Blobs that each peer lacks, as it reported. */
  readonly #blobsMissing = new Map<number, number | undefined>();
  readonly #heardAtMs = new Map<number, number>();
  readonly #metAtMs = new Map<number, number>();
  #registration = { guardIndex: -1, atMs: 0 };

  constructor(options: ClusterRequestsOptions) {
    this.#options = options;
    this.#changes = new ClusterChanges({
      clock: options.clock,
      ownId: options.ownId,
      status: () => this.describe(this.#running()),
      membership: options.membership,
      propose: (change) => {
        const engine = this.#running();
        const taken = engine.proposeConfChange(change);
        engine.work();
        return taken;
      },
      // A node of an earlier release keeps no blobs, and reports none.
      blobsMissing: (id) => {
        if (id === options.ownId) return options.blobs === undefined ? 0 : options.published.missingBlobs;
        const hello = options.peers.hellos.find((one) => one.id === id);
        return hello !== undefined && hello.blobAddress === undefined ? 0 : this.#blobsMissing.get(id);
      },
      transferTo: (id) => {
        const engine = this.#running();
        engine.transferLeader(id);
        engine.work();
      },
      settled: (id) => {
        const { clock, raft } = options;
        const metAtMs = this.#metAtMs.get(id) ?? Number.POSITIVE_INFINITY;
        return clock.monotonicMs() - metAtMs >= raft.electionTicks * raft.tickMs;
      },
    });
  }

  /** A connection with this peer was made; the peer may have started just now. */
  met(id: number): void {
    this.#metAtMs.set(id, this.#options.clock.monotonicMs());
  }

  /** A Raft message came from this peer. */
  heard(id: number): void {
    this.#heardAtMs.set(id, this.#options.clock.monotonicMs());
  }

  /**
   * The core's status with another `recentActive`: a peer is active when this node heard from the peer within an
   * election timeout. The core clears its own flags at every quorum check, and all peers would look inactive for a
   * moment.
   */
  describe(engine: Engine<Membership>): Status {
    const { clock, raft } = this.#options;
    const since = clock.monotonicMs() - raft.electionTicks * raft.tickMs;
    const status = engine.describe();
    const progress = new Map(
      [...status.progress].map(([id, one]) => [
        id,
        { ...one, recentActive: (this.#heardAtMs.get(id) ?? Number.NEGATIVE_INFINITY) >= since },
      ]),
    );
    return { ...status, progress };
  }

  /** Records the applied index in a HeartbeatResp. */
  appliedAt(id: number, index: number): void {
    this.#appliedThere.set(id, index);
  }

  /** Records the missing blobs in a HeartbeatResp. */
  blobsMissingAt(id: number, missing: number | undefined): void {
    this.#blobsMissing.set(id, missing);
  }

  /** Called when the configuration or the leader changes, and at each tick. */
  check(): void {
    if (this.#options.engine() !== undefined) this.#changes.check();
  }

  stop(): void {
    this.#changes.stop();
  }

  /** A request of this node's operator. `settle` is called at most once. During an election or another change, the
   *  request is repeated for LEADER_WAIT_MS. */
  request(request: ClusterRequest, settle: (reply: ClusterReply) => void): void {
    const { clock, timers } = this.#options;
    const giveUpAtMs = clock.monotonicMs() + LEADER_WAIT_MS;
    let answered = false;
    const answer = (reply: ClusterReply): void => {
      if (answered) return;
      answered = true;
      for (const cancel of cancels) cancel();
      settle(reply);
    };
    // An operator needs the state now. A leader that does not answer is part of the state.
    const ownView = (): void =>
      answer(this.#ownView() ?? refused("NO_LEADER", "this node does not take part in a cluster yet"));
    let askedOf = 0;
    const attempt = (): void => {
      if (answered) return;
      askedOf = this.#leader;
      this.#ask(request, (reply) => {
        const passing =
          reply.kind === "refused" && (reply.code === "NO_LEADER" || reply.code === "CHANGE_IN_PROGRESS");
        if (passing && clock.monotonicMs() < giveUpAtMs) timers.later(attempt, LEADER_RETRY_MS);
        // This node's own view is more useful to an operator than a refusal.
        else if (reply.kind === "refused" && request.kind === "status") answer(this.#ownView() ?? reply);
        else answer(reply);
      });
    };
    // The asked leader may hang and have lost leadership since. A status request can be repeated safely.
    const lookAgain = (): void => {
      if (this.#leader !== 0 && this.#leader !== askedOf) attempt();
    };
    const cancels =
      request.kind === "status"
        ? [timers.later(ownView, STATUS_WAIT_MS), timers.every(lookAgain, LEADER_RETRY_MS)]
        : [];
    attempt();
  }

  /** Raft id of the leader; 0 = none known. */
  get #leader(): number {
    return this.#options.engine()?.status().lead ?? 0;
  }

  /** Asks once, here or at the leader. NO_LEADER: nothing was changed, and the request can be repeated. */
  #ask(request: ClusterRequest, answer: (reply: ClusterReply) => void): void {
    const { ownId, forwarding } = this.#options;
    const engine = this.#options.engine();
    const leaderId = engine?.status().lead ?? 0;
    if (engine === undefined) {
      answer(refused("NO_LEADER", "this node does not take part in a cluster yet"));
    } else if (leaderId !== 0 && leaderId !== ownId) {
      forwarding.request(leaderId, request, answer);
    } else if (!engine.leading) {
      answer(refused("NO_LEADER", "no leader is known: the cluster has no quorum, or is electing one"));
    } else if (request.kind === "status") {
      answer(this.#view(engine));
    } else {
      const { change, configurationIndex } = request;
      this.#changes.change(change, configurationIndex, answer);
    }
  }

  /** A request from another node that believes this node leads. This node does not forward the request again. */
  onRequest(from: number, requestId: number, body: Uint8Array): void {
    const { identity, peers } = this.#options;
    const answer = (reply: ClusterReply): void =>
      void peers.send(from, { kind: "reply", requestId, body: encodeClusterMessage(reply) });
    try {
      const request = decodeClusterRequest(body);
      if (!isMember(this.#options.membership(), from))
        answer(refused("UNKNOWN_MEMBER", "it is no member who asks"));
      else if (this.#options.engine()?.status().raftState === StateType.Leader) this.#ask(request, answer);
      else answer(refused("NO_LEADER", `${identity.name} no longer leads: try again`));
    } catch (error) {
      answer(refused("INVALID", error instanceof Error ? error.message : String(error)));
    }
  }

  /** Transfers leadership, if this node leads and another member can take over. */
  stepDown(answer: (done: boolean) => void): void {
    if (this.#options.engine()?.leading !== true) answer(true);
    else if (votersOf(this.#options.membership()).length < 2) answer(false);
    else {
      this.#changes.change({ kind: "transfer-leader", to: null }, null, (reply) =>
        answer(reply.kind === "done"),
      );
    }
  }

  /** Proposes data directories and addresses for the registry, one member at a time. Called at the leader only. */
  register(): void {
    const { clock, logger, peers, membership } = this.#options;
    const member = peers.unregistered();
    if (member === undefined) return;
    const now = clock.monotonicMs();
    const { guardIndex, atMs } = this.#registration;
    const { index } = membership();
    if (guardIndex === index && now - atMs < REGISTRATION_RETRY_MS) return;
    this.#registration = { guardIndex: index, atMs: now };
    logger.info("registering member", { ...member });
    this.#changes.register(member);
  }

  #ownView(): ClusterReply | undefined {
    const engine = this.#options.engine();
    return engine === undefined ? undefined : this.#view(engine);
  }

  #view(engine: Engine<Membership>): ClusterReply {
    const { membership, version, peers, sendingSnapshotTo, snapshotFailureOf } = this.#options;
    const view = clusterView({
      status: this.describe(engine),
      membership: membership(),
      firstIndex: engine.firstIndex,
      appliedIndex: engine.appliedIndex,
      durableIndex: engine.durableIndex,
      version,
      applied: this.#appliedThere,
      peers: peers.status(),
      sendingSnapshotTo,
      snapshotFailureOf,
    });
    return { kind: "status", view };
  }

  #running(): Engine<Membership> {
    const engine = this.#options.engine();
    if (engine === undefined) throw new Error("a change of the cluster before the engine runs");
    return engine;
  }
}
