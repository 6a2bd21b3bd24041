/** The frames whose bytes docs/format/peer.md shows. */
import { EntryType, MessageType, newMessage } from "../../../src/raft/core/index.ts";
import { encodeMessage } from "../../../src/raft/transport/codec.ts";
import { PREFACE } from "../../../src/raft/transport/framing.ts";
import {
  ALIVE_FRAME,
  type ConnectionHello,
  helloFrame,
  verdictFrame,
} from "../../../src/raft/transport/handshake.ts";
import { SLOTS, type Slot } from "../../../src/raft/transport/lanes.ts";

export const GOLDEN_HELLO: ConnectionHello = {
  hello: {
    clusterId: "c1",
    id: 1,
    name: "n1",
    instance: "0a",
    protocol: 1,
    version: "0.1.0",
    capabilities: ["x"],
    address: "h:9002",
    boot: "00000000000000b1",
    lastBootOfYou: "00000000000000a2",
    instanceOfYou: "0b",
  },
  slot: SLOTS[1] as Slot,
  maxFrameBytes: 4_259_840,
};

const data = new TextEncoder().encode("hi!");
const entries = [{ type: EntryType.Normal, term: 5, index: 8, data }];
const append = {
  ...newMessage(MessageType.App, 2),
  from: 1,
  term: 5,
  logTerm: 4,
  index: 7,
  commit: 6,
  entries,
};
const heartbeat = { ...newMessage(MessageType.Heartbeat, 2), from: 1, term: 5 };

export const GOLDEN: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ["preface", PREFACE],
  ["hello", helloFrame(GOLDEN_HELLO)],
  ["refusal", verdictFrame({ ok: false, code: "REMOVED", message: "gone" })],
  ["alive", ALIVE_FRAME],
  ["heartbeat", encodeMessage({ kind: "raft", message: heartbeat, leaseRound: 300, applied: 0 }, 1_000)],
  ["append", encodeMessage({ kind: "raft", message: append, leaseRound: 0, applied: 0 }, 1_000)],
  ["chunk", encodeMessage({ kind: "snapshot-chunk", streamId: 3, bytes: data }, 1_000)],
];
