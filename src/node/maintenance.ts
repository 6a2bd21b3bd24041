/** The node's services for work on all objects. */
import type { Membership } from "../cluster/registry/membership.ts";
import { MaintenanceService } from "../maintenance/service.ts";
import type { Holder } from "../maintenance/types.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { BlobService } from "../s3/content/blobs/types.ts";
import type { NodeKv } from "./node-kv.ts";

export interface NodeMaintenanceOptions {
  readonly front: NodeKv;
  readonly blobs: BlobService | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly clusterId: () => string;
  readonly pinMs: number;
}

export function nodeMaintenance(options: NodeMaintenanceOptions): MaintenanceService {
  const { front } = options;
  return new MaintenanceService({
    ...options,
    kv: front.kv,
    // Without a blob thread no member answers, and every voter counts as not reached.
    copies: { check: (blobs, deep) => front.blobs?.check(blobs, deep) ?? Promise.resolve([]) },
    holders: () => holdersOf(front.membership()),
    keepVersions: (keep) => front.keepVersions(keep),
  });
}

function holdersOf(membership: Membership | undefined): Holder[] {
  if (membership === undefined) return [];
  const { members, confState } = membership;
  const voters = new Set([...confState.voters, ...confState.votersOutgoing]);
  return members.map(({ id, name }) => ({ id, name, voter: voters.has(id) }));
}
