/** The consensus core: a pure state machine. See docs/raft.md. */

export {
  asV2,
  type ConfChange,
  ConfChangeFormatError,
  type ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  type ConfChangeV1,
  type ConfChangeV2,
  decodeConfChange,
  encodeConfChange,
  LEAVE_JOINT,
} from "./conf-change.ts";
export { ConfChangeError, type ConfChangeErrorCode, nextConfState } from "./confchange/index.ts";
export { type Config, ConfigError, type NextInt } from "./config.ts";
export { EMPTY_CONF_STATE, EMPTY_SNAPSHOT } from "./empty.ts";
export { InvariantViolation } from "./invariant.ts";
export {
  type DraftMessage,
  hardStateOf,
  isLocalMessage,
  isResponseMessage,
  isStorageThread,
  messageTypeName,
  NO_BYTES,
  NO_ENTRIES,
  NO_MESSAGES,
  newMessage,
  stateName,
} from "./message.ts";
export { RawNode } from "./raw-node.ts";
export type { Refusal, RefusalCode } from "./refusal.ts";
export { entriesSize, entrySize, limitSize, payloadsSize, UNLIMITED } from "./sizes.ts";
export type { BasicStatus, ProgressStatus, Status } from "./status.ts";
export {
  type InitialState,
  isStorageError,
  type Storage,
  StorageError,
  type StorageErrorCode,
} from "./storage.ts";
export { type Configuration, describeConfiguration, ProgressState } from "./tracker/index.ts";
export * from "./types.ts";
