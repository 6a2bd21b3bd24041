/** Tells the blob thread who the members are, which of them can keep blobs, and where. */
import { BLOBS_CAPABILITY, type ClusterPeers } from "../cluster/peers.ts";
import type { Membership } from "../cluster/registry/membership.ts";
import type { BlobMember } from "../messages/blobs.ts";
import type { ConsensusThreadOptions } from "./options.ts";

export class BlobMembers {
  readonly #options: Pick<ConsensusThreadOptions, "blob" | "blobs">;
  readonly #ownId: number;
  readonly #peers: Pick<ClusterPeers, "clusterId" | "hellos">;
  /** The last message, as text. */
  #told = "";

  constructor(
    options: Pick<ConsensusThreadOptions, "blob" | "blobs">,
    ownId: number,
    peers: Pick<ClusterPeers, "clusterId" | "hellos">,
  ) {
    this.#options = options;
    this.#ownId = ownId;
    this.#peers = peers;
  }

  /** Sends the members when they have changed. Called once a tick: hellos and the membership change at any time. */
  check(membership: Membership): void {
    const { blob } = this.#options;
    if (blob === undefined || membership.members.length === 0) return;
    const members = this.#members(membership);
    const text = JSON.stringify([this.#peers.clusterId, members]);
    if (text === this.#told) return;
    this.#told = text;
    blob.send({ kind: "members", clusterId: this.#peers.clusterId, members });
  }

  #members({ members, confState }: Membership): BlobMember[] {
    const { blobs } = this.#options;
    const hellos = new Map(this.#peers.hellos.map((hello) => [hello.id, hello]));
    return members.map(({ id, name, instance: registered }) => {
      const instance = registered === "" ? {} : { instance: registered };
      const voter = confState.voters.includes(id) || confState.votersOutgoing.includes(id);
      if (id === this.#ownId) {
        return {
          id,
          name,
          ...instance,
          voter,
          blobAddress: blobs?.address,
          capable: blobs?.offload === true,
        };
      }
      const hello = hellos.get(id);
      const capable = hello?.capabilities.includes(BLOBS_CAPABILITY) === true;
      return { id, name, ...instance, voter, blobAddress: hello?.blobAddress, capable };
    });
  }
}
