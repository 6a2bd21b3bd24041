/** Sizes and times of the transport, in one place. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Space in a frame beside the entries of one append message: header, context, forwarded body. */
const FRAME_HEADROOM_BYTES = 64 * KIB;
/** Minimum, because bodies and snapshot chunks need frames of this size whatever the limit on append messages is. */
const LEAST_FRAME_BYTES = 4 * MIB;

/** Maximum bytes of header and payload that a node accepts after the handshake. */
export function frameLimit(maxSizePerMsgBytes: number): number {
  return Math.max(maxSizePerMsgBytes, LEAST_FRAME_BYTES) + FRAME_HEADROOM_BYTES;
}

/** Maximum bytes of header and payload of a frame from an end that has not proved membership. */
export const PROOF_FRAME_BYTES = 256;
/** Maximum bytes of header and payload of every later frame of the handshake. */
export const HANDSHAKE_FRAME_BYTES = 8 * KIB;
/** Maximum characters of the reason in a refusal. */
export const REFUSAL_MESSAGE_CHARS = 1_000;
/** Time limit of the handshake, counted from the dial or the accept. A connection over the limit is closed. */
export const HANDSHAKE_MS = 5_000;
/**
 * Limits of incoming connections in two groups, each in total and from one address: connections without a proof of
 * membership, and connections with a proof whose handshake is not complete. A new connection over the limit
 * replaces the oldest connection of the address that holds the most.
 */
export const CROWD_LIMITS = { all: 128, perAddress: 32 };

/** Limits of connections without a client certificate, which may only ask to join. */
export const JOIN_CROWD_LIMITS = { all: 16, perAddress: 4 };
/** Maximum bytes of a request to join. A request has about 1 KiB. */
export const JOIN_REQUEST_BYTES = 8 * KIB;
/** Time limit of the answer to a request to join: the answer waits for two commits and a change of the membership. */
export const JOIN_ANSWER_MS = 30_000;

/**
 * An end that has written nothing for ALIVE_MS writes an ALIVE frame. An end that has received nothing for
 * SILENCE_MS closes the connection.
 */
export const ALIVE_MS = 1_000;
export const SILENCE_MS = 4_000;
/** Interval at which both times are checked. */
export const SWEEP_MS = 500;

export const BACKOFF_MIN_MS = 50;
export const BACKOFF_MAX_MS = 2_000;
/** Delay after a refusal, which only an operator or a membership change can resolve. */
export const REFUSED_RETRY_MS = 5_000;
/** A connection that lived this long was a success: the next dial uses the shortest delay. */
export const SETTLED_MS = 1_000;

/** Small frames that are sent together are joined up to this many bytes. */
export const JOIN_BYTES = 256 * KIB;
/** A frame of this size or more is written alone: a copy would cost more than a system call. */
export const BIG_FRAME_BYTES = 64 * KIB;
/** Bytes that one lane writes before the other lanes get their turn. */
export const TURN_BYTES = MIB;

export const DEFAULT_MAX_INFLIGHT_BYTES = 64 * MIB;
/** Limit of bytes that wait in the heartbeat lane. */
export const HEARTBEAT_QUEUE_BYTES = 4 * MIB;
/** Limit of bytes that wait in each of the lanes *snapshot* and *other*. */
export const SMALL_QUEUE_BYTES = 16 * MIB;

/** Longest blob that a frame of the lane *blob* carries: the smallest limit on frames that a node may have. */
export const MAX_BLOB_BYTES = LEAST_FRAME_BYTES;
/** Most blobs that one question (BLOB_ASK) names. */
export const MAX_ASKED_BLOBS = 1_024;
/**
 * Limits of requests that are under way to one peer: sent, and neither answered nor lost with their connection. An
 * empty window takes a request of any size. `fetch` counts the bytes of the awaited answers.
 */
export const BLOB_WINDOWS = {
  push: { requests: 32, bytes: 16 * MIB },
  fetch: { requests: 16, bytes: 16 * MIB },
  ask: { requests: 4, bytes: MIB },
} as const;
/**
 * What waits in the lane *blob*: the requests of the three windows and the answers to the peer's requests, twice,
 * because requests of a broken window may still wait for their connection.
 */
export const BLOB_QUEUE = {
  messages: 4 * (BLOB_WINDOWS.push.requests + BLOB_WINDOWS.fetch.requests + BLOB_WINDOWS.ask.requests),
  bytes: 2 * (BLOB_WINDOWS.push.bytes + BLOB_WINDOWS.fetch.bytes + 2 * BLOB_WINDOWS.ask.bytes),
};
