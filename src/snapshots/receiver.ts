/**
 * Receives one keyspace snapshot at a time. Chunks go to the snapshot thread, and the sender gets credit for
 * written chunks. The core receives the announcing message only when the whole snapshot is verified and durable.
 */

import { type ConsensusToSnapshot, SNAPSHOT_WINDOW_CHUNKS } from "../messages/messages.ts";
import type { PeerMessage } from "../peer/types.ts";
import type { Timers } from "../platform/timers.ts";
import type { Message } from "../raft/core/index.ts";
import { SNAPSHOT_SILENCE_MS, type SnapshotOutcome } from "./sender.ts";

/** Interval at which the sender gets a message while received chunks are written to the disk. */
const STILL_AT_IT_MS = SNAPSHOT_SILENCE_MS / 3;

export interface SnapshotReceiverOptions {
  readonly timers: Timers;
  readonly snapshots: (message: ConsensusToSnapshot) => void;
  readonly send: (to: number, message: PeerMessage) => void;
  readonly nextStreamId: () => number;
  /** Commit index of this node: an older snapshot is not needed. */
  readonly commitIndex: () => number;
  /** The snapshot was received, or is not needed: the message goes to the core. */
  readonly onComplete: (message: Message) => void;
  readonly onEnd: (from: number, outcome: SnapshotOutcome, reason: string) => void;
}

interface Incoming {
  /** Id of the stream in this node. */
  readonly id: number;
  readonly from: number;
  /** Id of the stream at the sender. */
  readonly remoteId: number;
  readonly message: Message;
  /** All chunks have arrived; the snapshot thread writes them to the disk. */
  ended: boolean;
  cancelTimeout: () => void;
}

interface Abandonment {
  readonly tellSender: boolean;
  readonly outcome: SnapshotOutcome;
}

const FAILED: Abandonment = { tellSender: true, outcome: "failed" };

export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions;
  #incoming: Incoming | undefined;
  /**
   * Index of a snapshot that the core has accepted and the store has not installed. Its marker goes to the log, and
   * the log then begins after the marker. Another snapshot would replace its files, and this node could never start
   * again.
   */
  #taken: number | undefined;

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options;
  }

  get active(): boolean {
    return this.#incoming !== undefined;
  }

  onBegin(from: number, remoteId: number, message: Message): void {
    const options = this.#options;
    const snapshot = message.snapshot?.metadata;
    const refuse = (reason: string): void =>
      options.send(from, { kind: "snapshot-result", streamId: remoteId, ok: false, reason });
    if (snapshot === undefined) {
      refuse("the message that announces it has no metadata");
      return;
    }
    if (this.#taken !== undefined) {
      refuse(`the one at ${this.#taken} is being put in force`);
      return;
    }
    if (snapshot.index <= options.commitIndex()) {
      // The core answers with this node's match index, which the sender needs.
      options.onComplete(message);
      options.send(from, { kind: "snapshot-result", streamId: remoteId, ok: true, reason: "not needed" });
      return;
    }
    if (this.#incoming !== undefined) {
      this.#abandon(this.#incoming, "a newer one has begun", { tellSender: true, outcome: "called-off" });
    }
    const id = options.nextStreamId();
    this.#incoming = { id, from, remoteId, message, ended: false, cancelTimeout: () => {} };
    this.#touch();
    options.snapshots({ kind: "receive", streamId: id, snapshot });
    options.send(from, { kind: "snapshot-credit", streamId: remoteId, chunks: SNAPSHOT_WINDOW_CHUNKS });
  }

  onChunk(from: number, remoteId: number, bytes: Uint8Array): void {
    const incoming = this.#of(from, remoteId);
    if (incoming === undefined) return;
    this.#touch();
    this.#options.snapshots({ kind: "received-chunk", streamId: incoming.id, bytes });
  }

  onEndOfStream(from: number, remoteId: number): void {
    const incoming = this.#of(from, remoteId);
    if (incoming === undefined || incoming.ended) return;
    incoming.ended = true;
    this.#options.snapshots({ kind: "received-end", streamId: incoming.id });
    this.#waitForDisk(incoming);
  }

  /** The sender has ended the stream. */
  onCancelled(from: number, remoteId: number, reason: string): void {
    const incoming = this.#of(from, remoteId);
    if (incoming === undefined) return;
    // The sender logs the reason.
    const outcome = "called-off";
    this.#abandon(incoming, `its sender gave up: ${reason}`, { tellSender: false, outcome });
  }

  /** The snapshot thread wrote this many chunks. */
  onWritten(streamId: number, chunks: number): void {
    const incoming = this.#incoming;
    if (incoming?.id !== streamId) return;
    this.#touch();
    this.#options.send(incoming.from, { kind: "snapshot-credit", streamId: incoming.remoteId, chunks });
  }

  /** The snapshot is verified and durable. */
  onComplete(streamId: number): void {
    const incoming = this.#incoming;
    if (incoming?.id !== streamId) return;
    this.#incoming = undefined;
    incoming.cancelTimeout();
    this.#options.send(incoming.from, {
      kind: "snapshot-result",
      streamId: incoming.remoteId,
      ok: true,
      reason: "",
    });
    this.#options.onEnd(incoming.from, "arrived", "");
    this.#options.onComplete(incoming.message);
  }

  /** The core accepts the snapshot: called within `onComplete`, or never (the log has caught up meanwhile). */
  onTaken(index: number): void {
    this.#taken = index;
  }

  onInstalled(): void {
    this.#taken = undefined;
  }

  onFailed(streamId: number, reason: string): void {
    const incoming = this.#incoming;
    if (incoming?.id === streamId) this.#abandon(incoming, reason, FAILED);
  }

  /** The connection with this peer broke. */
  onLost(peer: number): void {
    const incoming = this.#incoming;
    if (incoming?.from !== peer) return;
    this.#abandon(incoming, "the connection broke", { tellSender: false, outcome: "failed" });
  }

  stop(): void {
    this.#incoming?.cancelTimeout();
    this.#incoming = undefined;
  }

  #of(from: number, remoteId: number): Incoming | undefined {
    const incoming = this.#incoming;
    return incoming?.from === from && incoming.remoteId === remoteId ? incoming : undefined;
  }

  #touch(): void {
    const incoming = this.#incoming;
    if (incoming === undefined || incoming.ended) return;
    incoming.cancelTimeout();
    incoming.cancelTimeout = this.#options.timers.later(
      () => this.#abandon(incoming, `nothing came for ${SNAPSHOT_SILENCE_MS} ms`, FAILED),
      SNAPSHOT_SILENCE_MS,
    );
  }

  /**
   * Waits without a time limit for the final sync, because a failing snapshot thread reports its failure. The
   * messages give no credit, but restart the sender's time limit.
   */
  #waitForDisk(incoming: Incoming): void {
    incoming.cancelTimeout();
    incoming.cancelTimeout = this.#options.timers.later(() => {
      const { from, remoteId: streamId } = incoming;
      this.#options.send(from, { kind: "snapshot-credit", streamId, chunks: 0 });
      this.#waitForDisk(incoming);
    }, STILL_AT_IT_MS);
  }

  #abandon(incoming: Incoming, reason: string, { tellSender, outcome }: Abandonment): void {
    if (this.#incoming !== incoming) return;
    this.#incoming = undefined;
    incoming.cancelTimeout();
    this.#options.snapshots({ kind: "cancel", streamId: incoming.id });
    if (tellSender) {
      const { from, remoteId: streamId } = incoming;
      this.#options.send(from, { kind: "snapshot-result", streamId, ok: false, reason });
    }
    this.#options.onEnd(incoming.from, outcome, reason);
  }
}
