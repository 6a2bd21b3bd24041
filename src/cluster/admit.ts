/**
 * Decides which node of the cluster may talk to this node. Both ends of a connection decide on the other end's
 * hello. The other end has already proved with the cluster's secret (peer/proof.ts) or its certificate that it
 * belongs to the cluster.
 */

import { certify } from "../peer/certificate.ts";
import type { HandshakeResult, Hello, RefusalCode } from "../peer/types.ts";
import type { PeerCertificate } from "../platform/network.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import type { Member, NodeRegistry } from "./registry/node-registry.ts";
import type { NamedAddress } from "./types.ts";

/** State of this node on which a decision depends. */
export interface AdmissionView {
  readonly name: string;
  /** "" = the node is joining and does not know the cluster id yet. */
  readonly clusterId: string;
  /** undefined = not known yet: before the log is open, and on a joining node before its first snapshot. */
  readonly registry: NodeRegistry | undefined;
  /** Members whose data directories this node met at bootstrap. */
  readonly roster: readonly Member[];
  /**
   * Names of the initial cluster, which this node may meet before it has a membership; undefined = a node that
   * joins and may meet any node of its cluster.
   */
  readonly expected: readonly string[] | undefined;
  /** Nodes that the operator of this node has named, with their addresses. */
  readonly named: readonly NamedAddress[];
  /** Peers must prove their names by certificate. */
  readonly tls: boolean;
}

const refuse = (code: RefusalCode, message: string): HandshakeResult => ({ ok: false, code, message });

/**
 * Checks the cluster, then the name, then the data directory. A node of the same cluster that is missing in the
 * membership here is accepted: this replica may be behind, and the unknown node may be the leader that brings this
 * replica up to date. A refusal reveals neither the data directory that is known for the name nor this cluster's
 * id.
 */
export function admit(view: AdmissionView, hello: Hello): HandshakeResult {
  if (hello.id !== raftIdOf(hello.name)) {
    return refuse("WRONG_NODE", `id ${hello.id} is not that of the name ${hello.name}`);
  }
  if (hello.name === view.name) {
    return refuse("WRONG_NODE", `both ends of this connection are named ${view.name}`);
  }
  return checkCluster(view, hello) ?? checkMember(view, hello) ?? { ok: true };
}

function checkCluster(view: AdmissionView, hello: Hello): HandshakeResult | undefined {
  if (view.clusterId === "") {
    if (hello.clusterId !== "") return undefined;
    return refuse("NOT_READY", `${view.name} is joining and does not know its cluster yet`);
  }
  if (hello.clusterId === view.clusterId) return undefined;
  // A joining node learns the cluster id from this node, but only when an operator has added the joining node.
  if (hello.clusterId === "") {
    if (view.registry?.members.some(({ id }) => id === hello.id)) return undefined;
    if (view.registry?.removed.some(({ id }) => id === hello.id)) return removed(hello);
    return refuse(
      "UNKNOWN_MEMBER",
      `${hello.name} is no member: add it first (elastickv cluster add-learner ${hello.name}=${hello.address})`,
    );
  }
  return refuse("WRONG_CLUSTER", `${view.name} belongs to another cluster than ${hello.clusterId}`);
}

function removed(hello: Hello): HandshakeResult {
  return refuse("REMOVED", `${hello.name} was removed from the cluster`);
}

function checkMember(view: AdmissionView, hello: Hello): HandshakeResult | undefined {
  const { registry, roster } = view;
  const gone = registry?.removed.some(
    ({ id, instance }) => id === hello.id || (instance !== "" && instance === hello.instance),
  );
  if (gone === true) return removed(hello);
  const member = registry?.members.find(({ id }) => id === hello.id);
  const known = [member?.instance, roster.find(({ id }) => id === hello.id)?.instance].find(
    (instance) => instance !== undefined && instance !== "",
  );
  if (known !== undefined && known !== hello.instance) {
    return refuse(
      "WRONG_INSTANCE",
      `${hello.name} is known with another data directory than ${hello.instance}: ` +
        "it was wiped or restored, and may not take part under its old name",
    );
  }
  if (registry === undefined && view.expected?.includes(hello.name) === false) {
    return refuse("UNKNOWN_MEMBER", `${hello.name} is not in the initial cluster of ${view.name}`);
  }
  return undefined;
}

/**
 * With TLS, the certificate must name the node, or the host of the node's address as this node knows it: the
 * registered address, or the address that this node's operator gave. The address in the hello proves nothing.
 */
export function checkCertificate(
  view: AdmissionView,
  hello: Hello,
  cert: PeerCertificate | undefined,
): HandshakeResult {
  if (!view.tls) return { ok: true };
  const known =
    view.registry?.members.find(({ id }) => id === hello.id) ??
    view.named.find(({ name }) => name === hello.name);
  return certify(hello, cert, known?.address);
}
