/** Finding the right keyspace at start: finishing an installation that a crash interrupted, and the first state ever. */

import type { Membership } from "../cluster/registry/membership.ts";
import { encodeMembership, MEMBERSHIP_STATE } from "../cluster/registry/membership-codec.ts";
import { type LogPosition, samePosition } from "../store/positions.ts";
import type { KeyspaceGenerations, MvccStore } from "../store/types.ts";

/**
 * Opens the keyspace in force. A received one that waits takes its place before, when it is the one that the log's
 * marker names (the log has nothing else from there on) and newer; any other was never accepted and is discarded.
 * @param bootstrap first state of a new cluster, at position 1/1; for an empty keyspace only
 * @throws StoreError, StoreIdentityError
 */
export function openKeyspace(
  generations: KeyspaceGenerations,
  marker: LogPosition | undefined,
  bootstrap: Membership | undefined,
): MvccStore {
  let store = generations.open();
  try {
    const pending = generations.pendingImport();
    if (pending !== undefined) {
      if (samePosition(pending, marker) && store.appliedState().index < pending.index) {
        store.close();
        generations.installImport();
        store = generations.open();
        generations.discardReplaced();
      } else {
        generations.discardImport();
      }
    }
    if (bootstrap !== undefined && store.appliedState().index === 0) {
      store.raftBatch({ index: 1, term: 1, commitTs: 0n }, (batch) =>
        batch.putState(MEMBERSHIP_STATE, encodeMembership(bootstrap)),
      );
      store.makeDurable();
    }
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
}
