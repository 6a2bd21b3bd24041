/** What the members of the cluster can: the blob thread and the gateways of this node are told. */
import { type ClusterPeers, VERSIONS_CAPABILITY } from "../cluster/peers.ts";
import type { Membership } from "../cluster/registry/membership.ts";
import type { PeerMessage } from "../peer/types.ts";
import { MessageType } from "../raft/core/index.ts";
import type { PublishedState } from "../threads/shared-state.ts";
import { BlobMembers } from "./blob-members.ts";
import type { ConsensusThreadOptions } from "./options.ts";

export class MemberFeatures {
  readonly #blobs: BlobMembers;
  readonly #versions: VersionsGate;

  constructor(
    options: Pick<ConsensusThreadOptions, "blob" | "blobs" | "published">,
    ownId: number,
    peers: Pick<ClusterPeers, "clusterId" | "hellos">,
  ) {
    this.#blobs = new BlobMembers(options, ownId, peers);
    this.#versions = new VersionsGate(options.published, ownId, peers);
  }

  /** Called once a tick: hellos and the membership change at any time. */
  check(membership: Membership): void {
    this.#blobs.check(membership);
    this.#versions.check(membership);
  }
}

/** Publishes whether every member knows versions: only then may a bucket get them. */
class VersionsGate {
  readonly #published: Pick<PublishedState, "publishVersionsOpen">;
  readonly #ownId: number;
  readonly #peers: Pick<ClusterPeers, "hellos">;
  #open = false;

  constructor(
    published: Pick<PublishedState, "publishVersionsOpen">,
    ownId: number,
    peers: Pick<ClusterPeers, "hellos">,
  ) {
    this.#published = published;
    this.#ownId = ownId;
    this.#peers = peers;
  }

  /** A member that was never met keeps it closed. */
  check({ members }: Pick<Membership, "members">): void {
    const capable = new Set([this.#ownId]);
    for (const { id, capabilities } of this.#peers.hellos) {
      if (capabilities.includes(VERSIONS_CAPABILITY)) capable.add(id);
    }
    const open = members.length > 0 && members.every(({ id }) => capable.has(id));
    if (open === this.#open) return;
    this.#open = open;
    this.#published.publishVersionsOpen(open);
  }
}

/** The leader learns from the answers to its heartbeats which blobs a node lacks. */
export function withMissingBlobs(message: PeerMessage, published: PublishedState): PeerMessage {
  if (message.kind !== "raft" || message.message.type !== MessageType.HeartbeatResp) return message;
  return { ...message, blobsMissing: published.missingBlobs };
}
