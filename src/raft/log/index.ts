export { WalError, type WalErrorCode } from "./errors.ts";
export type * from "./messages.ts";
export * from "./types.ts";
export { type CompactOptions, Wal } from "./wal.ts";
