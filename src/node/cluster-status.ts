/** The cluster in the admin API: the leader's view; without a leader's answer, this node's view. */
import { adviceFor } from "../admin/advice.ts";
import type { ChangeReply } from "../admin/types.ts";
import type { ClusterStatus, MemberStatus } from "../api/schemas.ts";
import { hostIdOf } from "../cluster/host-id.ts";
import type { ClusterView, MemberChange, MemberView } from "../messages/cluster.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import type { PublishedGroup } from "../threads/shared-state.ts";
import type { NodeIdentity } from "./data-directory.ts";
import type { NodeKv } from "./node-kv.ts";
import type { Topology } from "./topology.ts";

/** Without an answer within this time, the node returns its own view, so that a status page does not hang. */
const STATUS_TIMEOUT_MS = 2_500;
/** Longer than any step of a change takes when a majority is reachable. */
const CHANGE_TIMEOUT_MS = 25_000;

export interface ClusterStatusDeps {
  readonly identity: () => NodeIdentity;
  readonly topology: Topology;
  /** undefined until the threads run. */
  readonly front: () => NodeKv | undefined;
  /** Published state of the group whose commit index the status shows. */
  readonly published: () => PublishedGroup | undefined;
  readonly monotonicMs: () => number;
  readonly draining: () => boolean;
}

export class ClusterStatusSource {
  readonly #deps: ClusterStatusDeps;
  /** Time since which a member is unreachable, by name. */
  readonly #lostAtMs = new Map<string, number>();
  /** The last answer of the consensus thread. */
  #last: ClusterView | undefined;

  constructor(deps: ClusterStatusDeps) {
    this.#deps = deps;
  }

  async status(): Promise<ClusterStatus> {
    const front = this.#deps.front();
    const { nodeId, clusterId, instance } = this.#deps.identity();
    const asked = await this.#view(front);
    const view = asked ?? this.#remembered(front) ?? this.#ownView(front);
    const status = {
      clusterId,
      nodeId,
      view: view.view,
      leaderId: view.leader,
      term: view.term,
      configurationIndex: view.configurationIndex,
      joint: view.joint,
      transferTo: view.transferTo,
      commitIndex: view.commitIndex,
      members: view.members
        .map((member) => this.#member(member, nodeId, instance))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    };
    const waiting = front?.cluster.waiting;
    const draining = this.#deps.draining();
    return {
      ...status,
      draining,
      advice: adviceFor(status, {
        waiting:
          waiting === undefined
            ? undefined
            : { joining: this.#deps.identity().origin === "join", ...waiting },
        diskFull: front !== undefined && front.diskSpace !== "enough",
        draining,
        silent: asked === undefined && this.#last !== undefined,
      }),
    };
  }

  async change(change: MemberChange, configurationIndex: number | null): Promise<ChangeReply> {
    const front = this.#deps.front();
    if (front === undefined || front.cluster.waiting !== undefined) {
      return { kind: "refused", code: "NO_LEADER", message: "this node has not found its cluster yet" };
    }
    const reply = await front.cluster.ask({ kind: "change", change, configurationIndex }, CHANGE_TIMEOUT_MS);
    if (reply.kind !== "status") return reply;
    throw new Error("a change was answered with a status");
  }

  /**
   * Records which members are reachable, so that a later status shows the duration. Call `observe` every few
   * seconds.
   */
  async observe(): Promise<void> {
    const view = await this.#view(this.#deps.front());
    for (const member of view?.members ?? []) this.#seen(member);
  }

  async #view(front: NodeKv | undefined): Promise<ClusterView | undefined> {
    if (front === undefined) return undefined;
    const reply = await front.cluster.ask({ kind: "status" }, STATUS_TIMEOUT_MS);
    if (reply.kind !== "status" || reply.view.members.length === 0) return undefined;
    this.#last = reply.view;
    return reply.view;
  }

  /**
   * This node's own consensus thread does not answer: returns the last members, with only the fields that stay
   * valid.
   */
  #remembered(front: NodeKv | undefined): ClusterView | undefined {
    const last = this.#last;
    if (last === undefined) return undefined;
    const { leaderId = 0, term = last.term } = front?.leadership ?? {};
    const leader = last.members.find(({ name }) => raftIdOf(name) === leaderId)?.name ?? null;
    return {
      ...last,
      view: "own",
      leader,
      term,
      transferTo: null,
      commitIndex: this.#deps.published()?.commitIndex ?? last.commitIndex,
      members: last.members.map((member) => ({
        ...member,
        role: member.role === "learner" ? member.role : member.name === leader ? "leader" : "follower",
        match: null,
        applied: null,
        lag: null,
        reachable: null,
        snapshot: null,
        problem: null,
      })),
    };
  }

  /** The view before this node has a membership. */
  #ownView(front: NodeKv | undefined): ClusterView {
    const { nodeId, instance } = this.#deps.identity();
    const { initialCluster, peer } = this.#deps.topology;
    const published = this.#deps.published();
    const commitIndex = published?.commitIndex ?? 0;
    const waiting = front?.cluster.waiting;
    const listed =
      initialCluster.length > 0 ? initialCluster : [{ name: nodeId, address: peer?.advertise ?? "" }];
    return {
      view: "own",
      leader: null,
      term: front?.leadership.term ?? 0,
      configurationIndex: null,
      joint: false,
      transferTo: null,
      commitIndex,
      firstIndex: 0,
      lastIndex: commitIndex,
      members: listed.map(({ name, address }) => ({
        name,
        address,
        role: name === nodeId ? "candidate" : "follower",
        change: null,
        match: null,
        applied: name === nodeId ? (published?.appliedIndex ?? null) : null,
        lag: null,
        // During bootstrap, a member that was met counts as reachable.
        reachable: name === nodeId ? true : waiting === undefined ? null : !waiting.members.includes(name),
        snapshot: null,
        registered: name === nodeId ? true : null,
        hostId: name === nodeId ? hostIdOf(instance) : null,
        version: null,
        problem: null,
      })),
    };
  }

  #member(view: MemberView, self: string, instance: string): MemberStatus {
    const { name, address, ...rest } = view;
    const reachable = name === self ? true : view.reachable;
    return {
      ...rest,
      id: name,
      peerAddress: address === "" ? null : address,
      // A node knows its own host id before the registry has it.
      hostId: name === self ? hostIdOf(instance) : view.hostId,
      reachable,
      unreachableSeconds: this.#seen({ name, reachable }),
    };
  }

  #seen({ name, reachable }: Pick<MemberView, "name" | "reachable">): number | null {
    if (reachable === null) return null;
    if (reachable) {
      this.#lostAtMs.delete(name);
      return null;
    }
    const now = this.#deps.monotonicMs();
    const since = this.#lostAtMs.get(name) ?? now;
    this.#lostAtMs.set(name, since);
    return Math.floor((now - since) / 1000);
  }
}
