/** The contract between the consensus thread and the connections to its peers (design/contract.md, section 5 "Lanes" and section 10). */
import type { NetworkAddress, PeerCertificate } from "../platform/network.ts";
import type { Message } from "../raft/core/types.ts";

export interface Peer {
  /** Raft id. */
  readonly id: number;
  /** The operator's name. */
  readonly name: string;
  readonly address: NetworkAddress;
}

/** Order within a lane is kept; no lane waits for another. */
export const LANES = ["heartbeat", "replication", "snapshot", "other"] as const;
export type Lane = (typeof LANES)[number];

/** A core message with what the engine adds to it. */
export interface RaftEnvelope {
  readonly message: Message;
  /**
   * Heartbeat: the number of the round it was sent in (its sender knows when that was), 0 = it grants no lease.
   * HeartbeatResp: the round it acknowledges. TimeoutNow and Vote in a transfer: the last round before the leader
   * gave its lease up. Else 0.
   */
  readonly leaseRound: number;
  /** HeartbeatResp: what the sender has applied. Else 0. */
  readonly applied: number;
}

/** Everything that travels between nodes after the handshake. */
export type PeerMessage =
  | ({ readonly kind: "raft" } & RaftEnvelope)
  /** Proposals of another node's proposer, for the leader to stamp and append: all or none. Entries as command.ts
   *  lays them out. */
  | { readonly kind: "propose"; readonly requestId: number; readonly entries: readonly Uint8Array[] }
  /** What became of them: in the leader's log, or dropped (not leader, too much uncommitted) and never will be. */
  | { readonly kind: "propose-reply"; readonly requestId: number; readonly taken: boolean }
  /** A question to the leader's consensus thread (membership, status); the bodies are JSON of messages/cluster.ts. */
  | { readonly kind: "request"; readonly requestId: number; readonly body: Uint8Array }
  | { readonly kind: "reply"; readonly requestId: number; readonly body: Uint8Array }
  /** A keyspace snapshot, streamed: begin, chunks as far as the receiver gave credit, end. `message` is the core's Snap
   *  with the metadata of what is really streamed; it is stepped once everything is received and verified. */
  | { readonly kind: "snapshot-begin"; readonly streamId: number; readonly message: Message }
  | { readonly kind: "snapshot-chunk"; readonly streamId: number; readonly bytes: Uint8Array }
  | { readonly kind: "snapshot-end"; readonly streamId: number }
  /** From the receiver: so many more chunks may come. */
  | { readonly kind: "snapshot-credit"; readonly streamId: number; readonly chunks: number }
  /** From the receiver: received, verified and kept (ok), or not. From the sender: it ends early (not ok). */
  | {
      readonly kind: "snapshot-result";
      readonly streamId: number;
      readonly ok: boolean;
      readonly reason: string;
    };

/** Of one start of a node: 8 random bytes, hex. */
export const INCARNATION_ID = /^[0-9a-f]{16}$/;

/** What a node says of itself on a new connection. */
export interface Hello {
  /** Empty: it is joining and does not know yet. */
  readonly clusterId: string;
  readonly id: number;
  readonly name: string;
  /** 16 random bytes, hex, made with the data directory: a wiped node is another one. */
  readonly instance: string;
  readonly protocol: number;
  readonly version: string;
  readonly capabilities: readonly string[];
  /** Where its peers reach it. */
  readonly address: string;
  /** Of this start of it (docs/engine.md, "Who is who"). */
  readonly boot: string;
  /** The newest start of the receiver that it has written down. Absent: none. */
  readonly lastIncarnationOfYou?: string;
  /** The data directory that this was a start of. */
  readonly instanceOfYou?: string;
}

export type HelloIncarnations = Pick<Hello, "boot" | "lastIncarnationOfYou" | "instanceOfYou">;

/** What becomes of a connection over which a peer speaks, and both ends of which took the other's hello. */
export interface HandshakeGate {
  accept(): void;
  /** It ends. */
  reject(reason: string): void;
}

/** Whether a hello is welcome. Refusals travel back, and end up in the other node's log and on its status page. */
export type HandshakeResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: RefusalCode; readonly message: string };

export type RefusalCode =
  | "WRONG_CLUSTER"
  | "WRONG_NODE"
  /** Known with another data directory: it was wiped, or restored. */
  | "WRONG_INSTANCE"
  | "UNKNOWN_MEMBER"
  /** It was removed from the cluster. */
  | "REMOVED"
  | "PROTOCOL"
  | "CERTIFICATE"
  /** A node that is not yet (or no longer) ready to talk. */
  | "NOT_READY"
  /** The refusing node's own data directory is older than what it has promised: it takes part no more. */
  | "ROLLED_BACK"
  /** The only answer to whoever has not proved that it belongs to the cluster. */
  | "UNAUTHENTICATED";

/** Why a handshake came to nothing, as it is counted. */
export type HandshakeFailure =
  /** The dialler did not prove that it knows a secret of the cluster. */
  | "secret"
  /** This node dialled, and the other end did not prove it. */
  | "answer"
  /** Proved, and refused by one of the ends: another cluster, a removed node, a certificate of another name ... */
  | "refused"
  /** No TLS: no certificate, or none that the CA has signed. */
  | "tls"
  | "timeout"
  /** It had to make space: too many connections that have not come through. */
  | "crowded"
  /** Whatever it said, it was not this protocol. */
  | "protocol"
  /** It hung up. */
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
  /** Of an incoming connection; `answer`: of one that this node dialled. */
  handshakeFailed(reason: HandshakeFailure): void;
  /** Connections (all lanes) that are open, to this peer. */
  connected(peer: string, lanes: number): void;
}

/** How a node shows that it belongs to the cluster, and has others show it. One of the two is there. */
interface PeerAuthentication {
  /** Of the cluster, 32 bytes each: the first is proved with, each is taken. */
  readonly secrets: readonly Uint8Array[];
  /** The network is mutual TLS: it vouches for every byte, so that no frame has a seal. */
  readonly tls: boolean;
}

export interface TransportOptions {
  readonly authentication: PeerAuthentication;
  /** @param to Raft id of whoever it is for; 0 = nobody */
  readonly hello: (to: number) => Hello;
  readonly listen: NetworkAddress;
  /** 4, or 2 (heartbeat, and one for the rest). */
  readonly lanes: 4 | 2;
  readonly maxInflightMsgs: number;
  /** Bytes of entries in one append message at most; frames get some space on top. */
  readonly maxSizePerMsgBytes: number;
  /** Bytes of entries in flight to one peer at most; so many may wait in its replication lane. Default 64 MiB. */
  readonly maxInflightBytes?: number;
  /** Whether this certificate is that of the node which says hello; asked before anything else. Without it any is, which
   *  only a secret allows. */
  readonly certify?: (hello: Hello, cert: PeerCertificate | undefined) => HandshakeResult;
  /** Decides about the hello of a node that belongs to the cluster, on both ends. */
  readonly admit: (hello: Hello) => HandshakeResult;
  /** Both ends took the other's hello on a connection that the peer has dialled: what must be known of it for certain
   *  before anything that it says counts is written down, and then the connection stands. Default: it stands at once.
   *  @param own what this node said of itself on this connection */
  readonly keep?: (hello: Hello, own: Hello, standing: HandshakeGate) => void;
  readonly onMessage: (from: Peer, message: PeerMessage) => void;
  /** Something for this peer was dropped, or a connection with it broke (either direction): what was sent last is
   *  probably lost. Never called from within `send`; one call stands for all that happened in a turn. */
  readonly onUnreachable: (peer: Peer, lane: Lane) => void;
  /** A peer refused this node, with its reason. */
  readonly onRefused: (peer: Peer, code: RefusalCode, message: string) => void;
  /** A connection to it could not be made, or broke, and why; comes again with every attempt. */
  readonly onProblem?: (peer: Peer, problem: string) => void;
  /** Whoever dialled from there has not proved that it belongs to the cluster. @param host without its port */
  readonly onStranger?: (host: string) => void;
  /** A connection stands: both ends took the other's hello. Once per connection, so several times per peer. */
  readonly onHello: (peer: Peer, hello: Hello) => void;
  readonly metrics: TransportMetrics;
  /** Memory that the entries of one received append message (or proposal) are put into; views of it come out. Shared
   *  memory, so that other threads look at it without a copy. */
  readonly allocate: (bytes: number) => Uint8Array;
}

export interface PeerStatus {
  readonly peer: Peer;
  /** The heartbeat lane is connected in both directions. */
  readonly reachable: boolean;
  readonly lastError: string | undefined;
  readonly hello: Hello | undefined;
}

export interface Transport {
  /** Listens. @throws NetworkError naming the address. */
  start(): Promise<void>;
  /** The peers of this node, without itself. New ones are dialled, those gone lose their lanes at once. */
  setPeers(peers: readonly Peer[]): void;
  /** Never waits. False: dropped, counted and reported. Everything in it is copied before the call returns: entries lie
   *  in slabs that are used again once they have left the log cache. */
  send(to: number, message: PeerMessage): boolean;
  status(): readonly PeerStatus[];
  close(): void;
}
