/** Versions of all formats on disk and of the protocol between nodes, each imported from its definition. */
import type { FormatVersions } from "../cli/version.ts";
import { PEER_PROTOCOL } from "../cluster/peers.ts";
import { FRAMING_VERSION } from "../peer/framing.ts";
import { FORMAT_VERSION as WAL_FORMAT } from "../raft/log/segment-file.ts";
import { SNAPSHOT_VERSION } from "../store/snapshot/format.ts";
import { FORMAT_VERSION as STORE_FORMAT } from "../store/sqlite/schema.ts";
import { COMMAND_VERSION } from "../txn/command.ts";
import { DATA_FORMAT } from "./data-directory.ts";

/**
 * Each reader accepts only the version that the writer makes. A reader that accepts more versions lists them here.
 */
const only = (version: number) => ({ reads: [version], writes: version });

export const FORMATS = {
  /** node.json and the files beside it. */
  dataDirectory: only(DATA_FORMAT),
  wal: only(WAL_FORMAT),
  /** Entries in the log, the same on every node of a cluster. */
  command: only(COMMAND_VERSION),
  /** Tables of keyspace.db. */
  store: only(STORE_FORMAT),
  snapshot: only(SNAPSHOT_VERSION),
  /** Frames between peers, then the hello in them. */
  peerFraming: only(FRAMING_VERSION),
  peerProtocol: only(PEER_PROTOCOL),
} as const satisfies FormatVersions;
