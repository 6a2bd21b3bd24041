/** The frames whose bytes docs/format/peer.md shows. */

import { encodeMessage } from "../../../src/peer/codec.ts";
import { FrameSeal, SEAL_BYTES } from "../../../src/peer/frame-seal.ts";
import { PREFACE } from "../../../src/peer/framing.ts";
import {
  ALIVE_FRAME,
  type ConnectionHello,
  challengeFrame,
  helloFrame,
  proofFrame,
  UNAUTHENTICATED_FRAME,
  verdictFrame,
} from "../../../src/peer/handshake.ts";
import { SLOTS, type Slot } from "../../../src/peer/lanes.ts";
import { ClusterProof, type SessionKeys } from "../../../src/peer/proof.ts";
import { EntryType, MessageType, NO_BYTES, newMessage } from "../../../src/raft/core/index.ts";

export const GOLDEN_HELLO: ConnectionHello = {
  hello: {
    clusterId: "c1",
    id: 1,
    name: "n1",
    instance: "0a",
    protocol: 2,
    version: "0.1.0",
    capabilities: ["x"],
    address: "h:9002",
    boot: "00000000000000b1",
    lastIncarnationOfYou: "00000000000000a2",
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

const counting = (from: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => from + i);
export const GOLDEN_PROOF = { secret: counting(0), challenge: counting(0x20), nonce: counting(0x40) };
const proof = new ClusterProof([GOLDEN_PROOF.secret]);
const mac = proof.prove(GOLDEN_PROOF.challenge, GOLDEN_PROOF.nonce);
const accepted = proof.accept(GOLDEN_PROOF.challenge, GOLDEN_PROOF.nonce, mac);
if (accepted === undefined) throw new Error("the proof was not accepted");

function sealed({ receive }: SessionKeys, frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(frame.byteLength + SEAL_BYTES);
  bytes.set(frame);
  new FrameSeal(receive).fill(bytes);
  return bytes;
}

export const GOLDEN: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ["preface", PREFACE],
  ["challenge", challengeFrame(GOLDEN_PROOF.challenge)],
  ["proof", proofFrame(mac, GOLDEN_PROOF.nonce)],
  ["answer", proofFrame(accepted.answer)],
  ["stranger", UNAUTHENTICATED_FRAME],
  ["sealed", sealed(accepted.keys, ALIVE_FRAME)],
  ["hello", helloFrame(GOLDEN_HELLO)],
  ["refusal", verdictFrame({ ok: false, code: "REMOVED", message: "gone" })],
  ["alive", ALIVE_FRAME],
  ["heartbeat", encodeMessage({ kind: "raft", message: heartbeat, leaseRound: 300, applied: 0 }, 1_000)],
  ["append", encodeMessage({ kind: "raft", message: append, leaseRound: 0, applied: 0 }, 1_000)],
  ["chunk", encodeMessage({ kind: "snapshot-chunk", streamId: 3, bytes: data }, 1_000)],
  [
    "push",
    encodeMessage(
      { kind: "blob-push", requestId: 9, sha256: counting(0x60), pinUntilMs: 300, bytes: data },
      1_000,
    ),
  ],
  ["fetch", encodeMessage({ kind: "blob-fetch", requestId: 10, sha256: counting(0x60) }, 1_000)],
  [
    "ask",
    encodeMessage(
      { kind: "blob-ask", requestId: 11, blobs: [counting(0x60), counting(0x80)], deep: true },
      1_000,
    ),
  ],
  ["stored", encodeMessage({ kind: "blob-reply", requestId: 9, result: "ok", payload: NO_BYTES }, 1_000)],
  [
    "full",
    encodeMessage({ kind: "blob-reply", requestId: 9, result: "disk-full", payload: NO_BYTES }, 1_000),
  ],
  ["blob", encodeMessage({ kind: "blob-reply", requestId: 10, result: "ok", payload: data }, 1_000)],
];
