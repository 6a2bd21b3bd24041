/** What the members of the cluster can: the blob thread and the gateways of this node are told. */
import { type ClusterPeers, POLICIES_CAPABILITY, VERSIONS_CAPABILITY } from "../cluster/peers.ts";
import type { Membership } from "../cluster/registry/membership.ts";
import type { PeerMessage } from "../peer/types.ts";
import { MessageType } from "../raft/core/index.ts";
import type { PublishedState } from "../threads/shared-state.ts";
import { BlobMembers } from "./blob-members.ts";
import type { ConsensusThreadOptions } from "./options.ts";

export class MemberFeatures {
  readonly #blobs: BlobMembers;
  readonly #gates: readonly FeatureGate[];

  constructor(
    options: Pick<ConsensusThreadOptions, "blob" | "blobs" | "published">,
    ownId: number,
    peers: Pick<ClusterPeers, "clusterId" | "hellos">,
  ) {
    this.#blobs = new BlobMembers(options, ownId, peers);
    const { published } = options;
    this.#gates = [
      new FeatureGate(VERSIONS_CAPABILITY, ownId, peers, (open) => published.publishVersionsOpen(open)),
      new FeatureGate(POLICIES_CAPABILITY, ownId, peers, (open) => published.publishPoliciesOpen(open)),
    ];
  }

  /** Called once a tick: hellos and the membership change at any time. */
  check(membership: Membership): void {
    this.#blobs.check(membership);
    for (const gate of this.#gates) gate.check(membership);
  }
}

/** Publishes whether every member has a feature: only then may a client use it. */
class FeatureGate {
  readonly #capability: string;
  readonly #ownId: number;
  readonly #peers: Pick<ClusterPeers, "hellos">;
  readonly #publish: (open: boolean) => void;
  #open = false;

  constructor(
    capability: string,
    ownId: number,
    peers: Pick<ClusterPeers, "hellos">,
    publish: (open: boolean) => void,
  ) {
    this.#capability = capability;
    this.#ownId = ownId;
    this.#peers = peers;
    this.#publish = publish;
  }

  /** A member that was never met keeps it closed. */
  check({ members }: Pick<Membership, "members">): void {
    const capable = new Set([this.#ownId]);
    for (const { id, capabilities } of this.#peers.hellos) {
      if (capabilities.includes(this.#capability)) capable.add(id);
    }
    const open = members.length > 0 && members.every(({ id }) => capable.has(id));
    if (open === this.#open) return;
    this.#open = open;
    this.#publish(open);
  }
}

/** The leader learns from the answers to its heartbeats which blobs a node lacks. */
export function withMissingBlobs(message: PeerMessage, published: PublishedState): PeerMessage {
  if (message.kind !== "raft" || message.message.type !== MessageType.HeartbeatResp) return message;
  return { ...message, blobsMissing: published.missingBlobs };
}
