/** One message of every kind that travels. */
import { elastickv as gen } from "../../../src/gen/peer.js";
import { encodeFrame } from "../../../src/peer/framing.ts";
import { encodeRaftMessage } from "../../../src/peer/raft-codec.ts";
import { BLOB_RESULTS, type BlobMessage, type PeerMessage } from "../../../src/peer/types.ts";
import { EntryType, type Message, MessageType, newMessage } from "../../../src/raft/core/index.ts";

export const BIG = Number.MAX_SAFE_INTEGER - 2;

export function bytes(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 0xff);
}

export function raft(type: MessageType, fields: Partial<Message> = {}): PeerMessage & { kind: "raft" } {
  return {
    kind: "raft",
    message: { ...newMessage(type, 2), from: 1, term: 5, ...fields },
    leaseRound: 0,
    applied: 0,
  };
}

export function heartbeat(round: number): PeerMessage {
  return { ...raft(MessageType.Heartbeat, { commit: round }), leaseRound: round };
}

export function append(index: number, sizes: readonly number[]): PeerMessage & { kind: "raft" } {
  return raft(MessageType.App, {
    index,
    logTerm: 4,
    entries: sizes.map((size, i) => ({
      type: EntryType.Normal,
      term: 5,
      index: index + 1 + i,
      data: bytes(size, i),
    })),
  });
}

const SNAPSHOT = {
  data: new Uint8Array(0),
  metadata: {
    index: 9_007,
    term: BIG,
    confState: {
      voters: [1, 2, BIG],
      learners: [4],
      votersOutgoing: [5, 6],
      learnersNext: [7],
      autoLeave: true,
    },
  },
};

export const EVERY_MESSAGE: readonly PeerMessage[] = [
  { ...raft(MessageType.Heartbeat, { commit: 17, context: bytes(8) }), leaseRound: BIG },
  { ...raft(MessageType.HeartbeatResp, { context: bytes(8) }), leaseRound: 3, applied: BIG },
  { ...raft(MessageType.HeartbeatResp), leaseRound: 3, applied: 7, blobsMissing: 0 },
  { ...raft(MessageType.HeartbeatResp), leaseRound: 3, applied: 7, blobsMissing: 12 },
  raft(MessageType.Vote, { index: 10, logTerm: 4, context: bytes(16) }),
  raft(MessageType.VoteResp, { reject: true }),
  raft(MessageType.PreVote, { index: 10, logTerm: 4 }),
  raft(MessageType.PreVoteResp),
  { ...raft(MessageType.TimeoutNow), leaseRound: 88 },
  raft(MessageType.ReadIndex, {
    term: 0,
    entries: [{ type: EntryType.Normal, term: 0, index: 0, data: bytes(24) }],
  }),
  raft(MessageType.ReadIndexResp, {
    index: 12,
    entries: [{ type: EntryType.Normal, term: 0, index: 0, data: bytes(24) }],
  }),
  raft(MessageType.App, { index: BIG - 1, logTerm: BIG, commit: BIG, term: BIG }),
  append(100, [0, 1, 300, 0, 70_000]),
  raft(MessageType.App, {
    index: 4,
    entries: [
      { type: EntryType.ConfChange, term: 5, index: 5, data: bytes(40) },
      { type: EntryType.ConfChangeV2, term: 5, index: 6, data: new Uint8Array(0) },
    ],
  }),
  raft(MessageType.AppResp, { index: 12, reject: true, rejectHint: 9, logTerm: 3 }),
  raft(MessageType.Prop, {
    term: 0,
    entries: [{ type: EntryType.Normal, term: 0, index: 0, data: bytes(900) }],
  }),
  raft(MessageType.TransferLeader, { from: 7, term: 0 }),
  { kind: "propose", requestId: BIG, entries: [bytes(10), new Uint8Array(0), bytes(3_000)] },
  { kind: "propose-reply", requestId: 0, taken: true },
  { kind: "propose-reply", requestId: 2, taken: false },
  { kind: "request", requestId: 3, body: bytes(200) },
  { kind: "reply", requestId: 3, body: new Uint8Array(0) },
  { kind: "snapshot-begin", streamId: 1, message: raft(MessageType.Snap, { snapshot: SNAPSHOT }).message },
  { kind: "snapshot-chunk", streamId: 1, bytes: bytes(100_000) },
  { kind: "snapshot-end", streamId: 1 },
  { kind: "snapshot-credit", streamId: BIG, chunks: 4 },
  { kind: "snapshot-result", streamId: 1, ok: true, reason: "" },
  { kind: "snapshot-result", streamId: 1, ok: false, reason: "checksum of chunk 4 – fällt durch" },
];

/** One message of every kind of the lane `blob`. */
export const EVERY_BLOB_MESSAGE: readonly BlobMessage[] = [
  { kind: "blob-push", requestId: BIG, sha256: bytes(32), pinUntilMs: BIG, bytes: bytes(70_000) },
  { kind: "blob-fetch", requestId: 1, sha256: bytes(32, 2) },
  { kind: "blob-ask", requestId: 2, blobs: [bytes(32), bytes(32, 2), bytes(32, 3)], deep: true },
  { kind: "blob-ask", requestId: 3, blobs: [bytes(32)], deep: false },
  { kind: "blob-reply", requestId: 1, result: "ok", payload: bytes(300_000) },
  ...BLOB_RESULTS.map((result) => ({
    kind: "blob-reply" as const,
    requestId: BIG,
    result,
    payload: new Uint8Array(0),
  })),
];

/** A frame that no node sends: a Snap that is to be stepped at once. */
export function snapWithoutStream(withMetadata = true): Uint8Array {
  const begin = EVERY_MESSAGE.find(({ kind }) => kind === "snapshot-begin");
  if (begin?.kind !== "snapshot-begin") throw new Error("no sample of a snapshot's begin");
  const message = withMetadata ? begin.message : { ...begin.message, snapshot: null };
  const header = gen.peer.Header.encode({
    kind: gen.peer.Kind.RAFT,
    message: encodeRaftMessage(message),
  }).finish();
  return encodeFrame(header, [], 1 << 20);
}

/** Plain arrays, so that views of a larger buffer, Buffers and Uint8Arrays compare by content. */
export function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, each) => (ArrayBuffer.isView(each) ? [...(each as Uint8Array)] : each)),
  );
}
