/** Encodes and decodes the messages of the lane *blob* (docs/format/peer.md). */
import { elastickv as gen } from "../gen/peer.js";
import { MAX_ASKED_BLOBS, MAX_BLOB_BYTES } from "./limits.ts";
import { PeerProtocolError, UnsendableError } from "./protocol-error.ts";
import { BLOB_RESULTS, type BlobMessage, type BlobResult } from "./types.ts";
import { copied, count, none } from "./wire-numbers.ts";

const { Kind } = gen.peer;
export const SHA256_BYTES = 32;

/** The wire numbers are 1, 2, ... in the order of BLOB_RESULTS. */
const wireResult = (result: BlobResult): gen.peer.BlobResult => BLOB_RESULTS.indexOf(result) + 1;

/** Fills the header; returns the payload. @throws UnsendableError when a blob or a question is too long */
export function describeBlobMessage(message: BlobMessage, header: gen.peer.IHeader): readonly Uint8Array[] {
  header.requestId = message.requestId;
  switch (message.kind) {
    case "blob-push":
      header.kind = Kind.BLOB_PUSH;
      header.blobs = message.sha256;
      header.pinUntilMs = message.pinUntilMs;
      return [sendable(message.bytes)];
    case "blob-fetch":
      header.kind = Kind.BLOB_FETCH;
      header.blobs = message.sha256;
      return [];
    case "blob-ask":
      if (message.blobs.length > MAX_ASKED_BLOBS) {
        throw new UnsendableError(`a question about ${message.blobs.length} blobs`);
      }
      header.kind = Kind.BLOB_ASK;
      header.blobs = Buffer.concat(message.blobs);
      header.deep = message.deep;
      return [];
    case "blob-reply":
      header.kind = Kind.BLOB_REPLY;
      header.result = wireResult(message.result);
      return message.payload.byteLength === 0 ? [] : [sendable(message.payload)];
  }
}

function sendable(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength > MAX_BLOB_BYTES) throw new UnsendableError(`a blob of ${bytes.byteLength} bytes`);
  return bytes;
}

/** @param payload becomes part of the message without a copy. @throws PeerProtocolError */
export function decodeBlobMessage(header: gen.peer.Header, payload: Uint8Array): BlobMessage {
  const requestId = count(header.requestId, "request_id");
  if (payload.byteLength > MAX_BLOB_BYTES) {
    throw new PeerProtocolError(`a blob of ${payload.byteLength} bytes`);
  }
  switch (header.kind) {
    case Kind.BLOB_PUSH: {
      const pinUntilMs = count(header.pinUntilMs, "pin_until_ms");
      return { kind: "blob-push", requestId, sha256: oneName(header), pinUntilMs, bytes: payload };
    }
    case Kind.BLOB_FETCH:
      none(payload);
      return { kind: "blob-fetch", requestId, sha256: oneName(header) };
    case Kind.BLOB_ASK:
      none(payload);
      return { kind: "blob-ask", requestId, blobs: names(header), deep: header.deep };
    default: {
      const result = BLOB_RESULTS[header.result - 1];
      if (result === undefined) throw new PeerProtocolError(`an answer with result ${header.result}`);
      if (result !== "ok") none(payload);
      return { kind: "blob-reply", requestId, result, payload };
    }
  }
}

function oneName({ blobs }: gen.peer.Header): Uint8Array {
  if (blobs.byteLength !== SHA256_BYTES) {
    throw new PeerProtocolError(`the name of one blob has ${blobs.byteLength} bytes`);
  }
  return copied(blobs);
}

function names({ blobs }: gen.peer.Header): readonly Uint8Array[] {
  const length = blobs.byteLength / SHA256_BYTES;
  if (!Number.isInteger(length) || length === 0 || length > MAX_ASKED_BLOBS) {
    throw new PeerProtocolError(`a question with ${blobs.byteLength} bytes of names`);
  }
  const memory = copied(blobs);
  return Array.from({ length }, (_, i) => memory.subarray(i * SHA256_BYTES, (i + 1) * SHA256_BYTES));
}
