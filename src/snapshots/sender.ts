/**
 * Sends keyspace snapshots to followers. The store thread pins the keyspace, the snapshot thread reads the
 * keyspace, the transport sends the chunks, and the receiver gives credit. At the end of a stream the keyspace is
 * unpinned, and the end is reported to the core once (except for a replaced stream, see `onEnd`).
 */

import type { Membership } from "../cluster/registry/membership.ts";
import type { ConsensusToSnapshot, ConsensusToStore } from "../messages/messages.ts";
import type { PeerMessage } from "../peer/types.ts";
import type { Timers } from "../platform/timers.ts";
import type { Message } from "../raft/core/index.ts";
import { membersOf } from "../raft/engine/group-configuration.ts";
import type { Position } from "../raft/engine/types.ts";
import type { AppliedState } from "../store/types.ts";

/** A stream ends after this time without a message. */
export const SNAPSHOT_SILENCE_MS = 30_000;

/** `called-off` is no failure: the stream is no longer needed, or starts again soon. */
export type SnapshotOutcome = "arrived" | "failed" | "called-off";

export interface SnapshotEnd {
  readonly outcome: SnapshotOutcome;
  readonly reason: string;
  /** Index of the snapshot for which the core asked. */
  readonly wanted: number;
  /** Log position of the follower; undefined = the snapshot has not arrived. */
  readonly position: Position | undefined;
}

export interface SnapshotSenderOptions {
  readonly timers: Timers;
  readonly store: (message: ConsensusToStore) => void;
  readonly snapshots: (message: ConsensusToSnapshot) => void;
  /** Returns false when the message was not sent. */
  readonly send: (to: number, message: PeerMessage) => boolean;
  /**
   * Called once for each stream, except for a stream that a newer stream to the same follower replaced: the core
   * would take the end of the replaced stream for the end of the newer stream.
   */
  readonly onEnd: (to: number, end: SnapshotEnd) => void;
  /** Returns an id that is unique among all streams of this node, received streams too. */
  readonly nextStreamId: () => number;
}

interface Stream {
  readonly id: number;
  readonly to: number;
  readonly message: Message;
  /** Position of the snapshot; undefined until the keyspace is open for reading. */
  position: Position | undefined;
  cancelTimeout: () => void;
}

export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  readonly #streams = new Map<number, Stream>();

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#streams.size;
  }

  sendingTo(peer: number): boolean {
    return [...this.#streams.values()].some(({ to }) => to === peer);
  }

  /** The core asks for a snapshot to `to`, at or after the snapshot position in `message`. */
  begin(to: number, message: Message): void {
    for (const earlier of [...this.#streams.values()]) {
      if (earlier.to === to) this.#discard(earlier, "another snapshot was asked for");
    }
    const id = this.#options.nextStreamId();
    const stream: Stream = { id, to, message, position: undefined, cancelTimeout: () => {} };
    this.#streams.set(id, stream);
    this.#touch(stream);
    this.#options.store({ kind: "pin", streamId: id });
  }

  /** The store thread has pinned the keyspace: payloads and old versions stay. */
  onHeld(streamId: number): void {
    if (this.#streams.has(streamId)) this.#options.snapshots({ kind: "send", streamId });
  }

  /** The snapshot thread has opened the keyspace at this position. */
  onOpened(streamId: number, applied: AppliedState, membership: Membership): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    const wanted = wantedBy(stream);
    // The core counts an entry as applied when it hands out the entry; the keyspace applies the entry later.
    if (applied.index < wanted) {
      this.#end(
        stream,
        "called-off",
        `the keyspace was read at ${applied.index}, the core asked for ${wanted}`,
      );
      return;
    }
    if (!membersOf(membership.confState).has(stream.to)) {
      this.#end(stream, "called-off", `the keyspace at ${applied.index} does not know of that member`);
      return;
    }
    stream.position = { index: applied.index, term: applied.term };
    const metadata = { ...stream.position, confState: membership.confState };
    const message: Message = { ...stream.message, snapshot: { metadata, data: new Uint8Array(0) } };
    this.#send(stream, { kind: "snapshot-begin", streamId, message });
  }

  /** The receiver gives credit for more chunks. */
  onCredit(from: number, streamId: number, chunks: number): void {
    const stream = this.#streamTo(from, streamId);
    if (stream === undefined) return;
    this.#touch(stream);
    this.#options.snapshots({ kind: "credit", streamId, chunks });
  }

  onChunk(streamId: number, bytes: Uint8Array): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#send(stream, { kind: "snapshot-chunk", streamId, bytes });
  }

  onSent(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#send(stream, { kind: "snapshot-end", streamId });
  }

  onFailed(streamId: number, reason: string): boolean {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return false;
    this.#end(stream, "failed", `reading it here: ${reason}`);
    return true;
  }

  /** The receiver reports the end of the stream. */
  onResult(from: number, streamId: number, ok: boolean, reason: string): boolean {
    const stream = this.#streamTo(from, streamId);
    if (stream === undefined) return false;
    if (ok) this.#end(stream, "arrived", reason);
    else this.#end(stream, "failed", `its receiver says: ${reason}`);
    return true;
  }

  /** Leadership was lost, or a peer was removed. */
  cancel(which: (peer: number) => boolean, reason: string): void {
    this.#endAll(which, "called-off", reason);
  }

  onLost(peer: number): void {
    this.#endAll((to) => to === peer, "failed", "the connection broke");
  }

  #endAll(which: (peer: number) => boolean, outcome: SnapshotOutcome, reason: string): void {
    for (const stream of [...this.#streams.values()])
      if (which(stream.to)) this.#end(stream, outcome, reason);
  }

  #streamTo(peer: number, streamId: number): Stream | undefined {
    const stream = this.#streams.get(streamId);
    return stream?.to === peer ? stream : undefined;
  }

  #send(stream: Stream, message: PeerMessage): void {
    this.#touch(stream);
    // The receiver would notice a lost chunk only at the end of the stream; a failure now saves that time.
    if (!this.#options.send(stream.to, message))
      this.#end(stream, "failed", "the connection did not take it");
  }

  #touch(stream: Stream): void {
    stream.cancelTimeout();
    stream.cancelTimeout = this.#options.timers.later(
      () => this.#end(stream, "failed", `nothing happened for ${SNAPSHOT_SILENCE_MS} ms`),
      SNAPSHOT_SILENCE_MS,
    );
  }

  #end(stream: Stream, outcome: SnapshotOutcome, reason: string): void {
    if (!this.#streams.has(stream.id)) return;
    const arrived = outcome === "arrived";
    if (arrived) this.#forget(stream);
    else this.#discard(stream, reason);
    const position = arrived ? stream.position : undefined;
    this.#options.onEnd(stream.to, { outcome, reason, wanted: wantedBy(stream), position });
  }

  #discard(stream: Stream, reason: string): void {
    this.#forget(stream);
    this.#options.send(stream.to, { kind: "snapshot-result", streamId: stream.id, ok: false, reason });
  }

  /**
   * The snapshot thread is told about an arrived snapshot too: a receiver that needs no snapshot answers before the
   * thread has read everything, and the read stays open until the thread is told. The thread ignores a stream that
   * it has ended itself.
   */
  #forget(stream: Stream): void {
    const streamId = stream.id;
    this.#streams.delete(streamId);
    stream.cancelTimeout();
    this.#options.store({ kind: "unpin", streamId });
    this.#options.snapshots({ kind: "cancel", streamId });
  }
}

function wantedBy({ message }: Stream): number {
  return message.snapshot?.metadata.index ?? 0;
}
