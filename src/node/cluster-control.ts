/** The control side of the cluster: bootstrap, requests to the leader, transfer of leadership before a stop. */

import type { Member } from "../cluster/registry/node-registry.ts";
import type { ClusterReply, ClusterRequest } from "../messages/cluster.ts";
import type { ConsensusToControl, ControlToConsensus } from "../messages/messages.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Timers } from "../platform/timers.ts";
import type { PeerIncarnation } from "../raft/engine/incarnations.ts";
import type { Channel } from "../threads/channel.ts";

export interface ClusterControlOptions {
  readonly consensus: Pick<Channel<ConsensusToControl, ControlToConsensus>, "send">;
  readonly timers: Timers;
  readonly log: Logger;
  /** There is nothing to wait for: the node is alone, or an earlier start kept its roster. */
  readonly formed: boolean;
  /** Makes cluster id and roster durable before it returns; throws when the write fails. */
  readonly keepRoster: (clusterId: string, roster: readonly Member[]) => void;
  /** Handles the message `keep-incarnations`: durable before it returns; throws when the write fails. */
  readonly keepIncarnations: (peers: readonly PeerIncarnation[], since: string) => void;
  /** Handles the message `rolled-back`: durable before it returns. */
  readonly keepRolledBack?: (message: string) => void;
  /** @param removed the end is orderly; otherwise the peers refuse this node permanently. */
  readonly onFenced: (message: string, removed: boolean) => void;
  readonly onFatal: (message: string) => void;
}

/** Members that bootstrap or joining waits for, and the reason. */
export interface Waiting {
  readonly members: readonly string[];
  readonly why: string;
}

type ControlMessage = Extract<
  ConsensusToControl,
  {
    kind:
      | "cluster-reply"
      | "keep-roster"
      | "keep-incarnations"
      | "waiting-for"
      | "rolled-back"
      | "fenced"
      | "stepped-down";
  }
>;

export class ClusterControl {
  readonly #options: ClusterControlOptions;
  readonly #asked = new Map<number, (reply: ClusterReply) => void>();
  #nextId = 1;
  #formed: boolean;
  #waiting: Waiting = { members: [], why: "" };
  #formedWaiters: (() => void)[] = [];
  #stepDownWaiters: ((done: boolean) => void)[] = [];

  constructor(options: ClusterControlOptions) {
    this.#options = options;
    this.#formed = options.formed;
  }

  /** undefined = this node belongs to a formed cluster. */
  get waiting(): Waiting | undefined {
    return this.#formed ? undefined : this.#waiting;
  }

  /** Resolves once the cluster has formed, or once a member has accepted this node. */
  whenFormed(): Promise<void> {
    if (this.#formed) return Promise.resolve();
    return new Promise((resolve) => this.#formedWaiters.push(resolve));
  }

  /** The leader answers, or this node refuses the request with TIMEOUT. */
  ask(request: ClusterRequest, timeoutMs: number): Promise<ClusterReply> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const cancel = this.#options.timers.later(() => {
        this.#asked.delete(id);
        const message = `no answer from the leader within ${timeoutMs / 1000} s; look at the status before trying again`;
        resolve({ kind: "refused", code: "TIMEOUT", message });
      }, timeoutMs);
      this.#asked.set(id, (reply) => {
        cancel();
        resolve(reply);
      });
      this.#options.consensus.send({ kind: "cluster-request", id, request });
    });
  }

  /** Transfers leadership when this node leads. @returns true when another member leads now. */
  stepDown(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#options.timers.later(() => resolve(false), timeoutMs);
      this.#stepDownWaiters.push((done) => {
        cancel();
        resolve(done);
      });
      this.#options.consensus.send({ kind: "step-down" });
    });
  }

  /** True: this node neither campaigns nor accepts leadership while another member can lead. */
  setDraining(draining: boolean): void {
    this.#options.consensus.send({ kind: "draining", draining });
  }

  receive(message: ControlMessage): void {
    switch (message.kind) {
      case "cluster-reply":
        this.#asked.get(message.id)?.(message.reply);
        this.#asked.delete(message.id);
        break;
      case "keep-roster":
        this.#keep(message.clusterId, message.roster);
        break;
      case "keep-incarnations":
        this.#keepIncarnations(message.id, message.peers, message.since);
        break;
      case "waiting-for":
        if (this.#formed) break;
        this.#waiting = { members: message.members, why: message.why };
        break;
      case "rolled-back":
        this.#keepRolledBack(message.message);
        break;
      case "fenced":
        this.#options.onFenced(message.message, message.removed);
        break;
      case "stepped-down":
        for (const wake of this.#stepDownWaiters.splice(0)) wake(message.done);
        break;
    }
  }

  /** When the write fails, the peers' connections must wait, but this node continues. */
  #keepIncarnations(id: number, peers: readonly PeerIncarnation[], since: string): void {
    let ok = true;
    try {
      this.#options.keepIncarnations(peers, since);
    } catch (error) {
      ok = false;
      this.#options.log.error("the starts of the peers cannot be written down", { error });
    }
    this.#options.consensus.send({ kind: "incarnations-kept", id, ok });
  }

  /** The node ends anyway. Without the mark, a later start learns from a peer again that the directory is too old. */
  #keepRolledBack(message: string): void {
    try {
      this.#options.keepRolledBack?.(message);
    } catch (error) {
      this.#options.log.error("that the data directory is too old cannot be written down in it", { error });
    }
  }

  #keep(clusterId: string, roster: readonly Member[]): void {
    try {
      this.#options.keepRoster(clusterId, roster);
    } catch (error) {
      // Without a durable roster this node may not vote: after a restart, it would accept a wiped member.
      this.#options.onFatal(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#options.consensus.send({ kind: "roster-kept" });
    this.#formed = true;
    const members = roster.map(({ name }) => name).join(",");
    this.#options.log.info("the cluster is known", { cluster: clusterId, members });
    for (const wake of this.#formedWaiters.splice(0)) wake();
  }
}
