/**
 * Finds the right keyspace at start: finishes an interrupted installation, and writes the first state of a new
 * cluster.
 */

import type { Membership } from "../cluster/registry/membership.ts";
import { encodeMembership, MEMBERSHIP_STATE } from "../cluster/registry/membership-codec.ts";
import { type LogPosition, samePosition } from "../store/positions.ts";
import type { KeyspaceGenerations, MvccStore } from "../store/types.ts";

/**
 * Opens the keyspace in force. A received keyspace that waits replaces it first, when the received keyspace is newer
 * and
 * the log's marker names its position (the log has no older entries then). Consensus never accepted any other
 * received
 * keyspace, so it is discarded.
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
