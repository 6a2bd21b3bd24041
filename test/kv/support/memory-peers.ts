/** Transports of several nodes in one thread: handshake, order within a pair, and links that can be cut. */
import type { TransportCallbacks } from "../../../src/kv/consensus-options.ts";
import { type Entry, MessageType } from "../../../src/raft/core/index.ts";
import type { Hello, Peer, PeerMessage, PeerStatus, Transport } from "../../../src/raft/transport/types.ts";

/** Between two attempts to connect. */
const RETRY_MS = 10;

export class MemoryNetwork {
  /** By "host:port". */
  readonly #listening = new Map<string, MemoryTransport>();
  readonly #cut = new Set<string>();
  readonly sent = new Map<PeerMessage["kind"], number>();
  /** Looks at everything that is sent, before it is delivered; what it cuts loose is lost. */
  onSend: (from: string, to: string, message: PeerMessage) => void = () => {};
  /** What is sent and never arrives. */
  loses: (from: string, message: PeerMessage) => boolean = () => false;

  transport(address: string, callbacks: TransportCallbacks): Transport {
    return new MemoryTransport(this, address, callbacks);
  }

  /** Nothing passes between this node and the others (true), or again (false). */
  isolate(address: string, cut: boolean): void {
    if (cut) this.#cut.add(address);
    else this.#cut.delete(address);
    if (cut) for (const transport of this.#listening.values()) transport.lost(address);
  }

  listen(address: string, transport: MemoryTransport): void {
    this.#listening.set(address, transport);
  }

  leave(address: string): void {
    this.#listening.delete(address);
    for (const transport of this.#listening.values()) transport.lost(address);
  }

  at(from: string, to: string): MemoryTransport | undefined {
    return this.#cut.has(from) || this.#cut.has(to) ? undefined : this.#listening.get(to);
  }

  count(kind: PeerMessage["kind"]): void {
    this.sent.set(kind, (this.sent.get(kind) ?? 0) + 1);
  }
}

class MemoryTransport implements Transport {
  readonly #network: MemoryNetwork;
  readonly #address: string;
  readonly callbacks: TransportCallbacks;
  #peers = new Map<number, Peer>();
  /** Connected, by id. */
  readonly #up = new Map<number, Hello>();
  readonly #errors = new Map<number, string>();
  #retry: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(network: MemoryNetwork, address: string, callbacks: TransportCallbacks) {
    this.#network = network;
    this.#address = address;
    this.callbacks = callbacks;
  }

  start(): Promise<void> {
    this.#network.listen(this.#address, this);
    this.#retry = setInterval(() => this.#dialAll(), RETRY_MS);
    return Promise.resolve();
  }

  setPeers(peers: readonly Peer[]): void {
    this.#peers = new Map(peers.map((peer) => [peer.id, peer]));
    for (const id of this.#up.keys()) if (!this.#peers.has(id)) this.#up.delete(id);
  }

  send(to: number, message: PeerMessage): boolean {
    const peer = this.#peers.get(to);
    const other = peer === undefined ? undefined : this.#network.at(this.#address, addressOf(peer));
    if (peer === undefined || other === undefined || this.#closed || !this.#up.has(to)) return false;
    this.#network.count(message.kind);
    this.#network.onSend(this.#address, addressOf(peer), message);
    if (this.#network.loses(this.#address, message)) return true;
    const copy = copied(message);
    const own = this.callbacks.hello(to);
    setImmediate(() => other.deliver(own, copy));
    return true;
  }

  status(): readonly PeerStatus[] {
    return [...this.#peers.values()].map((peer) => ({
      peer,
      reachable: this.#up.has(peer.id),
      lastError: this.#errors.get(peer.id),
      hello: this.#up.get(peer.id),
    }));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#retry);
    this.#network.leave(this.#address);
  }

  deliver(from: Hello, message: PeerMessage): void {
    if (this.#closed || this.#network.at(this.#address, from.address) === undefined) return;
    const [host = "", port = ""] = from.address.split(":");
    const peer = { id: from.id, name: from.name, address: { host, port: Number(port) } };
    this.callbacks.onMessage(this.#peers.get(from.id) ?? peer, allocated(message, this.callbacks.allocate));
  }

  lost(address: string): void {
    for (const peer of this.#peers.values()) {
      const gone =
        addressOf(peer) === address || this.#network.at(this.#address, addressOf(peer)) === undefined;
      if (!gone || !this.#up.delete(peer.id)) continue;
      setImmediate(() => {
        if (this.#closed) return;
        this.callbacks.onUnreachable(peer, "replication");
        this.callbacks.onUnreachable(peer, "snapshot");
      });
    }
  }

  #dialAll(): void {
    for (const peer of this.#peers.values()) if (!this.#up.has(peer.id)) this.#dial(peer);
  }

  #dial(peer: Peer): void {
    const other = this.#network.at(this.#address, addressOf(peer));
    if (other === undefined || this.#closed || other.#closed) {
      this.#errors.set(peer.id, "not reachable");
      return;
    }
    const mine = this.callbacks.hello(peer.id);
    const theirs = other.callbacks.hello(mine.id);
    const there = other.callbacks.admit(mine);
    if (!there.ok) {
      this.#errors.set(peer.id, `${there.code}: ${there.message}`);
      this.callbacks.onRefused(peer, there.code, there.message);
      return;
    }
    const here = this.callbacks.admit(theirs);
    if (!here.ok) return;
    this.#up.set(peer.id, theirs);
    this.callbacks.onHello(peer, theirs);
    const [host = "", port = ""] = mine.address.split(":");
    other.callbacks.onHello({ id: mine.id, name: mine.name, address: { host, port: Number(port) } }, mine);
  }
}

function addressOf({ address }: Peer): string {
  return `${address.host}:${address.port}`;
}

function copied(message: PeerMessage): PeerMessage {
  return structuredClone(message);
}

/** Entries go where the real transport puts them. */
function allocated(message: PeerMessage, allocate: (bytes: number) => Uint8Array): PeerMessage {
  const place = (views: readonly Uint8Array[]): Uint8Array[] => {
    const memory = allocate(views.reduce((sum, view) => sum + view.byteLength, 0));
    let at = 0;
    return views.map((view) => {
      memory.set(view, at);
      at += view.byteLength;
      return memory.subarray(at - view.byteLength, at);
    });
  };
  if (message.kind === "propose") return { ...message, entries: place(message.entries) };
  if (message.kind !== "raft" || message.message.type !== MessageType.App) return message;
  if (message.message.entries.length === 0) return message;
  const data = place(message.message.entries.map((entry) => entry.data));
  const entries = message.message.entries.map(
    (entry, i): Entry => ({ ...entry, data: data[i] as Uint8Array }),
  );
  return { ...message, message: { ...message.message, entries } };
}
