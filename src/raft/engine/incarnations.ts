/**
 * The starts of a node, by which a data directory that was put back is told from the one that made promises since
 * (docs/engine.md, "Who is who"; decision 033). A start's id is in its own list before any peer hears it.
 */

/** The newest start of a peer that this node has written down. */
export interface PeerIncarnation {
  /** Raft id. */
  readonly id: number;
  /** Instance of the data directory that was started: while a cluster forms, a member may be wiped and begin again. */
  readonly instance: string;
  readonly boot: string;
}

export { INCARNATION_ID } from "../../peer/types.ts";

/** A list longer than this is cut to what some member may still name, once all of them have said what they know. */
export const INCARNATIONS_BEFORE_CUT = 64;
/** So many of the newest stay in any case: a peer that was itself put back names an older one. */
export const INCARNATIONS_NOT_CUT = 32;
/** So many of the oldest starts are kept, and of the newest: those between are dropped when nothing else bounds the list. @internal */
export const INCARNATIONS_KEPT_PER_END = 512;

/**
 * With this start, newest last. The middle goes first: what a peer may name is among the newest if it is up, and among the
 * oldest if it has been away since the list began to grow.
 */
export function withIncarnation(incarnations: readonly string[], boot: string): readonly string[] {
  const all = [...incarnations, boot];
  if (all.length <= 2 * INCARNATIONS_KEPT_PER_END) return all;
  return [...all.slice(0, INCARNATIONS_KEPT_PER_END), ...all.slice(-INCARNATIONS_KEPT_PER_END)];
}

/** From `since` on; all of them when it is not among them. */
export function incarnationsSince(incarnations: readonly string[], since: string): readonly string[] {
  return incarnations.slice(Math.max(0, incarnations.indexOf(since)));
}
