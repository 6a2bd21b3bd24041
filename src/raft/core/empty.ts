/** The configuration of a log without a snapshot. */
import { NO_BYTES } from "./message.ts";
import type { ConfState, Snapshot } from "./types.ts";

export const EMPTY_CONF_STATE: ConfState = Object.freeze({
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
});

/** A snapshot at index 0: the snapshot of a node that has never had one. */
export const EMPTY_SNAPSHOT: Snapshot = Object.freeze({
  metadata: Object.freeze({ index: 0, term: 0, confState: EMPTY_CONF_STATE }),
  data: NO_BYTES,
});
