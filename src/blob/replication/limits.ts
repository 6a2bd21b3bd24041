/** Times and sizes of the exchange of blobs, in one place. The windows are in peer/limits.ts, beside their queue. */

const MIB = 1024 * 1024;

/** Size for which `hasRoom` answers unless told: the longest chunk that gateways cut. */
export const USUAL_BLOB_BYTES = MIB;
/** Memory of a pushed frame: a usual blob and, generously, its header and seal. */
export const PUSH_FRAME_BYTES = USUAL_BLOB_BYTES + 4_096;
/** Frames kept for later pushes: one full window, 16 MiB. */
export const FREE_PUSH_FRAMES = 16;
/** A smaller blob takes memory of its own: it would waste most of a frame in the pool. */
export const LEAST_POOLED_BYTES = USUAL_BLOB_BYTES / 4;
/**
 * A push ends as `lost` when so much time has passed without an answer, the wait for room included. It is as long as
 * STORE_MS: no store waits for a push that is over.
 */
export const PUSH_MS = 10_000;
/** As for a push. A fetch has other peers to go to, so it gives one up earlier. */
export const FETCH_MS = 5_000;
/** A deep question reads DEEP_BLOBS_PER_QUESTION blobs. */
export const ASK_MS = 10_000;
/** A peer reads these without a pause, because its disk is synchronous: 16 MiB, some 10 ms. */
export const DEEP_BLOBS_PER_QUESTION = 16;
/**
 * Pushed bytes that a node takes before it has answered: four full windows, and two from one peer (one of a
 * connection that has broken, and one of the next). Whatever is over it is answered `busy`.
 */
export const RECEIVING_BYTES = 64 * MIB;
export const RECEIVING_BYTES_PER_PEER = 32 * MIB;

/**
 * Until then a store relies on the peers whose windows had room. Later it also pushes to voters whose windows are
 * full. A push takes some milliseconds plus one fsync: a peer that has not answered within 500 ms is in trouble.
 */
export const HEDGE_MS = 500;
/**
 * Until then a store waits for the voters that have its push; later it is content with the floor. Half the time in
 * which a silent connection is given up (SILENCE_MS): a client does not notice 2 s once, and every later store does
 * without the peer as soon as its connection is down.
 */
export const DEGRADE_MS = 2_000;
/** A store fails when the floor has not been reached by then: clients wait longer than that for an answer. */
export const STORE_MS = 10_000;
