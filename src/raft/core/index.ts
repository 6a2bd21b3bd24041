/** The consensus core: a pure state machine. See docs/raft.md. */

export {
  asV2,
  type ConfChange,
  ConfChangeFormatError,
  type ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  decodeConfChange,
  encodeConfChange,
} from "./conf-change.ts";
export { ConfChangeError, nextConfState } from "./confchange/index.ts";
export { type Config, ConfigError } from "./config.ts";
export { EMPTY_CONF_STATE, EMPTY_SNAPSHOT } from "./empty.ts";
export { InvariantViolation } from "./invariant.ts";
export {
  type DraftMessage,
  hardStateOf,
  isStorageThread,
  messageTypeName,
  NO_BYTES,
  NO_MESSAGES,
  newMessage,
  stateName,
} from "./message.ts";
export { RawNode } from "./raw-node.ts";
export type { Refusal } from "./refusal.ts";
export { entriesSize, entrySize, limitSize } from "./sizes.ts";
export type { BasicStatus, Status } from "./status.ts";
export {
  type InitialState,
  isStorageError,
  StorageError,
} from "./storage.ts";

export * from "./types.ts";
