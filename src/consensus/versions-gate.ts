/** Publishes whether every member of the cluster knows versions: only then may a bucket get them. */
import { type ClusterPeers, VERSIONS_CAPABILITY } from "../cluster/peers.ts";
import type { Membership } from "../cluster/registry/membership.ts";
import type { PublishedState } from "../threads/shared-state.ts";

export class VersionsGate {
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

  /** Called once a tick: hellos and the membership change at any time. A member that was never met keeps it closed. */
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
