/**
 * Encodes and decodes a PeerMessage as a frame (docs/format/peer.md). A decoded message owns its bytes, but those of a
 * BlobMessage.
 */
import { elastickv as gen } from "../gen/peer.js";
import { type Message, MessageType, messageTypeName, NO_BYTES } from "../raft/core/index.ts";
import { ONLY_GROUP } from "../threads/group.ts";
import { decodeBlobMessage, describeBlobMessage } from "./blob-codec.ts";
import { type AllocateFrame, encodeFrame } from "./framing.ts";
import { PeerProtocolError, UnsendableError } from "./protocol-error.ts";
import { decodeRaftMessage, encodeRaftMessage, entriesOf, putEntries } from "./raft-codec.ts";
import type { PeerMessage } from "./types.ts";
import { copied, count, decoding, none } from "./wire-numbers.ts";

export const Kind = gen.peer.Kind;
export type WireHeader = gen.peer.Header;

/**
 * @throws UnsendableError when the message is over the limit, or of a kind that never leaves its node or needs a
 * stream
 */
export function encodeMessage(
  message: PeerMessage,
  limit: number,
  sealBytes = 0,
  allocate?: AllocateFrame,
): Uint8Array {
  const header: gen.peer.IHeader = {};
  const parts = describe(message, header);
  return encodeFrame(gen.peer.Header.encode(header).finish(), parts, limit, sealBytes, allocate);
}

const NO_PARTS: readonly Uint8Array[] = [];

/** Fills the header; returns the payload. */
function describe(message: PeerMessage, header: gen.peer.IHeader): readonly Uint8Array[] {
  switch (message.kind) {
    case "raft":
      if (isSnapshot(message.message)) throw new UnsendableError(`a Raft message with ${NOT_ALONE}`);
      header.kind = Kind.RAFT;
      header.message = encodeRaftMessage(message.message);
      if (message.leaseRound !== 0) header.leaseRound = message.leaseRound;
      if (message.applied !== 0) header.applied = message.applied;
      if (message.blobsMissing !== undefined) header.blobsMissing = message.blobsMissing + 1;
      return message.message.entries.length === 0 ? NO_PARTS : putEntries(header, message.message.entries);
    case "propose":
      header.kind = Kind.PROPOSE;
      header.requestId = message.requestId;
      header.lengths = message.entries.map((entry) => entry.byteLength);
      return message.entries;
    case "propose-reply":
      header.kind = Kind.PROPOSE_REPLY;
      header.requestId = message.requestId;
      header.ok = message.taken;
      return NO_PARTS;
    case "request":
    case "reply":
      header.kind = message.kind === "request" ? Kind.REQUEST : Kind.REPLY;
      header.requestId = message.requestId;
      return [message.body];
    case "snapshot-begin":
      header.kind = Kind.SNAPSHOT_BEGIN;
      header.streamId = message.streamId;
      header.message = encodeRaftMessage(message.message);
      return NO_PARTS;
    case "snapshot-chunk":
      header.kind = Kind.SNAPSHOT_CHUNK;
      header.streamId = message.streamId;
      return [message.bytes];
    case "snapshot-end":
      header.kind = Kind.SNAPSHOT_END;
      header.streamId = message.streamId;
      return NO_PARTS;
    case "snapshot-credit":
      header.kind = Kind.SNAPSHOT_CREDIT;
      header.streamId = message.streamId;
      header.chunks = message.chunks;
      return NO_PARTS;
    case "snapshot-result":
      header.kind = Kind.SNAPSHOT_RESULT;
      header.streamId = message.streamId;
      header.ok = message.ok;
      header.reason = message.reason;
      return NO_PARTS;
    case "blob-push":
    case "blob-fetch":
    case "blob-ask":
    case "blob-reply":
      return describeBlobMessage(message, header);
  }
}

/** True for the kinds that travel on lane `blob` only. */
export function isBlobKind(kind: gen.peer.Kind): boolean {
  return kind >= Kind.BLOB_PUSH && kind <= Kind.BLOB_REPLY;
}

/** @throws PeerProtocolError */
export function decodeHeader(bytes: Uint8Array): WireHeader {
  return decoding("a header", () => gen.peer.Header.decode(bytes));
}

/**
 * @param payload valid during this call only
 * @param allocate returns the memory for entries that go to the log
 * @param vet checks a Raft message before memory is allocated, and throws when the message is not allowed
 * @throws PeerProtocolError when the message is malformed, or not allowed after the handshake
 */
export function decodeMessage(
  header: WireHeader,
  payload: Uint8Array,
  allocate: (bytes: number) => Uint8Array,
  vet: (message: Message) => void,
): PeerMessage {
  if (header.group !== ONLY_GROUP) {
    throw new PeerProtocolError(
      `a message for Raft group ${header.group}, and there is only group ${ONLY_GROUP}`,
    );
  }
  const requestId = () => count(header.requestId, "request_id");
  const streamId = () => count(header.streamId, "stream_id");
  switch (header.kind) {
    case Kind.RAFT: {
      const leaseRound = count(header.leaseRound, "lease_round");
      const applied = count(header.applied, "applied");
      const missing = count(header.blobsMissing, "blobs_missing");
      const reported = missing === 0 ? {} : { blobsMissing: missing - 1 };
      // All checks run before memory is allocated, because allocated memory is counted.
      const lent = cut(header.lengths, payload);
      const described = entriesOf(header, lent);
      const message = decodeRaftMessage(header.message, described);
      // The core would accept such a message, and the store thread would then install a keyspace that was never
      // received.
      if (isSnapshot(message)) throw new PeerProtocolError(`a Raft message with ${NOT_ALONE}`);
      vet(message);
      if (described.length === 0) return { kind: "raft", message, leaseRound, applied, ...reported };
      // The entry of a read request holds the context of the answer and stays in the core until a quorum has
      // confirmed the read. Memory for log entries is reused when the log evicts them, so such an entry gets memory
      // of its own.
      const logged = message.type === MessageType.App;
      const kept = keep(lent, payload, logged ? allocate : (bytes) => new Uint8Array(bytes));
      const entries = described.map((entry, i) => ({ ...entry, data: kept[i] ?? NO_BYTES }));
      return { kind: "raft", message: { ...message, entries }, leaseRound, applied, ...reported };
    }
    case Kind.PROPOSE: {
      const lent = cut(header.lengths, payload);
      if (lent.length === 0) throw new PeerProtocolError("a proposal without entries");
      const id = requestId();
      return { kind: "propose", requestId: id, entries: keep(lent, payload, allocate) };
    }
    case Kind.PROPOSE_REPLY:
      none(payload);
      return { kind: "propose-reply", requestId: requestId(), taken: header.ok };
    case Kind.REQUEST:
      return { kind: "request", requestId: requestId(), body: copied(payload) };
    case Kind.REPLY:
      return { kind: "reply", requestId: requestId(), body: copied(payload) };
    case Kind.SNAPSHOT_BEGIN: {
      none(payload);
      const message = decodeRaftMessage(header.message, []);
      vet(message);
      if (message.type !== MessageType.Snap) {
        throw new PeerProtocolError(`a snapshot stream announced by ${messageTypeName(message.type)}`);
      }
      if (message.snapshot === null) throw new PeerProtocolError("a snapshot stream without its metadata");
      return { kind: "snapshot-begin", streamId: streamId(), message };
    }
    case Kind.SNAPSHOT_CHUNK:
      return { kind: "snapshot-chunk", streamId: streamId(), bytes: copied(payload) };
    case Kind.SNAPSHOT_END:
      none(payload);
      return { kind: "snapshot-end", streamId: streamId() };
    case Kind.SNAPSHOT_CREDIT:
      none(payload);
      return { kind: "snapshot-credit", streamId: streamId(), chunks: count(header.chunks, "chunks") };
    case Kind.SNAPSHOT_RESULT:
      none(payload);
      return { kind: "snapshot-result", streamId: streamId(), ok: header.ok, reason: header.reason };
    case Kind.BLOB_PUSH:
    case Kind.BLOB_FETCH:
    case Kind.BLOB_ASK:
    case Kind.BLOB_REPLY:
      return decodeBlobMessage(header, payload);
    default:
      throw new PeerProtocolError(`a frame of kind ${header.kind} where a message was expected`);
  }
}

const NOT_ALONE = "a snapshot, which comes at the head of its stream only";

function isSnapshot({ type, snapshot }: Message): boolean {
  return type === MessageType.Snap || snapshot !== null;
}

/**
 * Cuts a payload into pieces, as views of the payload. @throws PeerProtocolError when the pieces do not fill the
 * payload exactly
 */
function cut(lengths: readonly number[], payload: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    if (length > payload.byteLength - at)
      throw new PeerProtocolError("entries are longer than their payload");
    pieces.push(payload.subarray(at, at + length));
    at += length;
  }
  if (at !== payload.byteLength) throw new PeerProtocolError("entries are shorter than their payload");
  return pieces;
}

/** Copies the pieces into new memory, in one block. */
function keep(
  pieces: readonly Uint8Array[],
  payload: Uint8Array,
  allocate: (bytes: number) => Uint8Array,
): Uint8Array[] {
  if (payload.byteLength === 0) return pieces.map(() => NO_BYTES);
  const memory = allocate(payload.byteLength);
  memory.set(payload);
  let at = 0;
  return pieces.map(({ byteLength }) => {
    at += byteLength;
    return byteLength === 0 ? NO_BYTES : memory.subarray(at - byteLength, at);
  });
}
