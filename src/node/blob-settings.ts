/** The init message of the blob thread, from the settings. */
import type { BlobWorkerInit } from "../blob/worker/options.ts";
import { BUILD_INFO } from "../cli/version.ts";
import { PEER_PROTOCOL } from "../cluster/peers.ts";
import { type ListenAddress, parseAddress } from "../config/address.ts";
import type { Config } from "../config/config.ts";
import { isWildcard } from "../config/members.ts";
import { raftIdOf } from "../raft/engine/raft-id.ts";
import type { NodeIdentity } from "./data-directory.ts";
import { blobDirectory } from "./data-files.ts";
import type { Topology } from "./topology.ts";

/** Pauses between two rounds of the scrub, however few blobs there are. */
const SCRUB_INTERVAL_MS = 10_000;

/** The init message of the blob thread without its ports. */
export function blobSettings({
  config,
  identity,
  topology,
  secrets,
}: {
  readonly config: Config;
  readonly identity: NodeIdentity;
  readonly topology: Topology;
  readonly secrets: readonly Uint8Array[];
}): Pick<BlobWorkerInit, "directory" | "instance" | "node" | "peering" | "settings" | "minReplicas"> {
  const { nodeId, instance, incarnations } = identity;
  const { peer } = topology;
  return {
    directory: blobDirectory(config.dataDir),
    instance,
    node: { id: raftIdOf(nodeId), name: nodeId },
    peering:
      peer === undefined
        ? undefined
        : {
            listen: config.blobAddress ?? { host: peer.listen.host, port: 0 },
            advertiseHost: advertisedHost(config.blobAddress, peer.advertise),
            tls: peer.tls,
            secrets,
            boot: incarnations.at(-1) ?? "",
            protocol: PEER_PROTOCOL,
            version: BUILD_INFO.version,
          },
    settings: {
      offload: config.s3BlobOffload,
      fetchWorkers: config.blobFetchWorkers,
      fetchQueueSize: config.blobFetchQueueSize,
      fetchRatePerPeer: config.blobFetchRatePerPeer,
      fetchBurstPerPeer: config.blobFetchBurstPerPeer,
      backfillIntervalMs: config.blobBackfillScanIntervalMs,
      orphanScanIntervalMs: config.blobOrphanScanIntervalMs,
      graceMs: config.gcGracePeriodMs,
      scrubRate: config.blobScrubRate,
      scrubIntervalMs: SCRUB_INTERVAL_MS,
      pinMaxMs: 2 * config.blobPinMs,
      reserveBytes: config.diskReserveBytes,
    },
    minReplicas: config.blobMinReplicas,
  };
}

/** A listener on all interfaces says nothing about where it is reached: the peer address does. */
function advertisedHost(given: ListenAddress | undefined, peerAddress: string): string {
  return given === undefined || isWildcard(given) ? parseAddress(peerAddress).host : given.host;
}
