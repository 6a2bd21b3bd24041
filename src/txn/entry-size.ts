/** A key of the greatest length, a chunk worth storing and the space around both: less cannot carry an object. */
const LEAST_ENTRY_BYTES = 64 * 1024;

/**
 * Bytes of the largest Raft entry. An append message takes one entry whatever its size, so a limit on messages that no
 * object would fit into (it may be set as low as 1 KiB) does not limit the entry.
 */
export function entryBytesMax(raftMaxSizePerMsg: number): number {
  return Math.max(raftMaxSizePerMsg, LEAST_ENTRY_BYTES);
}
