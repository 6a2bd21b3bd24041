/** A Raft group, in every format, memory and message that several groups would share: 0, 1, 2 ... (decision 092). */
export type GroupId = number;

/** There is one today: the log, the peers and snapshots refuse any other. */
export const ONLY_GROUP: GroupId = 0;
