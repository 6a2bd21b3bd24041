/**
 * The nodes of the cluster: names, addresses, data directories. The registry belongs to the cluster, not to a
 * group. The system group, today the only group, stores the registry.
 */
import { raftIdOf } from "../../raft/engine/raft-id.ts";

/** One node of the cluster, as every node knows it. */
export interface Member {
  /** Raft id: raftIdOf(name). */
  readonly id: number;
  readonly name: string;
  /** host:port of the node's peer listener. */
  readonly address: string;
  /**
   * Instance of the node's data directory (Hello.instance). Empty: the node was added and not met yet; never empty
   * for a voter.
   */
  readonly instance: string;
}

export interface NodeRegistry {
  /** Every node that takes part in a group, in ascending order of id. */
  readonly members: readonly Member[];
  /** Removed members. Their instances are always refused. */
  readonly removed: readonly Member[];
}

export const NO_NODES: NodeRegistry = Object.freeze({ members: [], removed: [] });

/**
 * The reason why `upserts` may not be registered, or why a node that takes part has no name; null when there is
 * none.
 */
export function registryObjection(
  registry: NodeRegistry,
  upserts: readonly Member[],
  takingPart: readonly number[],
): string | null {
  for (const { id, name, instance } of upserts) {
    if (raftIdOf(name) !== id) return `id ${id} is not the one of the name ${name}`;
    // The id is a function of the name: a node with a removed name could make an old vote or acknowledgement count.
    if (registry.removed.some((gone) => gone.id === id)) return `${name} was removed and may not come back`;
    const known = registry.members.find((member) => member.id === id);
    if (known !== undefined && known.instance !== "" && instance !== known.instance) {
      return `${name} is registered with another data directory`;
    }
  }
  const named = (id: number): boolean =>
    registry.members.some((member) => member.id === id) || upserts.some((member) => member.id === id);
  const unnamed = takingPart.find((id) => !named(id));
  return unnamed === undefined ? null : `node ${unnamed} has no name`;
}

/** The registry after `upserts`. A member that no longer takes part moves to `removed`. */
export function nextRegistry(
  before: NodeRegistry,
  upserts: readonly Member[],
  takingPart: ReadonlySet<number>,
): NodeRegistry {
  const byId = new Map(before.members.map((member) => [member.id, member]));
  for (const member of upserts) byId.set(member.id, member);
  const all = [...byId.values()].sort((a, b) => a.id - b.id);
  return {
    members: all.filter(({ id }) => takingPart.has(id)),
    removed: [
      ...before.removed,
      ...all.filter(({ id }) => !takingPart.has(id) && before.members.some((old) => old.id === id)),
    ],
  };
}

/** The first registry of a cluster. The bytes are the same on every initial member, so the instances are empty. */
export function bootstrapRegistry(
  initialCluster: readonly { readonly name: string; readonly address: string }[],
): NodeRegistry {
  const members = initialCluster
    .map(({ name, address }) => ({ id: raftIdOf(name), name, address, instance: "" }))
    .sort((a, b) => a.id - b.id);
  return { members, removed: [] };
}

/** The cluster id, equal on every initial member: 32 hex digits of SHA-256 over the sorted `name=address` list. */
export function clusterIdOf(
  initialCluster: readonly { readonly name: string; readonly address: string }[],
): string {
  const list = initialCluster
    .map(({ name, address }) => `${name}=${address}`)
    .sort()
    .join(",");
  return new Bun.CryptoHasher("sha256").update(list).digest("hex").slice(0, 32);
}
