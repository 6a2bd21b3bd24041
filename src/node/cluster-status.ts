/** What the admin API says about the cluster: the leader's view where there is one, else what this node knows. */
import { adviceFor } from "../admin/advice.ts";
import type { ChangeReply, ClusterStatus, MemberStatus } from "../admin/types.ts";
import type { ClusterView, MemberChange, MemberView } from "../kv/cluster-messages.ts";
import { hostIdOf } from "../kv/host-id.ts";
import type { PublishedState } from "../rooms/published-state.ts";
import type { NodeIdentity } from "./data-directory.ts";
import type { FrontKv } from "./front-kv.ts";
import type { Topology } from "./topology.ts";

/** A status page that hangs helps nobody: without an answer in this time the node says what it knows itself. */
const STATUS_TIMEOUT_MS = 2_500;
/** Longer than any step of a change takes when a majority is there. */
const CHANGE_TIMEOUT_MS = 25_000;

export interface ClusterStatusDeps {
  readonly identity: () => NodeIdentity;
  readonly topology: Topology;
  /** undefined until the rooms run. */
  readonly front: () => FrontKv | undefined;
  readonly published: () => PublishedState | undefined;
  readonly monotonicMs: () => number;
}

export class ClusterStatusSource {
  readonly #deps: ClusterStatusDeps;
  /** Since when a member has been seen unreachable, by name. */
  readonly #lostAtMs = new Map<string, number>();

  constructor(deps: ClusterStatusDeps) {
    this.#deps = deps;
  }

  async status(): Promise<ClusterStatus> {
    const front = this.#deps.front();
    const { nodeId, clusterId, instance } = this.#deps.identity();
    const view = (await this.#view(front)) ?? this.#ownView(front);
    const status = {
      clusterId,
      nodeId,
      leaderId: view.leader,
      term: view.term,
      configurationIndex: view.configurationIndex,
      joint: view.joint,
      commitIndex: view.commitIndex,
      members: view.members
        .map((member) => this.#member(member, nodeId, instance))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    };
    const waiting = front?.cluster.waiting;
    return {
      ...status,
      advice: adviceFor(status, {
        waiting:
          waiting === undefined
            ? undefined
            : { joining: this.#deps.identity().origin === "join", ...waiting },
        diskFull: front !== undefined && front.diskRoom !== "enough",
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

  /** Looks at who can be reached, so that a later status knows since when; call it every few seconds. */
  async observe(): Promise<void> {
    const view = await this.#view(this.#deps.front());
    for (const member of view?.members ?? []) this.#seen(member);
  }

  async #view(front: FrontKv | undefined): Promise<ClusterView | undefined> {
    if (front === undefined) return undefined;
    const reply = await front.cluster.ask({ kind: "status" }, STATUS_TIMEOUT_MS);
    return reply.kind === "status" && reply.view.members.length > 0 ? reply.view : undefined;
  }

  /** Before there is a membership to ask about. */
  #ownView(front: FrontKv | undefined): ClusterView {
    const { nodeId, instance } = this.#deps.identity();
    const { initialCluster, peer } = this.#deps.topology;
    const published = this.#deps.published();
    const applied = published?.appliedIndex ?? 0;
    const commitIndex = published?.commitIndex ?? 0;
    const missing = front?.cluster.waiting?.members ?? [];
    const listed =
      initialCluster.length > 0 ? initialCluster : [{ name: nodeId, address: peer?.advertise ?? "" }];
    return {
      leader: null,
      term: front?.leadership.term ?? 0,
      configurationIndex: 0,
      joint: false,
      commitIndex,
      firstIndex: 0,
      lastIndex: commitIndex,
      members: listed.map(({ name, address }) => ({
        name,
        address,
        role: name === nodeId ? "candidate" : "follower",
        match: name === nodeId ? commitIndex : 0,
        applied: name === nodeId ? applied : 0,
        lag: 0,
        // While it forms, "met" is what is known.
        reachable: name === nodeId || (front?.cluster.waiting !== undefined && !missing.includes(name)),
        snapshot: false,
        registered: name === nodeId,
        hostId: name === nodeId ? hostIdOf(instance) : null,
        version: null,
        problem: null,
      })),
    };
  }

  #member(view: MemberView, self: string, instance: string): MemberStatus {
    const { name, address, ...rest } = view;
    const reachable = view.reachable || name === self;
    return {
      ...rest,
      id: name,
      peerAddress: address === "" ? null : address,
      // Of itself a node knows it before anybody has registered it.
      hostId: name === self ? hostIdOf(instance) : view.hostId,
      reachable,
      unreachableSeconds: this.#seen({ name, reachable }),
    };
  }

  #seen({ name, reachable }: Pick<MemberView, "name" | "reachable">): number | null {
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
