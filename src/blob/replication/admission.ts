/** Decides which node may exchange blobs with this node: the members that the consensus thread has named. */
import type { BlobMember } from "../../messages/blobs.ts";
import { certify } from "../../peer/certificate.ts";
import type { HandshakeResult, Hello, RefusalCode } from "../../peer/types.ts";
import type { PeerCertificate } from "../../platform/network.ts";

export interface AdmissionView {
  readonly ownName: string;
  /** "" = not known yet. */
  readonly clusterId: string;
  readonly members: ReadonlyMap<number, BlobMember>;
  /** Ids of nodes that were members since the start of this process, and are none. */
  readonly former: ReadonlySet<number>;
}

const refuse = (code: RefusalCode, message: string): HandshakeResult => ({ ok: false, code, message });

/**
 * Stricter than the consensus thread (cluster/admit.ts), which listens to nodes that it does not know because one of
 * them may bring it up to date: bytes are exchanged with members only. A refusal reveals neither this cluster's id
 * nor the data directory that is known of a member.
 */
export function admitToBlobs(view: AdmissionView, hello: Hello): HandshakeResult {
  if (view.clusterId === "") {
    return refuse("NOT_READY", `${view.ownName} does not know the members of its cluster yet`);
  }
  if (hello.clusterId === "") return refuse("NOT_READY", `${hello.name} does not know its cluster yet`);
  if (hello.clusterId !== view.clusterId) {
    return refuse("WRONG_CLUSTER", `${view.ownName} belongs to another cluster than ${hello.clusterId}`);
  }
  const member = view.members.get(hello.id);
  if (member === undefined) {
    if (view.former.has(hello.id)) return refuse("REMOVED", `${hello.name} was removed from the cluster`);
    // This replica may be behind, so the other node asks again soon.
    return refuse("NOT_READY", `${hello.name} is no member that ${view.ownName} knows`);
  }
  if (member.name !== hello.name) {
    return refuse("WRONG_NODE", `id ${hello.id} is that of ${member.name}, not of ${hello.name}`);
  }
  if (member.instance !== undefined && member.instance !== hello.instance) {
    return refuse("WRONG_INSTANCE", `${hello.name} is known with another data directory`);
  }
  if (member.blobAddress === undefined) {
    return refuse("NOT_READY", `${view.ownName} does not know the address for blobs of ${hello.name} yet`);
  }
  return { ok: true };
}

/** With TLS the certificate must name the node, or the host at which this node dials it. */
export function certifyForBlobs(
  view: AdmissionView,
  hello: Hello,
  certificate: PeerCertificate | undefined,
): HandshakeResult {
  return certify(hello, certificate, view.members.get(hello.id)?.blobAddress);
}
