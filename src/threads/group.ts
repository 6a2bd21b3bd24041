/**
 * The id of a Raft group in every format, memory and message that several groups would share: 0, 1, 2 ... (decision
 * 092).
 */
export type GroupId = number;

/** The only group today: the log, the peers and snapshots refuse any other group. */
export const ONLY_GROUP: GroupId = 0;

/** Checks the group of a message between threads. @throws RangeError for a group that this thread does not have */
export function checkGroup(group: GroupId): void {
  if (group !== ONLY_GROUP) {
    throw new RangeError(`a message for Raft group ${group}, and there is only ${ONLY_GROUP}`);
  }
}
