/** Requests from this node to a leader on another node: appends of proposals, and questions about the cluster. */

import { decodeClusterReply, encodeClusterMessage, refused } from "../cluster/request-codec.ts";
import type { ClusterReply, ClusterRequest } from "../messages/cluster.ts";
import type { PeerMessage } from "../peer/types.ts";
import type { Timers } from "../platform/timers.ts";

/** Timeout of a cluster request to the leader. No change of the cluster takes the leader longer. */
const CLUSTER_REQUEST_TIMEOUT_MS = 20_000;
/**
 * Time until this node forgets a forwarded proposal without an answer. The proposer repeats a proposal long before.
 */
const PROPOSAL_MEMORY_MS = 30_000;

export interface ForwardingOptions {
  /**
   * Random at each start of the process, so that an answer to a request of an earlier start matches no new request.
   */
  readonly firstId: number;
  readonly timers: Timers;
  /** Returns false when the message was not sent. */
  readonly send: (to: number, message: PeerMessage) => boolean;
  /** The leader refused these proposals, or the proposals were never sent. */
  readonly onDropped: (gateway: number, sequences: readonly number[]) => void;
}

interface Sent {
  readonly to: number;
  readonly gateway: number;
  readonly sequences: readonly number[];
  readonly forget: () => void;
}

interface Asked {
  readonly to: number;
  readonly answer: (reply: ClusterReply) => void;
  readonly cancelTimeout: () => void;
}

export class Forwarding {
  readonly #options: ForwardingOptions;
  readonly #sent = new Map<number, Sent>();
  readonly #asked = new Map<number, Asked>();
  #nextId: number;

  constructor(options: ForwardingOptions) {
    this.#options = options;
    this.#nextId = options.firstId;
  }

  /** Sends proposals to the leader. The transport has copied the proposals at the return. False: nothing was sent. */
  propose(
    to: number,
    gateway: number,
    sequences: readonly number[],
    entries: readonly Uint8Array[],
  ): boolean {
    const requestId = this.#nextId++;
    if (!this.#options.send(to, { kind: "propose", requestId, entries })) return false;
    const forget = this.#options.timers.later(() => this.#sent.delete(requestId), PROPOSAL_MEMORY_MS);
    this.#sent.set(requestId, { to, gateway, sequences, forget });
    return true;
  }

  onProposeReply(from: number, requestId: number, taken: boolean): void {
    const sent = this.#sent.get(requestId);
    if (sent === undefined || sent.to !== from) return;
    this.#sent.delete(requestId);
    sent.forget();
    if (!taken) this.#options.onDropped(sent.gateway, sent.sequences);
  }

  /** Sends a request to the leader. `answer` is called exactly once, unless `stop` is called first. */
  request(to: number, request: ClusterRequest, answer: (reply: ClusterReply) => void): void {
    const requestId = this.#nextId++;
    const sent = this.#options.send(to, { kind: "request", requestId, body: encodeClusterMessage(request) });
    if (!sent) {
      answer(refused("NO_LEADER", "the leader cannot be reached from this node"));
      return;
    }
    const cancelTimeout = this.#options.timers.later(() => {
      this.#asked.delete(requestId);
      answer(
        refused("TIMEOUT", `no answer from the leader within ${CLUSTER_REQUEST_TIMEOUT_MS} ms: look again`),
      );
    }, CLUSTER_REQUEST_TIMEOUT_MS);
    this.#asked.set(requestId, { to, answer, cancelTimeout });
  }

  onReply(from: number, requestId: number, body: Uint8Array): void {
    const asked = this.#asked.get(requestId);
    if (asked === undefined || asked.to !== from) return;
    this.#asked.delete(requestId);
    asked.cancelTimeout();
    let reply: ClusterReply;
    try {
      reply = decodeClusterReply(body);
    } catch (error) {
      reply = refused("INVALID", `the leader's answer cannot be read: ${String(error)}`);
    }
    asked.answer(reply);
  }

  stop(): void {
    for (const { forget } of this.#sent.values()) forget();
    this.#sent.clear();
    for (const { cancelTimeout } of this.#asked.values()) cancelTimeout();
    this.#asked.clear();
  }
}
