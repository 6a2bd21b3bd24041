/** A longest key, the smallest useful chunk and the bytes around both: a smaller entry cannot carry an object. */
const LEAST_ENTRY_BYTES = 64 * 1024;

/**
 * Bytes of the largest Raft entry. An append message takes one entry of any size. So a message limit that is too
 * small for any object (the setting may be 1 KiB) does not limit the entry.
 */
export function entryBytesMax(raftMaxSizePerMsg: number): number {
  return Math.max(raftMaxSizePerMsg, LEAST_ENTRY_BYTES);
}
