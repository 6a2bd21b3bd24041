/**
 * The other nodes as this one knows them: who may connect, whom to dial, what they say of themselves, and who refuses this
 * node.
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
 * What this release can apply that an earlier one cannot: a replica stops at an entry that it cannot read, so nobody may propose
 * such a thing before every member announces it. `archive`: the mutation (docs/format/command.md).
 */
const CAPABILITIES: readonly string[] = ["archive"];

/** Of a hello; nodes that do not share it do not talk. */
export const PEER_PROTOCOL = 2;
/** Starts of peers in node.json before those of unknown ones are forgotten: more than any cluster has nodes. */
const MAX_PEER_INCARNATIONS = 64;
/** Addresses of strangers that are logged in so long a time: one line each, whoever they are and however often they come. */
const LOGGED_STRANGERS = 16;
const STRANGERS_MS = 60_000;
/** A removed member's connections stay for this long. */
const FAREWELL_MS = 1_000;

export interface ClusterPeersOptions
  extends Pick<
    ClusterContext,
    "identity" | "initialCluster" | "join" | "peer" | "version" | "logger" | "timers"
  > {
  readonly onMessage: TransportCallbacks["onMessage"];
  readonly onUnreachable: TransportCallbacks["onUnreachable"];
  readonly allocate: TransportCallbacks["allocate"];
  /** A connection with this node stands. */
  readonly onHello: (hello: Hello) => void;
  /** It does not take this node. */
  readonly onRefused: (peer: Peer, code: RefusalCode, message: string) => void;
  /** It cannot be reached; again with every attempt. */
  readonly onProblem: (peer: Peer, problem: string) => void;
  /** As the message `keep-incarnations`. */
  readonly keepIncarnations: (id: number, peers: readonly PeerIncarnation[], since: string) => void;
  /** This node's own data directory is older than what it has promised. Called once; it sends nothing any more. */
  readonly onRolledBack: (message: string) => void;
}

export class ClusterPeers {
  readonly #options: ClusterPeersOptions;
  readonly #transport: Transport | undefined;
  readonly #hellos = new Map<number, Hello>();
  /** Nodes of this cluster that the membership here does not know (yet). */
  readonly #unknownPeers = new Map<number, Hello>();
  /** Where somebody came from who did not prove that it belongs to the cluster, as far as it was logged lately. */
  readonly #unproven = new Set<string>();
  /** Removed a moment ago: what is on its way to them (that it is done, above all) may still arrive. */
  readonly #leaving = new Map<number, Member>();
  /** Came with another data directory than is known, and why that is refused: they end at once, and an operator who
   *  looks a minute later would only see that nobody listens there. */
  readonly #rejectedInstances = new Map<number, string>();
  /** Said something, or could not be reached, since this start. */
  readonly #heard = new Set<number>();
  readonly #incarnations: PeerIncarnations;
  #rolledBack: string | undefined;
  /** The last thing that was logged about a peer. */
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
      keep: (hello, own, standing) => this.#incarnations.keep(hello, own, standing),
      onMessage: options.onMessage,
      onUnreachable: options.onUnreachable,
      onRefused: (peer, code, message) => this.#onRefused(peer, code, message),
      onProblem: (peer, problem) => this.#onProblem(peer, problem),
      onStranger: (host) => this.#onStranger(host),
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

  /** Bootstrap or joining is done. */
  formed(clusterId: string, roster: readonly Member[]): void {
    this.#clusterId = clusterId;
    this.#roster = roster;
  }

  setRegistry(registry: NodeRegistry): void {
    for (const member of this.#registry?.members ?? []) {
      const now = registry.members.find(({ id }) => id === member.id);
      if (now !== undefined) {
        // It has moved, and told another: what it said to this node when it was last met is no news any more.
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

  /** Every one of them has spoken, or was found out of reach, since this node started. */
  haveHeard(ids: readonly number[]): boolean {
    return ids.every((id) => id === raftIdOf(this.#options.identity.name) || this.#heard.has(id));
  }

  send(to: number, message: PeerMessage): boolean {
    if (this.#rolledBack !== undefined) return false;
    return this.#transport?.send(to, message) ?? false;
  }

  /** What every node that a connection stood with last said of itself. */
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

  /** What a member says of itself when it differs from what is registered: its data directory, a new address. */
  unregistered(): Member | undefined {
    const { identity, peer } = this.#options;
    for (const member of this.#registry?.members ?? []) {
      const own = member.name === identity.name;
      const hello = this.#hellos.get(member.id);
      const instance = own ? identity.instance : (hello?.instance ?? member.instance);
      const address = (own ? peer?.advertise : hello?.address) ?? member.address;
      // Another data directory is never written over a registered one: it would not have been admitted.
      if (member.instance !== "" && member.address === address) continue;
      if (member.instance === instance && member.address === address) continue;
      return { ...member, instance: member.instance === "" ? instance : member.instance, address };
    }
    return undefined;
  }

  /** Whoever was removed; and, when there are very many, who is unknown here. The membership may not be known yet, or be an
   *  old one: what is known of a member that it lacks is still needed. */
  #isGone(id: number, among: number): boolean {
    const { members = [], removed = [] } = this.#registry ?? {};
    if (removed.some((member) => member.id === id)) return true;
    if (this.#registry === undefined || among <= MAX_PEER_INCARNATIONS) return false;
    return ![...members, ...this.#roster].some((member) => member.id === id) && !this.#unknownPeers.has(id);
  }

  #hello(to: number): Hello {
    const { identity, peer, version } = this.#options;
    return {
      clusterId: this.#clusterId,
      id: raftIdOf(identity.name),
      name: identity.name,
      instance: identity.instance,
      protocol: PEER_PROTOCOL,
      version,
      capabilities: CAPABILITIES,
      address: peer?.advertise ?? "",
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

  /** With what it said of itself: the refusal itself does not tell it what is known here. */
  #logRefusal(
    { id, name: peer, instance, clusterId: cluster }: Hello,
    code: RefusalCode,
    reason: string,
  ): void {
    if (!this.#isNews(id, `refused here: ${code} ${instance} ${reason}`)) return;
    this.#options.logger.warn("peer refused", { peer, code, reason, instance, cluster });
  }

  /** Found on the hello of one that is itself welcome: a stranger's word ends nobody. */
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
    const stranger = hello.clusterId !== "" && !members.some(({ id }) => id === hello.id);
    if (stranger) this.#unknownPeers.set(hello.id, hello);
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

  #onStranger(host: string): void {
    const { timers, logger } = this.#options;
    if (this.#unproven.has(host) || this.#unproven.size >= LOGGED_STRANGERS) return;
    if (this.#unproven.size === 0) timers.later(() => this.#unproven.clear(), STRANGERS_MS);
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

  /** Retries come every few seconds and say the same: one line in the log. */
  #isNews(id: number, text: string): boolean {
    if (this.#logged.get(id) === text) return false;
    this.#logged.set(id, text);
    return true;
  }

  /** Members, or before there are any whoever the settings name; and strangers, who may be what this node has to hear. */
  #updatePeers(): void {
    const { identity, initialCluster, join, logger } = this.#options;
    const members: readonly NamedAddress[] = this.#registry?.members ?? [];
    const named = members.length > 0 ? members : [...initialCluster, ...join];
    const peers = new Map<number, Peer>();
    for (const { name, address } of [...named, ...this.#leaving.values(), ...this.#unknownPeers.values()]) {
      const id = raftIdOf(name);
      // Where it says it is: the registered address may be the one it has moved away from.
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
