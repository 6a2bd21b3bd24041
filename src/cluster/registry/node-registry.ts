/**
 * The nodes of the cluster: names, addresses, data directories. The registry is the cluster's and not a group's; the system group
 * keeps it, which is the only group today.
 */
import { raftIdOf } from "../../raft/engine/raft-id.ts";

/** One node of the cluster, as everybody knows it. */
export interface Member {
  /** Raft id: raftIdOf(name). */
  readonly id: number;
  readonly name: string;
  /** host:port of its peer listener. */
  readonly address: string;
  /** Of its data directory (Hello.instance). Empty: added and not met yet; never empty for a voter. */
  readonly instance: string;
}

export interface NodeRegistry {
  /** In ascending order of id. Every node that takes part in a group. */
  readonly members: readonly Member[];
  /** Removed members: their instances are refused forever. */
  readonly removed: readonly Member[];
}

export const NO_NODES: NodeRegistry = Object.freeze({ members: [], removed: [] });

/** Why `upserts` may not be registered, or nodes that take part have no name; null: all is well. */
export function registryObjection(
  registry: NodeRegistry,
  upserts: readonly Member[],
  takingPart: readonly number[],
): string | null {
  for (const { id, name, instance } of upserts) {
    if (raftIdOf(name) !== id) return `id ${id} is not the one of the name ${name}`;
    // The id is a function of the name: under an old name an old vote, or an old acknowledgement, might count.
    if (registry.removed.some((gone) => gone.id === id)) return `${name} was removed and may not come back`;
    const known = registry.members.find((member) => member.id === id);
    if (known !== undefined && known.instance !== "" && instance !== known.instance) {
      return `${name} is registered with another data directory`;
    }
  }
  const named = (id: number): boolean =>
    registry.members.some((member) => member.id === id) || upserts.some((member) => member.id === id);
  const stranger = takingPart.find((id) => !named(id));
  return stranger === undefined ? null : `node ${stranger} has no name`;
}

/** With `upserts` registered; a member that does not take part any more is among the removed. */
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

/** The first registry of a cluster: the same bytes on every initial member, so without instances. */
export function bootstrapRegistry(
  initialCluster: readonly { readonly name: string; readonly address: string }[],
): NodeRegistry {
  const members = initialCluster
    .map(({ name, address }) => ({ id: raftIdOf(name), name, address, instance: "" }))
    .sort((a, b) => a.id - b.id);
  return { members, removed: [] };
}

/** 32 hex digits that every initial member arrives at: SHA-256 over the sorted `name=address` list. */
export function clusterIdOf(
  initialCluster: readonly { readonly name: string; readonly address: string }[],
): string {
  const list = initialCluster
    .map(({ name, address }) => `${name}=${address}`)
    .sort()
    .join(",");
  return new Bun.CryptoHasher("sha256").update(list).digest("hex").slice(0, 32);
}
