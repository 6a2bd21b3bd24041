export * from "./key-encoding.ts";
export { MemoryStore } from "./memory-store.ts";
export { SqliteReader } from "./sqlite-reader.ts";
export { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
export { decodeTimestamp, encodeTimestamp, MAX_COMMIT_TS, TIMESTAMP_BYTES } from "./timestamp.ts";
export * from "./types.ts";
export type { CheckpointResult } from "./wal-file.ts";
