/** Work on all objects, step by step: whoever drives it (the command line) decides how fast, and can stop at any step. */
import type { CopyState } from "../messages/blobs.ts";
import type { Timers } from "../platform/timers.ts";

/** Copies of blobs on every member, by the node that answers for it. */
export interface BlobCopies {
  /**
   * @param deep the holders read and verify the blobs. @returns for each member the states in the order of `blobs`
   */
  check(
    blobs: readonly Uint8Array[],
    deep: boolean,
  ): Promise<readonly { readonly node: number; readonly states: readonly CopyState[] }[]>;
}

/** Resolves in another turn of the event loop: reads of the keyspace do not wait, and would keep clients waiting. */
export function nextTurn(timers: Pick<Timers, "soon">): Promise<void> {
  return new Promise((resolve) => timers.soon(resolve));
}

/** A member of the cluster, as far as copies are concerned. */
export interface Holder {
  /** Raft id. */
  readonly id: number;
  readonly name: string;
  readonly voter: boolean;
}
