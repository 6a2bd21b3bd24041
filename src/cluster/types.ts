/** What the cluster's parts are told: who this node is, whom it may meet, and how it reaches them. */

import type { ClusterReply, ClusterRequest } from "../messages/cluster.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Transport, TransportOptions } from "../peer/types.ts";
import type { Timers } from "../platform/timers.ts";
import type { PeerIncarnation } from "../raft/engine/incarnations.ts";
import type { Member } from "./registry/node-registry.ts";

/** A node as the operator writes it: "name=host:port". */
export interface NamedAddress {
  readonly name: string;
  /** host:port of its peer listener. */
  readonly address: string;
}

/** Who this node is: DATA/node.json, and what the settings say. */
export interface ClusterIdentity {
  /** "" = joining, and not known yet: nothing is asked of the log and store threads before the `roster-kept` that answers
   *  the `keep-roster` with the id. They may be started before it or after. */
  readonly clusterId: string;
  readonly name: string;
  /** 32 hex digits, made with the data directory. */
  readonly instance: string;
  /** What `keep-roster` gave on an earlier day; undefined = never formed (or joined). */
  readonly roster: readonly Member[] | undefined;
  /** The starts of this directory, newest last: the last is this one. Empty: none are kept (a node without peers). */
  readonly incarnations: readonly string[];
  /** What `keep-incarnations` gave last. */
  readonly peerIncarnations: readonly PeerIncarnation[];
  /** The data directory is new: an empty log is the first start and not a loss. */
  readonly initializing: boolean;
}

export interface RaftSettings {
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly maxInflightMsgs: number;
  readonly maxInflightBytes: number;
  readonly maxSizePerMsgBytes: number;
  readonly maxUncommittedBytes: number;
  /** Bytes of committed entries handed to the store thread at a time. */
  readonly maxCommittedBytesPerReady: number;
  /** Entries kept behind the applied position for slow followers. */
  readonly snapshotCount: number;
  /** Bytes of applied entries that stay in memory for followers that are a little behind; default RETAIN_BYTES. */
  readonly retainBytes?: number;
}

export type TransportCallbacks = Pick<
  TransportOptions,
  | "hello"
  | "certify"
  | "admit"
  | "keep"
  | "onMessage"
  | "onUnreachable"
  | "onRefused"
  | "onProblem"
  | "onStranger"
  | "onHello"
  | "allocate"
>;

export interface PeerLink {
  /** Where peers reach this node: host:port. */
  readonly advertise: string;
  /** Each peer proves its name by certificate; without it whoever knows the cluster's secret is believed. */
  readonly tls: boolean;
  /** Makes the transport (not started): `(callbacks) => new PeerTransport(...)`. Called once. */
  readonly transport: (callbacks: TransportCallbacks) => Transport;
}

/** What every part of the cluster's side is given. */
export interface ClusterContext {
  readonly identity: ClusterIdentity;
  /** Every member of the cluster that is to be formed, this node too; empty = a node alone (or one that joins). */
  readonly initialCluster: readonly NamedAddress[];
  /** Members of a cluster that this node is to join; empty = it does not join. */
  readonly join: readonly NamedAddress[];
  /** undefined = no peers, no listener. */
  readonly peer: PeerLink | undefined;
  readonly raft: RaftSettings;
  readonly timers: Timers;
  readonly logger: Logger;
  /** The release of this program, for hellos and the status page. */
  readonly version: string;
}

/** Asks the leader on another node; `answer` is called once, whatever happens. */
export interface LeaderRequests {
  request(to: number, request: ClusterRequest, answer: (reply: ClusterReply) => void): void;
}
