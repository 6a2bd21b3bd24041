/**
 * The contract between the consensus thread and the connections to its peers (design/contract.md, section 5 "Lanes"
 * and section 10).
 */
import type { NetworkAddress, PeerCertificate } from "../platform/network.ts";
import type { Message } from "../raft/core/types.ts";

export interface Peer {
  /** Raft id. */
  readonly id: number;
  /** The operator's name. */
  readonly name: string;
  readonly address: NetworkAddress;
}

/**
 * Lanes of a peer. Messages within a lane keep their order; lanes do not wait for each other. `blob` belongs to the
 * blob thread's transport, the others to the consensus thread's.
 */
export const LANES = ["heartbeat", "replication", "snapshot", "other", "blob"] as const;
export type Lane = (typeof LANES)[number];

/** A core message with the values that the engine adds. */
export interface RaftEnvelope {
  readonly message: Message;
  /**
   * Heartbeat: the number of the message's round (the sender knows the round's send time), 0 = the round grants no
   * lease. HeartbeatResp: the acknowledged round. TimeoutNow and Vote in a transfer: the last round before the
   * leader gave up its lease. Otherwise 0.
   */
  readonly leaseRound: number;
  /** HeartbeatResp: applied index of the sender. Otherwise 0. */
  readonly applied: number;
  /** HeartbeatResp: reachable blobs that the sender does not hold; undefined: not known (yet). */
  readonly blobsMissing?: number | undefined;
}

/** Every message that nodes exchange after the handshake. */
export type PeerMessage =
  | ({ readonly kind: "raft" } & RaftEnvelope)
  /**
   * Proposals of another node's proposer. The leader stamps and appends all or none. Entries have the layout of
   * command.ts.
   */
  | { readonly kind: "propose"; readonly requestId: number; readonly entries: readonly Uint8Array[] }
  /** The result of a proposal: appended to the leader's log, or dropped (not leader, too many uncommitted bytes). */
  | { readonly kind: "propose-reply"; readonly requestId: number; readonly taken: boolean }
  /** A request to the leader's consensus thread (membership, status). The bodies are JSON of messages/cluster.ts. */
  | { readonly kind: "request"; readonly requestId: number; readonly body: Uint8Array }
  | { readonly kind: "reply"; readonly requestId: number; readonly body: Uint8Array }
  /**
   * A keyspace snapshot as a stream: begin, chunks as far as the receiver gave credit, end. `message` is the core's
   * Snap with the metadata of the streamed snapshot; the receiver steps it once everything is received and
   * verified.
   */
  | { readonly kind: "snapshot-begin"; readonly streamId: number; readonly message: Message }
  | { readonly kind: "snapshot-chunk"; readonly streamId: number; readonly bytes: Uint8Array }
  | { readonly kind: "snapshot-end"; readonly streamId: number }
  /** The receiver accepts this many more chunks. */
  | { readonly kind: "snapshot-credit"; readonly streamId: number; readonly chunks: number }
  /**
   * From the receiver: the snapshot was received, verified and kept (ok), or not. From the sender: the stream ends
   * early (not ok).
   */
  | {
      readonly kind: "snapshot-result";
      readonly streamId: number;
      readonly ok: boolean;
      readonly reason: string;
    }
  | BlobMessage;

/**
 * Messages of the lane `blob`. Received `bytes` and `payload` are views that are valid during `onMessage` only: the
 * receiver copies what it keeps, because a copy of every blob here would be one too many.
 */
export type BlobMessage =
  /** Asks the receiver to keep a blob durably, and to pin it until `pinUntilMs` (physical HLC milliseconds). */
  | {
      readonly kind: "blob-push";
      readonly requestId: number;
      readonly sha256: Uint8Array;
      readonly pinUntilMs: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "blob-fetch"; readonly requestId: number; readonly sha256: Uint8Array }
  /** Asks which of at most MAX_ASKED_BLOBS the receiver holds; `deep`: it reads and verifies them. */
  | {
      readonly kind: "blob-ask";
      readonly requestId: number;
      readonly blobs: readonly Uint8Array[];
      readonly deep: boolean;
    }
  /** `payload`: the fetched blob, or one byte for each asked blob; otherwise empty. */
  | {
      readonly kind: "blob-reply";
      readonly requestId: number;
      readonly result: BlobResult;
      readonly payload: Uint8Array;
    };

export const BLOB_RESULTS = ["ok", "not-found", "corrupt", "disk-full", "busy", "failed"] as const;
export type BlobResult = (typeof BLOB_RESULTS)[number];

/** Format of the id of one start of a node: 8 random bytes, hex. */
export const INCARNATION_ID = /^[0-9a-f]{16}$/;

/** What a node says about itself on a new connection. */
export interface Hello {
  /** Empty: the node is joining and does not know the cluster id yet. */
  readonly clusterId: string;
  readonly id: number;
  readonly name: string;
  /** 16 random bytes, hex, made with the data directory. A wiped node gets a new instance. */
  readonly instance: string;
  readonly protocol: number;
  readonly version: string;
  readonly capabilities: readonly string[];
  /** Address at which peers reach the node. */
  readonly address: string;
  /** Address at which peers exchange blobs with the node. Absent: the node has no blobs, or is of an earlier release. */
  readonly blobAddress?: string;
  /** Id of the node's current start (docs/engine.md, "Who is who"). */
  readonly boot: string;
  /** The newest start of the receiver that the sender has recorded. Absent: none. */
  readonly lastIncarnationOfYou?: string;
  /** Instance of the data directory of `lastIncarnationOfYou`. */
  readonly instanceOfYou?: string;
}

export type HelloIncarnations = Pick<Hello, "boot" | "lastIncarnationOfYou" | "instanceOfYou">;

/** Accepts or ends an incoming connection whose two ends have accepted the other's hello. */
export interface HandshakeGate {
  accept(): void;
  /** Ends the connection. */
  reject(reason: string): void;
}

/**
 * The decision on a hello. A refusal is sent to the other node, which logs the refusal and shows it on its status
 * page.
 */
export type HandshakeResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: RefusalCode; readonly message: string };

export type RefusalCode =
  | "WRONG_CLUSTER"
  | "WRONG_NODE"
  /** The node is known with another data directory: the node was wiped or restored. */
  | "WRONG_INSTANCE"
  | "UNKNOWN_MEMBER"
  /** The node was removed from the cluster. */
  | "REMOVED"
  | "PROTOCOL"
  | "CERTIFICATE"
  /** The refusing node is not ready to talk yet, or no longer. */
  | "NOT_READY"
  /** The refusing node's own data directory is older than its promises, so the node no longer takes part. */
  | "ROLLED_BACK"
  /** The only answer to an end without a proof of membership. */
  | "UNAUTHENTICATED";

/** Reasons of a failed handshake, as metrics count them. */
export type HandshakeFailure =
  /** The dialler did not prove that it knows a secret of the cluster. */
  | "secret"
  /** This node dialled, and the dialled end did not prove that it knows the secret. */
  | "answer"
  /**
   * The ends proved membership, and one end refused: another cluster, a removed node, a certificate of another name
   * ...
   */
  | "refused"
  /** TLS failed: no certificate, or a certificate that the CA has not signed. */
  | "tls"
  | "timeout"
  /** The connection was closed for a newer one: too many connections had no complete handshake. */
  | "crowded"
  /** The other end did not speak this protocol. */
  | "protocol"
  /** The other end closed the connection. */
  | "closed";
export const HANDSHAKE_FAILURES: readonly HandshakeFailure[] = [
  "secret",
  "answer",
  "refused",
  "tls",
  "timeout",
  "crowded",
  "protocol",
  "closed",
];

export interface TransportMetrics {
  dropped(lane: Lane, messages: number): void;
  sent(lane: Lane, messages: number, bytes: number): void;
  received(lane: Lane, messages: number, bytes: number): void;
  /** A peer broke the protocol and was disconnected. */
  protocolError(): void;
  /** Counts a failed incoming handshake; `answer` counts a connection that this node dialled. */
  handshakeFailed(reason: HandshakeFailure): void;
  /** Sets the number of open lanes to this peer. */
  connected(peer: string, lanes: number): void;
}

/** How nodes prove membership to each other. Secrets, TLS or both are set. */
interface PeerAuthentication {
  /** Secrets of the cluster, 32 bytes each: a node proves with the first, and accepts each of them. */
  readonly secrets: readonly Uint8Array[];
  /** The network is mutual TLS, which protects every byte, so frames have no seal. */
  readonly tls: boolean;
}

export type TransportLanes = 4 | 2 | "blob";

export interface TransportOptions {
  readonly authentication: PeerAuthentication;
  /** @param to Raft id of the receiver; 0 = none */
  readonly hello: (to: number) => Hello;
  readonly listen: NetworkAddress;
  /** 4 lanes, or 2 (one for heartbeats, one for the rest); `blob`: the lane of that name and no other. */
  readonly lanes: TransportLanes;
  readonly maxInflightMsgs: number;
  /** Maximum bytes of entries in one append message; frames get some space on top. */
  readonly maxSizePerMsgBytes: number;
  /**
   * Maximum bytes of entries in flight to one peer; as many may wait in the peer's replication lane. Default 64
   * MiB.
   */
  readonly maxInflightBytes?: number;
  /**
   * Checks that the certificate belongs to the node of the hello, before any other check. Absent: every certificate
   * is accepted, which requires a secret.
   */
  readonly certify?: (hello: Hello, cert: PeerCertificate | undefined) => HandshakeResult;
  /** Decides on the hello of a node that has proved membership. Called on both ends. */
  readonly admit: (hello: Hello) => HandshakeResult;
  /**
   * Called when both ends have accepted the other's hello on a connection that the peer dialled. Records durably
   * what this node must know about the peer before the peer's messages count, and then accepts the connection.
   * Default: the connection is accepted at once. @param own this node's hello on this connection
   */
  readonly keep?: (hello: Hello, own: Hello, gate: HandshakeGate) => void;
  readonly onMessage: (from: Peer, message: PeerMessage) => void;
  /**
   * A message for this peer was dropped, or a connection with the peer broke (in either direction): the last
   * messages are probably lost. Never called from within `send`. One call reports all losses of a turn.
   */
  readonly onUnreachable: (peer: Peer, lane: Lane) => void;
  /** A peer refused this node, with its reason. */
  readonly onRefused: (peer: Peer, code: RefusalCode, message: string) => void;
  /** A connection to the peer failed or broke, with the reason. Called for every attempt. */
  readonly onProblem?: (peer: Peer, problem: string) => void;
  /** A dialler at this host has not proved membership. @param host without its port */
  readonly onUnproven?: (host: string) => void;
  /**
   * A connection is up: both ends have accepted the other's hello. Called once per connection, so several times per
   * peer.
   */
  readonly onHello: (peer: Peer, hello: Hello) => void;
  /**
   * A node without a certificate asks to join (JoinLink). Absent: a connection without a certificate is closed in the
   * TLS handshake. @param host of the other end, without its port. @param answer takes one line, at most once
   */
  readonly onJoin?: (request: string, host: string, answer: (line: string) => void) => void;
  readonly metrics: TransportMetrics;
  /**
   * Returns memory for the entries of one received append message (or proposal). Entries are views of the memory.
   * The memory is shared, so other threads read it without a copy.
   */
  readonly allocate: (bytes: number) => Uint8Array;
}

export interface PeerStatus {
  readonly peer: Peer;
  /** The heartbeat lane (of a blob transport: the blob lane) is connected in both directions. */
  readonly reachable: boolean;
  readonly lastError: string | undefined;
  readonly hello: Hello | undefined;
}

export interface Transport {
  /** Listens. @throws NetworkError naming the address. */
  start(): Promise<void>;
  /**
   * Sets the peers of this node, without the node itself. New peers are dialled; removed peers lose their lanes at
   * once.
   */
  setPeers(peers: readonly Peer[]): void;
  /**
   * Never waits. False: the message was dropped, counted and reported. The whole message is copied before the call
   * returns, because entries lie in slabs that are reused after eviction from the log cache.
   */
  send(to: number, message: PeerMessage): boolean;
  status(): readonly PeerStatus[];
  close(): void;
}
