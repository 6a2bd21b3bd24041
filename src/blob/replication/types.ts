/** What the parts of the blob thread know of each other: connections on one side, the node's own blobs on the other. */
import type { BlobMember, CopyState } from "../../messages/blobs.ts";

export type PushResult =
  /** The peer holds the blob durably, and has pinned it. */
  | "stored"
  /** The peer refused: the bytes had another SHA-256, no space, too many pushes at once, or an error of its disk. */
  | "corrupt"
  | "disk-full"
  | "busy"
  | "failed"
  /** The connection ended or timed out before the answer, or the push was given up: the peer may hold the blob or not. */
  | "lost";

export type FetchResult =
  | { readonly kind: "blob"; readonly bytes: Uint8Array }
  /** The peer does not hold the blob, or holds damaged bytes. */
  | { readonly kind: "not-found" }
  /** The peer could not be asked, or has not answered. */
  | { readonly kind: "lost" };

/** A push that is under way. */
export interface Push {
  readonly result: Promise<PushResult>;
  /**
   * Gives the push up when its bytes have not been copied to the connection yet (the result is `lost` then): the
   * caller's memory may be reused after the call.
   */
  abandon(): void;
}

/** Requests to the blob threads of peers. Every request is answered, or fails, within a bounded time. */
export interface BlobPeers {
  /** Members of the cluster, this node included. Connections to others are dialled; those to nobody else are closed. */
  setMembers(clusterId: string, members: readonly BlobMember[]): void;
  /** Raft ids of the members, without this node, to which a connection is up. */
  reachable(): readonly number[];
  /** True when a push of so many bytes (default: a usual blob) would be written to the peer's connection at once. */
  hasRoom(to: number, bytes?: number): boolean;
  /** Waits for room in the window of the peer; `bytes` must not change before the result or `abandon`. */
  push(to: number, sha256: Uint8Array, bytes: Uint8Array, pinUntilMs: number): Push;
  /** Asks for a blob of at most `maxBytes`. The bytes are not verified. */
  fetch(from: number, sha256: Uint8Array, maxBytes: number): Promise<FetchResult>;
  /** Which of these blobs does the peer hold? `deep`: it reads and verifies them. `unknown` for all when it is lost. */
  ask(to: number, blobs: readonly Uint8Array[], deep: boolean): Promise<CopyState[]>;
}

/** Requests of peers, as this node's blobs answer them. `from` is a Raft id. */
export interface BlobServer {
  /** `bytes` are valid during the call only, unless copied. The answer says that the blob is durable and pinned. */
  onPush(
    from: number,
    sha256: Uint8Array,
    bytes: Uint8Array,
    pinUntilMs: number,
  ): Promise<Exclude<PushResult, "lost">>;
  /** The blob, verified against its checksum at rest; undefined when it is not here or damaged. */
  onFetch(sha256: Uint8Array): Uint8Array | undefined;
  onAsk(blobs: readonly Uint8Array[], deep: boolean): CopyState[];
}
