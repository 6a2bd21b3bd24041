/**
 * Options of the cluster's parts: the identity of this node, the nodes that it may meet, and the way to reach them.
 */

import type { ClusterReply, ClusterRequest } from "../messages/cluster.ts";
import type { Logger } from "../monitoring/log.ts";
import type { Transport, TransportOptions } from "../peer/types.ts";
import type { Timers } from "../platform/timers.ts";
import type { PeerIncarnation } from "../raft/engine/incarnations.ts";
import type { Member } from "./registry/node-registry.ts";

/** A node as the operator writes it: "name=host:port". */
export interface NamedAddress {
  readonly name: string;
  /** host:port of the node's peer listener. */
  readonly address: string;
}

/** Identity of this node, from DATA/node.json and the settings. */
export interface ClusterIdentity {
  /**
   * "" = the node is joining and does not know the id yet. The consensus thread sends nothing to the log and store
   * threads before `roster-kept` answers the `keep-roster` with the id. Both threads may start before or after the
   * answer.
   */
  readonly clusterId: string;
  readonly name: string;
  /** 32 hex digits, made when the data directory was made. */
  readonly instance: string;
  /** The roster of an earlier `keep-roster`; undefined = the node has neither bootstrapped nor joined. */
  readonly roster: readonly Member[] | undefined;
  /**
   * Starts of this directory, newest last; the last one is the current start. Empty: a node without peers keeps
   * none.
   */
  readonly incarnations: readonly string[];
  /** The peers of the last `keep-incarnations`. */
  readonly peerIncarnations: readonly PeerIncarnation[];
  /** The data directory is new: an empty log means the first start, not a loss. */
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
  /** Limit in bytes of committed entries in one message to the store thread. */
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
  | "onUnproven"
  | "onHello"
  | "allocate"
>;

export interface PeerLink {
  /** host:port at which peers reach this node. */
  readonly advertise: string;
  /** True: each peer proves its name by certificate. False: a peer with the cluster's secret is believed. */
  readonly tls: boolean;
  /** Makes the transport (not started): `(callbacks) => new PeerTransport(...)`. Called once. */
  readonly transport: (callbacks: TransportCallbacks) => Transport;
}

export interface BlobsHere {
  /** host:port at which peers exchange blobs with this node; undefined = the node has no peers. */
  readonly address: string | undefined;
  /** The node announces the capability `blobs`. */
  readonly offload: boolean;
}

/** Options that the cluster's parts share. */
export interface ClusterContext {
  readonly identity: ClusterIdentity;
  /** Every member of the cluster that is to be formed, with this node; empty = the node is alone, or joins. */
  readonly initialCluster: readonly NamedAddress[];
  /** Members of the cluster that this node joins; empty = the node does not join. */
  readonly join: readonly NamedAddress[];
  /** undefined = no peers, no listener. */
  readonly peer: PeerLink | undefined;
  /** Blobs on this node; undefined = the node has no blob thread, and cannot take the path of blobs. */
  readonly blobs?: BlobsHere | undefined;
  readonly raft: RaftSettings;
  readonly timers: Timers;
  readonly logger: Logger;
  /** The release of this program, for hellos and the status page. */
  readonly version: string;
}

/** Sends a request to the leader on another node; `answer` is called at most once. */
export interface LeaderRequests {
  request(to: number, request: ClusterRequest, answer: (reply: ClusterReply) => void): void;
}
