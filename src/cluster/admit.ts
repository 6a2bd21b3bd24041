/** Which node of the cluster may talk to this one: decided on the hello of a connection, at both of its ends. That the other
 *  end belongs to the cluster at all has been proved before (peer/proof.ts), or its certificate does. */

import type { HandshakeResult, Hello, RefusalCode } from "../peer/types.ts";
import { hostOf } from "../platform/network/host-of.ts";
import type { PeerCertificate } from "../platform/network.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import type { Member, NodeRegistry } from "./registry/node-registry.ts";
import type { NamedAddress } from "./types.ts";

/** What the verdict depends on, at this moment. */
export interface AdmissionView {
  readonly name: string;
  /** "" = joining, not known yet. */
  readonly clusterId: string;
  /** undefined = not known yet: before the log is open, and on a node that joins until it has had a snapshot. */
  readonly registry: NodeRegistry | undefined;
  /** Whose data directories were met at formation. */
  readonly roster: readonly Member[];
  /** The initial cluster: who may be met before there is a membership; undefined = a node that joins, which may meet
   *  anybody of its cluster. */
  readonly expected: readonly string[] | undefined;
  /** Nodes that the operator of this one has named, with their addresses. */
  readonly named: readonly NamedAddress[];
  /** Peers must prove their names by certificate. */
  readonly tls: boolean;
}

const refuse = (code: RefusalCode, message: string): HandshakeResult => ({ ok: false, code, message });

/**
 * Cluster, then name, then data directory. A node of the same cluster that the membership here does not know is let in: this
 * replica may be behind, and the unknown node may be the leader that this node has to catch up with. A refusal does not tell what is known
 * here of the data directory of that name, nor which cluster this is.
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
  // A node that joins learns the id here, and only if somebody has added it.
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
 * With TLS: the certificate bears the node's name, or the host of the address that is known of the node here: registered, or
 * else named by this node's operator. What the node says of its address itself proves nothing.
 */
export function checkCertificate(
  view: AdmissionView,
  hello: Hello,
  cert: PeerCertificate | undefined,
): HandshakeResult {
  if (!view.tls) return { ok: true };
  if (cert === undefined) return refuse("CERTIFICATE", `${hello.name} has shown no certificate`);
  const names = new Set(cert.names.map((name) => name.toLowerCase()));
  if (names.has(hello.name.toLowerCase())) return { ok: true };
  const known =
    view.registry?.members.find(({ id }) => id === hello.id) ??
    view.named.find(({ name }) => name === hello.name);
  if (known !== undefined && names.has(hostOf(known.address).toLowerCase())) return { ok: true };
  return refuse(
    "CERTIFICATE",
    `the certificate of ${hello.name} (${cert.subject}) names ${cert.names.join(", ") || "nobody"}`,
  );
}
