import { parseAddress } from "../config/address.ts";
import type { Clock } from "../platform/clock.ts";
import { Crowd } from "../platform/network/crowd.ts";
import { hostOf } from "../platform/network/host-of.ts";
import type {
  Connection,
  ConnectionHandlers,
  Network,
  NetworkAddress,
  NetworkListener,
  PeerCertificate,
} from "../platform/network.ts";
import type { Random } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import { type Message, MessageType } from "../raft/core/index.ts";
import { decodeMessage, isBlobKind, type WireHeader } from "./codec.ts";
import type { AllocateFrame } from "./framing.ts";
import { type ConnectionHello, examineHello } from "./handshake.ts";
import { IncomingLink } from "./incoming-link.ts";
import { JoinLink } from "./join-link.ts";
import { firstSlot, isBlobSlot, laneOf, queueLimits } from "./lanes.ts";
import { CROWD_LIMITS, frameLimit, JOIN_CROWD_LIMITS, SWEEP_MS } from "./limits.ts";
import type { LinkContext } from "./outgoing-link.ts";
import { ClusterProof } from "./proof.ts";
import { PeerProtocolError } from "./protocol-error.ts";
import { RemotePeer } from "./remote-peer.ts";
import type {
  HandshakeFailure,
  Hello,
  Lane,
  Peer,
  PeerMessage,
  PeerStatus,
  Transport,
  TransportOptions,
} from "./types.ts";

export interface PeerTransportOptions extends TransportOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/**
 * The lanes to and from the peers of one node.
 *
 * The transport never waits: a message without space is dropped, counted and reported. Memory per peer is bounded
 * by the queue limits (lanes.ts), one write per lane that the kernel has not accepted, and one incomplete frame per
 * incoming lane. An end without a proof of membership learns nothing, and uses a connection of CROWD_LIMITS for at
 * most HANDSHAKE_MS.
 */
export class PeerTransport implements Transport {
  readonly #context: LinkContext;
  readonly #options: PeerTransportOptions;
  readonly #peers = new Map<number, RemotePeer>();
  /** Incoming connections without a proof of membership. */
  readonly #unknownPeers = new Crowd<IncomingLink>(CROWD_LIMITS);
  /** Incoming connections with a proof whose handshake is not complete. */
  readonly #greeting = new Crowd<IncomingLink>(CROWD_LIMITS);
  /** Incoming connections without a client certificate. */
  readonly #joiners = new Crowd<JoinLink>(JOIN_CROWD_LIMITS);
  /** Incoming connections that are up, by peer id and slot. */
  readonly #incoming = new Map<string, IncomingLink>();
  readonly #lost = new Map<number, { readonly peer: Peer; readonly lanes: Set<Lane> }>();
  #reporting = false;
  #ownId: number | undefined;
  #listener: NetworkListener | undefined;
  #stopSweep: () => void = () => {};
  #sweptMs = 0;
  #started = false;
  #closed = false;

  constructor(options: PeerTransportOptions) {
    this.#options = options;
    const { secrets, tls } = options.authentication;
    if (secrets.length === 0 && (!tls || options.certify === undefined)) {
      throw new Error("neither a secret nor certificates that are looked at: anybody would be a member");
    }
    this.#context = {
      options,
      network: options.network,
      clock: options.clock,
      timers: options.timers,
      random: options.random,
      frameLimit: frameLimit(options.maxSizePerMsgBytes),
      queueLimits: queueLimits(options),
      proof: new ClusterProof(secrets),
      seals: !tls,
      isOwnChallenge: (challenge) => this.#unknownPeers.some((link) => link.waitsFor(challenge)),
      judge: (own, other, certificate, expected) => {
        // The certificate is checked first: it may be the only proof, and a refusal must reveal nothing to an end
        // without one.
        const certified = options.certify?.(other, certificate) ?? { ok: true };
        if (!certified.ok) return certified;
        const verdict = examineHello(own, other, expected);
        return verdict.ok ? options.admit(other) : verdict;
      },
    };
  }

  /** The listening address, with the port that was chosen; undefined before `start` has finished. */
  get address(): NetworkAddress | undefined {
    return this.#listener?.address;
  }

  async start(): Promise<void> {
    const { network, listen, onJoin } = this.#options;
    const listener = await network.listen(
      listen,
      (connection, certificate) => this.#accept(connection, certificate),
      onJoin && ((connection) => this.#acceptJoiner(connection, onJoin)),
    );
    if (this.#closed) {
      listener.close();
      return;
    }
    this.#listener = listener;
    this.#started = true;
    this.#sweptMs = this.#options.clock.monotonicMs();
    this.#stopSweep = this.#options.timers.every(() => this.#sweep(), SWEEP_MS);
    for (const remote of this.#peers.values()) remote.dial();
  }

  setPeers(peers: readonly Peer[]): void {
    if (this.#closed) return;
    const wanted = new Map(peers.map((peer) => [peer.id, peer]));
    for (const [id, remote] of this.#peers) {
      const peer = wanted.get(id);
      if (peer !== undefined && samePlace(peer, remote.peer)) continue;
      this.#peers.delete(id);
      remote.close(peer === undefined ? "no longer a peer" : "it has another address");
      if (peer === undefined) this.#hangUpOn(id);
    }
    for (const peer of peers) {
      if (!this.#peers.has(peer.id)) this.#add(peer);
    }
  }

  /** @param allocate returns the memory of the frame, which belongs to the connection until the peer has answered */
  send(to: number, message: PeerMessage, allocate?: AllocateFrame): boolean {
    const remote = this.#closed ? undefined : this.#peers.get(to);
    if (remote?.send(message, allocate)) return true;
    const lane = laneOf(message);
    this.#options.metrics.dropped(lane, 1);
    if (remote !== undefined) this.#lose(remote.peer, lane);
    return false;
  }

  status(): readonly PeerStatus[] {
    return [...this.#peers.values()].map((remote) => ({
      peer: remote.peer,
      reachable: this.reachable(remote.peer.id),
      lastError: remote.lastError,
      hello: remote.hello,
    }));
  }

  /** As in the status of this peer; false for a node that is no peer. */
  reachable(id: number): boolean {
    const slot = firstSlot(this.#options.lanes);
    return this.#peers.get(id)?.firstUp === true && this.#incoming.get(slotKey(id, slot))?.up === true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopSweep();
    this.#listener?.close();
    for (const remote of this.#peers.values()) remote.close("this node stops");
    for (const link of this.#allIncoming()) link.end("this node stops");
    for (const link of [...this.#joiners.members()]) link.end("this node stops");
    this.#incoming.clear();
    this.#lost.clear();
  }

  #add(peer: Peer): void {
    const { metrics, onHello, onRefused } = this.#options;
    const remote = new RemotePeer(this.#context, peer, {
      onHello: (of, hello) => onHello(of, hello),
      onRefused: (of, code, message) => onRefused(of, code, message),
      onDropped: (lane, messages) => metrics.dropped(lane, messages),
      onLost: (of, lane) => this.#lose(of, lane),
      onProtocolError: () => metrics.protocolError(),
      onWrongProof: () => metrics.handshakeFailed("answer"),
      onProblem: (of, problem) => this.#options.onProblem?.(of, problem),
    });
    this.#peers.set(peer.id, remote);
    if (this.#started) remote.dial();
  }

  #accept(connection: Connection, certificate: PeerCertificate | undefined): ConnectionHandlers {
    const host = hostOf(connection.remote);
    const link: IncomingLink = new IncomingLink(this.#context, connection, certificate, {
      onProven: () => {
        this.#unknownPeers.delete(link);
        this.#greeting.add(link, host)?.evict();
      },
      onUp: (greeting) => this.#welcome(link, greeting),
      onRefused: ({ hello }, verdict, byThem) => {
        const remote = this.#peers.get(hello.id);
        if (byThem) this.#options.onRefused(this.#peerOf(hello), verdict.code, verdict.message);
        if (remote === undefined) return;
        const who = byThem ? "refused this node" : "was refused";
        remote.lastError = `${who} (${verdict.code}): ${verdict.message}`;
      },
      onFrame: (greeting, header, payload, bytes) => this.#receive(greeting, header, payload, bytes),
      onEnd: (greeting, failure, reason, protocolError) => {
        if (failure === "secret") this.#options.onUnproven?.(host);
        this.#gone(link, greeting, failure, reason, protocolError);
      },
    });
    if (this.#closed) {
      link.end("this node stops");
      return link.handlers;
    }
    this.#unknownPeers.add(link, host)?.evict();
    return link.handlers;
  }

  #acceptJoiner(connection: Connection, onJoin: NonNullable<TransportOptions["onJoin"]>): ConnectionHandlers {
    const host = hostOf(connection.remote);
    const link: JoinLink = new JoinLink(() => this.#options.clock.monotonicMs(), connection, {
      onRequest: (request, answer) => onJoin(request, host, answer),
      onEnd: (failure) => {
        this.#joiners.delete(link);
        if (failure !== undefined && !this.#closed) this.#options.metrics.handshakeFailed(failure);
      },
    });
    if (this.#closed) link.end("this node stops");
    else this.#joiners.add(link, host)?.evict();
    return link.handlers;
  }

  #welcome(link: IncomingLink, { hello, slot }: ConnectionHello): void {
    this.#greeting.delete(link);
    const key = slotKey(hello.id, slot.wire);
    const before = this.#incoming.get(key);
    this.#incoming.set(key, link);
    before?.end("replaced by a newer connection of the same node");
    const remote = this.#peers.get(hello.id);
    if (remote !== undefined) {
      remote.hello = hello;
      // The peer is alive, so this node dials at once instead of at the next attempt.
      remote.dial();
    }
    this.#options.onHello(this.#peerOf(hello), hello);
  }

  #gone(
    link: IncomingLink,
    greeting: ConnectionHello | undefined,
    failure: HandshakeFailure | undefined,
    reason: string,
    protocolError: boolean,
  ): void {
    this.#unknownPeers.delete(link);
    this.#greeting.delete(link);
    if (protocolError) this.#options.metrics.protocolError();
    if (failure !== undefined && !this.#closed) this.#options.metrics.handshakeFailed(failure);
    if (greeting === undefined || this.#closed) return;
    const { hello, slot } = greeting;
    const remote = this.#peers.get(hello.id);
    if (protocolError && remote !== undefined) remote.lastError = `${slot.name}, incoming: ${reason}`;
    if (failure !== undefined) return;
    const key = slotKey(hello.id, slot.wire);
    if (this.#incoming.get(key) === link) this.#incoming.delete(key);
    if (remote === undefined) return;
    for (const lane of slot.lanes) this.#lose(remote.peer, lane);
  }

  #receive({ hello, slot }: ConnectionHello, header: WireHeader, payload: Uint8Array, bytes: number): void {
    if (isBlobKind(header.kind) !== isBlobSlot(slot)) {
      throw new PeerProtocolError(`a frame of kind ${header.kind} on lane ${slot.name}`);
    }
    const { metrics, onMessage, allocate } = this.#options;
    const message = decodeMessage(header, payload, allocate, (raft) => this.#checkEnds(raft, hello));
    metrics.received(laneOf(message), 1, bytes);
    onMessage(this.#peerOf(hello), message);
  }

  /** A message must come from its sender. Only a transfer names another sender: the transferee. */
  #checkEnds({ type, to, from }: Message, hello: Hello): void {
    this.#ownId ??= this.#options.hello(0).id;
    const own = this.#ownId;
    if (to !== own) throw new PeerProtocolError(`a Raft message for node ${to} came to node ${own}`);
    if (from !== hello.id && type !== MessageType.TransferLeader) {
      throw new PeerProtocolError(`node ${hello.id} sent a Raft message in the name of node ${from}`);
    }
  }

  #peerOf(hello: Hello): Peer {
    return (
      this.#peers.get(hello.id)?.peer ?? {
        id: hello.id,
        name: hello.name,
        address: shownAddress(hello.address),
      }
    );
  }

  #hangUpOn(id: number): void {
    for (const link of this.#allIncoming()) {
      if (link.hello?.hello.id === id) link.end("no longer a peer");
    }
  }

  /** Reports a loss at the end of the turn: any code may call `send`, and a burst of drops becomes one report. */
  #lose(peer: Peer, lane: Lane): void {
    if (this.#closed) return;
    const lost = this.#lost.get(peer.id);
    if (lost === undefined) this.#lost.set(peer.id, { peer, lanes: new Set([lane]) });
    else lost.lanes.add(lane);
    if (this.#reporting) return;
    this.#reporting = true;
    this.#options.timers.soon(() => {
      this.#reporting = false;
      const all = [...this.#lost.values()];
      this.#lost.clear();
      for (const { peer: of, lanes } of all) {
        for (const each of lanes) if (!this.#closed) this.#options.onUnreachable(of, each);
      }
    });
  }

  #sweep(): void {
    const now = this.#options.clock.monotonicMs();
    // This process was paused (stopped, swapped out): messages that the peers sent meanwhile are still unread.
    const paused = now - this.#sweptMs > 2 * SWEEP_MS;
    this.#sweptMs = now;
    for (const remote of [...this.#peers.values()]) remote.sweep(paused);
    for (const link of this.#allIncoming()) link.sweep(paused);
    for (const link of [...this.#joiners.members()]) link.sweep(paused);
  }

  #allIncoming(): IncomingLink[] {
    return [...this.#unknownPeers.members(), ...this.#greeting.members(), ...this.#incoming.values()];
  }
}

function samePlace(a: Peer, b: Peer): boolean {
  return a.name === b.name && a.address.host === b.address.host && a.address.port === b.address.port;
}

function slotKey(id: number, slot: number): string {
  return `${id}/${slot}`;
}

/** The address of a node that is no peer, for display only. Dialling uses the membership. */
function shownAddress(text: string): NetworkAddress {
  try {
    return parseAddress(text);
  } catch {
    return { host: text, port: 0 };
  }
}
