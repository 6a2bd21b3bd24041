/** Sizes and times of the transport, in one place. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** What a frame may have on top of the entries of one append message: its header, a context, a forwarded body. */
const FRAME_HEADROOM_BYTES = 64 * KIB;
/** Bodies and snapshot chunks travel too, whatever the limit on append messages is. */
const LEAST_FRAME_BYTES = 4 * MIB;

/** Header and payload of the longest frame that a node takes after the handshake. */
export function frameLimit(maxSizePerMsgBytes: number): number {
  return Math.max(maxSizePerMsgBytes, LEAST_FRAME_BYTES) + FRAME_HEADROOM_BYTES;
}

/** Header and payload of a frame from somebody who has not proved that it belongs to the cluster. */
export const PROOF_FRAME_BYTES = 256;
/** Header and payload of every later frame of the handshake. */
export const HANDSHAKE_FRAME_BYTES = 8 * KIB;
/** Characters of the reason in a refusal, at most. */
export const REFUSAL_MESSAGE_CHARS = 1_000;
/** A connection that is not through with it by then is closed. Counted from the dial, or from the accept. */
export const HANDSHAKE_MS = 5_000;
/** Incoming connections that have not proved that they belong to the cluster, and those that have and do not stand yet:
 *  each so many at most, in all and from one address. One of those who hold the most makes space for a new one, the oldest. */
export const CROWD_LIMITS = { all: 128, perAddress: 32 };

/** Who has written nothing for so long writes an ALIVE frame, and who has received nothing for so long closes the connection. */
export const ALIVE_MS = 1_000;
export const SILENCE_MS = 4_000;
/** How often both are looked at. */
export const SWEEP_MS = 500;

export const BACKOFF_MIN_MS = 50;
export const BACKOFF_MAX_MS = 2_000;
/** After a refusal: it takes an operator, or a membership change, to make it go away. */
export const REFUSED_RETRY_MS = 5_000;
/** A connection that lived for so long was a success: the next dial is quick again. */
export const SETTLED_MS = 1_000;

/** Small frames that go out together are joined up to so many bytes. */
export const JOIN_BYTES = 256 * KIB;
/** A frame from this size on is written as it is: copying it once more would cost more than a system call. */
export const BIG_FRAME_BYTES = 64 * KIB;
/** Bytes that one lane writes before the other lanes get their turn. */
export const TURN_BYTES = MIB;

export const DEFAULT_MAX_INFLIGHT_BYTES = 64 * MIB;
/** Bytes that wait in the heartbeat lane. */
export const HEARTBEAT_QUEUE_BYTES = 4 * MIB;
/** Bytes that wait in the lanes *snapshot* and *other*, each. */
export const SMALL_QUEUE_BYTES = 16 * MIB;
