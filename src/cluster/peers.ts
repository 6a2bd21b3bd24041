/**
 * This node's view of its peers: which peers may connect, which peers this node dials, what peers say about
 * themselves, and which peers refuse this node.
 */

import { parsePeerAddress } from "../config/members.ts";
import type {
  HandshakeResult,
  Hello,
  Peer,
  PeerMessage,
  PeerStatus,
  RefusalCode,
  Transport,
} from "../peer/types.ts";
import type { PeerCertificate } from "../platform/network.ts";
import type { PeerIncarnation } from "../raft/engine/incarnations.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import { type AdmissionView, admit, checkCertificate } from "./admit.ts";
import { PeerIncarnations } from "./peer-incarnations.ts";
import type { Member, NodeRegistry } from "./registry/node-registry.ts";
import type { ClusterContext, NamedAddress, TransportCallbacks } from "./types.ts";

/**
 * Features of this release that an earlier release cannot apply. A replica stops at an entry that it cannot read,
 * so a node may propose such an entry only after every member announces the feature. `archive`: the mutation
 * (docs/format/command.md). `versions`: the gateway keeps the versions of objects (docs/decisions/170-versions.md).
 */
export const VERSIONS_CAPABILITY = "versions";
const CAPABILITIES: readonly string[] = ["archive", VERSIONS_CAPABILITY];
/** Mutations and rows of blobs (txn/references.ts); the node keeps and exchanges blobs. */
export const BLOBS_CAPABILITY = "blobs";

/** Version of the protocol in a hello; nodes with different versions refuse each other. */
export const PEER_PROTOCOL = 2;
/**
 * Limit of peers in node.json. Above the limit, starts of unknown peers are forgotten. No cluster has so many
 * nodes.
 */
const MAX_PEER_INCARNATIONS = 64;
/** Number of addresses without proof that are logged in UNPROVEN_MS: one line for each address. */
const LOGGED_UNPROVEN = 16;
const UNPROVEN_MS = 60_000;
/** Time until the connections of a removed member are closed. */
const FAREWELL_MS = 1_000;

export interface ClusterPeersOptions
  extends Pick<
    ClusterContext,
    "identity" | "initialCluster" | "join" | "peer" | "blobs" | "version" | "logger" | "timers"
  > {
  readonly onMessage: TransportCallbacks["onMessage"];
  readonly onUnreachable: TransportCallbacks["onUnreachable"];
  readonly allocate: TransportCallbacks["allocate"];
  /** A connection with the peer is up. */
  readonly onHello: (hello: Hello) => void;
  /** The peer refuses this node. */
  readonly onRefused: (peer: Peer, code: RefusalCode, message: string) => void;
  /** The peer cannot be reached; called with every attempt. */
  readonly onProblem: (peer: Peer, problem: string) => void;
  /** Sends the message `keep-incarnations`. */
  readonly keepIncarnations: (id: number, peers: readonly PeerIncarnation[], since: string) => void;
  /**
   * This node's data directory is older than what the node has promised. Called once; the node sends nothing
   * afterwards.
   */
  readonly onRolledBack: (message: string) => void;
}

export class ClusterPeers {
  readonly #options: ClusterPeersOptions;
  readonly #transport: Transport | undefined;
  readonly #hellos = new Map<number, Hello>();
  /** Nodes of this cluster that are missing in the membership here, perhaps because this replica is behind. */
  readonly #unknownPeers = new Map<number, Hello>();
  /** Addresses of connections without proof of membership that were logged in the last UNPROVEN_MS. */
  readonly #unproven = new Set<string>();
  /**
   * Members that were removed a moment ago: messages to them (above all the end of their removal) may still be
   * sent.
   */
  readonly #leaving = new Map<number, Member>();
  /**
   * Reasons why peers with another data directory are refused. Such a peer ends at once, and the status would
   * otherwise show an operator only that the peer does not listen.
   */
  readonly #rejectedInstances = new Map<number, string>();
  /** Peers that have spoken, or that could not be reached, since this start. */
  readonly #heard = new Set<number>();
  readonly #incarnations: PeerIncarnations;
  #rolledBack: string | undefined;
  /** The last line that was logged about each peer. */
  readonly #logged = new Map<number, string>();
  #clusterId: string;
  #roster: readonly Member[];
  #registry: NodeRegistry | undefined;

  constructor(options: ClusterPeersOptions) {
    this.#options = options;
    this.#clusterId = options.identity.clusterId;
    this.#roster = options.identity.roster ?? [];
    this.#incarnations = new PeerIncarnations({
      instance: options.identity.instance,
      incarnations: options.identity.incarnations,
      peers: options.identity.peerIncarnations,
      keep: options.keepIncarnations,
      isGone: (id, among) => this.#isGone(id, among),
    });
    this.#transport = options.peer?.transport({
      hello: (to) => this.#hello(to),
      certify: (hello, cert) => this.#certify(hello, cert),
      admit: (hello) => this.#admit(hello),
      keep: (hello, own, gate) => this.#incarnations.keep(hello, own, gate),
      onMessage: options.onMessage,
      onUnreachable: options.onUnreachable,
      onRefused: (peer, code, message) => this.#onRefused(peer, code, message),
      onProblem: (peer, problem) => this.#onProblem(peer, problem),
      onUnproven: (host) => this.#onUnproven(host),
      onHello: (_, hello) => this.#onHello(hello),
      allocate: options.allocate,
    });
  }

  get clusterId(): string {
    return this.#clusterId;
  }

  /** @throws NetworkError naming the address that cannot be listened on. */
  async start(): Promise<void> {
    this.#updatePeers();
    await this.#transport?.start();
  }

  stop(): void {
    this.#transport?.close();
  }

  /** Bootstrap or joining has finished. */
  formed(clusterId: string, roster: readonly Member[]): void {
    this.#clusterId = clusterId;
    this.#roster = roster;
  }

  setRegistry(registry: NodeRegistry): void {
    for (const member of this.#registry?.members ?? []) {
      const now = registry.members.find(({ id }) => id === member.id);
      if (now !== undefined) {
        // The member has moved and told another node: the address in the last hello to this node is out of date.
        if (now.address !== member.address && this.#hellos.get(member.id)?.address === member.address) {
          this.#hellos.delete(member.id);
        }
        continue;
      }
      this.#leaving.set(member.id, member);
      this.#options.timers.later(() => {
        this.#leaving.delete(member.id);
        this.#updatePeers();
      }, FAREWELL_MS);
    }
    this.#registry = registry;
    for (const id of this.#unknownPeers.keys()) {
      const known = [...registry.members, ...registry.removed].some((member) => member.id === id);
      if (known) this.#unknownPeers.delete(id);
    }
    this.#updatePeers();
  }

  onIncarnationsKept(id: number, ok: boolean): void {
    this.#incarnations.onKept(id, ok);
    if (!ok) this.#options.logger.warn("the start of a peer could not be written down: it has to wait");
  }

  /** True when each peer has spoken, or could not be reached, since this node started. */
  haveHeard(ids: readonly number[]): boolean {
    return ids.every((id) => id === raftIdOf(this.#options.identity.name) || this.#heard.has(id));
  }

  send(to: number, message: PeerMessage): boolean {
    if (this.#rolledBack !== undefined) return false;
    return this.#transport?.send(to, message) ?? false;
  }

  /** The last hello of every node that was connected. */
  get hellos(): readonly Hello[] {
    return [...this.#hellos.values()];
  }

  status(): readonly PeerStatus[] {
    const status = this.#transport?.status() ?? [];
    return status.map((one) => {
      const refused = this.#rejectedInstances.get(one.peer.id);
      return refused === undefined || one.reachable ? one : { ...one, lastError: refused };
    });
  }

  /**
   * A member whose data directory or address differs from the registry, with the values that the member's hello
   * gave.
   */
  unregistered(): Member | undefined {
    const { identity, peer } = this.#options;
    for (const member of this.#registry?.members ?? []) {
      const own = member.name === identity.name;
      const hello = this.#hellos.get(member.id);
      const instance = own ? identity.instance : (hello?.instance ?? member.instance);
      const address = (own ? peer?.advertise : hello?.address) ?? member.address;
      // A registered data directory is never overwritten: a node with another directory would have been refused.
      if (member.instance !== "" && member.address === address) continue;
      if (member.instance === instance && member.address === address) continue;
      return { ...member, instance: member.instance === "" ? instance : member.instance, address };
    }
    return undefined;
  }

  /**
   * True for a removed member; and for an unknown peer when the table is large. The membership may be unknown or
   * old, so the starts of a peer that the membership lacks are kept otherwise.
   */
  #isGone(id: number, among: number): boolean {
    const { members = [], removed = [] } = this.#registry ?? {};
    if (removed.some((member) => member.id === id)) return true;
    if (this.#registry === undefined || among <= MAX_PEER_INCARNATIONS) return false;
    return ![...members, ...this.#roster].some((member) => member.id === id) && !this.#unknownPeers.has(id);
  }

  #hello(to: number): Hello {
    const { identity, peer, blobs, version } = this.#options;
    return {
      clusterId: this.#clusterId,
      id: raftIdOf(identity.name),
      name: identity.name,
      instance: identity.instance,
      protocol: PEER_PROTOCOL,
      version,
      capabilities: blobs?.offload === true ? [...CAPABILITIES, BLOBS_CAPABILITY] : CAPABILITIES,
      address: peer?.advertise ?? "",
      ...(blobs?.address === undefined ? {} : { blobAddress: blobs.address }),
      ...this.#incarnations.greeting(to),
    };
  }

  #view(): AdmissionView {
    const { identity, initialCluster, join, peer } = this.#options;
    return {
      name: identity.name,
      clusterId: this.#clusterId,
      registry: this.#registry,
      roster: this.#roster,
      expected: initialCluster.length > 0 ? initialCluster.map(({ name }) => name) : undefined,
      named: [...initialCluster, ...join],
      tls: peer?.tls ?? false,
    };
  }

  #certify(hello: Hello, cert: PeerCertificate | undefined): HandshakeResult {
    const verdict = checkCertificate(this.#view(), hello, cert);
    if (!verdict.ok) this.#logRefusal(hello, verdict.code, verdict.message);
    return verdict;
  }

  #admit(hello: Hello): HandshakeResult {
    if (this.#rolledBack !== undefined) return refuseAsRolledBack(this.#rolledBack);
    const verdict = admit(this.#view(), hello);
    if (verdict.ok && this.#incarnations.isBehind(hello)) return this.#rollBack(hello);
    this.#heard.add(hello.id);
    if (!verdict.ok) {
      const { code, message } = verdict;
      if (code === "WRONG_INSTANCE") this.#rejectedInstances.set(hello.id, `${code}: ${message}`);
      this.#logRefusal(hello, code, message);
    }
    return verdict;
  }

  /** Logs a refusal with the refused node's hello. The refusal itself does not reveal what this node knows. */
  #logRefusal(
    { id, name: peer, instance, clusterId: cluster }: Hello,
    code: RefusalCode,
    reason: string,
  ): void {
    if (!this.#isNews(id, `refused here: ${code} ${instance} ${reason}`)) return;
    this.#options.logger.warn("peer refused", { peer, code, reason, instance, cluster });
  }

  /** Fences this node. Only the hello of an admitted node can cause this fencing. */
  #rollBack(hello: Hello): HandshakeResult {
    const { name } = this.#options.identity;
    const message =
      `the data directory of ${name} is older than what ${name} has promised: ${hello.name} knows its start ` +
      `${hello.lastIncarnationOfYou}, and the directory does not. It is a copy that was put back, or was rolled back, and may not ` +
      "take part any more: replace this member by one with an empty directory and a new name (elastickv cluster replace)";
    this.#rolledBack = message;
    this.#options.onRolledBack(message);
    return refuseAsRolledBack(message);
  }

  #onHello(hello: Hello): void {
    this.#heard.add(hello.id);
    this.#incarnations.cut(
      (this.#registry?.members ?? [])
        .map(({ id }) => id)
        .filter((id) => id !== raftIdOf(this.#options.identity.name)),
    );
    const before = this.#hellos.get(hello.id);
    this.#rejectedInstances.delete(hello.id);
    this.#hellos.set(hello.id, hello);
    if (this.#isNews(hello.id, `connected ${hello.instance} ${hello.address} ${hello.version}`)) {
      const { name: peer, address, version } = hello;
      this.#options.logger.info("peer connected", { peer, address, version });
    }
    const members = this.#registry?.members ?? [];
    const unknown = hello.clusterId !== "" && !members.some(({ id }) => id === hello.id);
    if (unknown) this.#unknownPeers.set(hello.id, hello);
    if (before?.address !== hello.address) this.#updatePeers();
    this.#options.onHello(hello);
  }

  #onRefused(peer: Peer, code: RefusalCode, message: string): void {
    this.#heard.add(peer.id);
    if (code === "ROLLED_BACK") this.#rejectedInstances.set(peer.id, `${code}: ${message}`);
    if (this.#isNews(peer.id, `refuses this node: ${code} ${message}`)) {
      this.#options.logger.warn("peer refuses this node", { peer: peer.name, code, reason: message });
    }
    this.#options.onRefused(peer, code, message);
  }

  #onUnproven(host: string): void {
    const { timers, logger } = this.#options;
    if (this.#unproven.has(host) || this.#unproven.size >= LOGGED_UNPROVEN) return;
    if (this.#unproven.size === 0) timers.later(() => this.#unproven.clear(), UNPROVEN_MS);
    this.#unproven.add(host);
    logger.warn("somebody at the peer port does not know the cluster secret", { from: host });
  }

  #onProblem(peer: Peer, problem: string): void {
    this.#heard.add(peer.id);
    if (this.#isNews(peer.id, `problem ${problem}`)) {
      this.#options.logger.warn("peer cannot be reached", { peer: peer.name, problem });
    }
    this.#options.onProblem(peer, problem);
  }

  /** Retries give the same result every few seconds, so an unchanged result is logged once. */
  #isNews(id: number, text: string): boolean {
    if (this.#logged.get(id) === text) return false;
    this.#logged.set(id, text);
    return true;
  }

  /**
   * Peers to dial: the members, or without members the nodes in the settings; also unknown nodes, one of which may
   * lead.
   */
  #updatePeers(): void {
    const { identity, initialCluster, join, logger } = this.#options;
    const members: readonly NamedAddress[] = this.#registry?.members ?? [];
    const named = members.length > 0 ? members : [...initialCluster, ...join];
    const peers = new Map<number, Peer>();
    for (const { name, address } of [...named, ...this.#leaving.values(), ...this.#unknownPeers.values()]) {
      const id = raftIdOf(name);
      // The hello's address is used first, because the node may have moved from its registered address.
      const current = this.#hellos.get(id)?.address ?? address;
      if (name === identity.name || peers.has(id)) continue;
      if (current === "") {
        this.#heard.add(id);
        continue;
      }
      try {
        peers.set(id, { id, name, address: parsePeerAddress(current) });
      } catch (error) {
        this.#heard.add(id);
        if (this.#isNews(id, `address ${current}`)) {
          logger.error("peer has no usable address", { peer: name, address: current, reason: String(error) });
        }
      }
    }
    this.#transport?.setPeers([...peers.values()]);
  }
}

function refuseAsRolledBack(message: string): HandshakeResult {
  return { ok: false, code: "ROLLED_BACK", message };
}
