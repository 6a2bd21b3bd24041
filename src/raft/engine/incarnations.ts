/**
 * The starts (incarnations) of a node. They distinguish a restored data directory from the directory that made
 * later promises (docs/engine.md, "Who is who"; decision 033). A node stores a start's id in its own list before it
 * sends the id to a peer.
 */

/** The newest start of a peer that this node has recorded. */
export interface PeerIncarnation {
  /** Raft id. */
  readonly id: number;
  /** Instance of the started data directory. A member may be wiped and started again while a cluster forms. */
  readonly instance: string;
  readonly boot: string;
}

export { INCARNATION_ID } from "../../peer/types.ts";

/**
 * A longer list is cut to the starts that a member may still name, once all members have named the starts they
 * know.
 */
export const INCARNATIONS_BEFORE_CUT = 64;
/** Number of newest starts that are always kept: a peer that was itself restored names an older start. */
export const INCARNATIONS_NOT_CUT = 32;
/**
 * Number of oldest starts, and of newest starts, that are kept; the starts between are dropped when nothing else
 * bounds the list. @internal
 */
export const INCARNATIONS_KEPT_PER_END = 512;

/**
 * The list with this start, newest last. The middle is dropped first: a peer that is up names one of the newest
 * starts, and a peer that was away since the list began to grow names one of the oldest.
 */
export function withIncarnation(incarnations: readonly string[], boot: string): readonly string[] {
  const all = [...incarnations, boot];
  if (all.length <= 2 * INCARNATIONS_KEPT_PER_END) return all;
  return [...all.slice(0, INCARNATIONS_KEPT_PER_END), ...all.slice(-INCARNATIONS_KEPT_PER_END)];
}

/** The starts from `since` on; all starts when `since` is not in the list. */
export function incarnationsSince(incarnations: readonly string[], since: string): readonly string[] {
  return incarnations.slice(Math.max(0, incarnations.indexOf(since)));
}
