/**
 * Keyspace snapshots that this node sends and receives: connects the snapshot thread and the peers, and keeps the
 * log that followers need.
 */

import type {
  ConsensusToSnapshot,
  ConsensusToStore,
  SnapshotToConsensus,
  StoreToConsensus,
} from "../messages/messages.ts";
import type { LogFields, Logger } from "../monitoring/log.ts";
import type { PeerMessage } from "../peer/types.ts";
import type { Timers } from "../platform/timers.ts";
import type { Message } from "../raft/core/index.ts";
import type { Channel } from "../threads/channel.ts";
import { SnapshotFailures } from "./failures.ts";
import { SnapshotReceiver } from "./receiver.ts";
import { type SnapshotEnd, type SnapshotOutcome, SnapshotSender } from "./sender.ts";

/** Keeps the log that a follower needs after its snapshot. */
interface LogRetention {
  /** A snapshot is being sent to this follower: the log keeps all its entries. */
  hold(follower: number): void;
  /**
   * The follower has received the snapshot at this index. The log keeps later entries until the follower has more,
   * or for a limited time.
   */
  arrived(follower: number, index: number): void;
  /** The follower needs no part of the log any more. */
  release(follower: number): void;
}

export interface SnapshotStreamsOptions {
  readonly store: Channel<StoreToConsensus, ConsensusToStore>;
  readonly snapshots: Channel<SnapshotToConsensus, ConsensusToSnapshot>;
  readonly logger: Logger;
  readonly metrics: { snapshot(direction: "sent" | "received", outcome: "finished" | "failed"): void };
  readonly timers: Timers;
  readonly send: (to: number, message: PeerMessage) => boolean;
  readonly compactor: LogRetention;
  readonly commitIndex: () => number;
  readonly nameOf: (id: number) => string;
  /** Called once for each `begin`, unless `begin` was called again for the same node before the end. */
  readonly report: (to: number, outcome: "finished" | "failed") => void;
  /** The snapshot is complete on the disk: the message goes to the core. */
  readonly step: (message: Message) => void;
}

export class SnapshotStreams {
  readonly #options: SnapshotStreamsOptions;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;
  readonly #unsent = new SnapshotFailures();
  readonly #unreceived = new SnapshotFailures();
  #nextStreamId = 1;

  constructor(options: SnapshotStreamsOptions) {
    this.#options = options;
    const { timers, store, snapshots, send } = options;
    const nextStreamId = (): number => this.#nextStreamId++;
    this.#sender = new SnapshotSender({
      timers,
      store: (message) => store.send(message),
      snapshots: (message) => snapshots.send(message),
      send,
      onEnd: (to, end) => this.#onSent(to, end),
      nextStreamId,
    });
    this.#receiver = new SnapshotReceiver({
      timers,
      snapshots: (message) => snapshots.send(message),
      send: (to, message) => void send(to, message),
      nextStreamId,
      commitIndex: options.commitIndex,
      onComplete: options.step,
      onEnd: (from, outcome, reason) => this.#onReceived(from, outcome, reason),
    });
  }

  sendingTo(id: number): boolean {
    return this.#sender.sendingTo(id);
  }

  /**
   * The reason why the last snapshot to this member failed; undefined when a snapshot arrived, or is no longer
   * needed.
   */
  failureOf(id: number): string | undefined {
    return this.#unsent.reasonFor(id);
  }

  /** This leader knows that the member has the log up to `index` on its disk. */
  matched(id: number, index: number): void {
    this.#unsent.matched(id, index);
  }

  /** The core asks for a snapshot to this peer. */
  begin(to: number, message: Message): void {
    this.#options.compactor.hold(to);
    this.#sender.begin(to, message);
  }

  /** This node has lost leadership, or these nodes are no longer members. */
  cancel(which: (peer: number) => boolean, reason: string): void {
    this.#sender.cancel(which, reason);
    this.#unsent.forgetAll(which);
  }

  onLost(peer: number): void {
    this.#sender.onLost(peer);
    this.#receiver.onLost(peer);
  }

  onHeld(streamId: number): void {
    this.#sender.onHeld(streamId);
  }

  /** The core has taken the received snapshot at this index. */
  onTaken(index: number): void {
    this.#receiver.onTaken(index);
  }

  onInstalled(): void {
    this.#receiver.onInstalled();
  }

  stop(): void {
    this.#sender.cancel(() => true, "this node stops");
    this.#receiver.stop();
  }

  /** A message of the snapshot thread. */
  onMessages(message: SnapshotToConsensus): void {
    switch (message.kind) {
      case "opened":
        this.#sender.onOpened(message.streamId, message.applied, message.membership);
        break;
      case "chunk":
        this.#sender.onChunk(message.streamId, message.bytes);
        break;
      case "sent":
        this.#sender.onSent(message.streamId);
        break;
      case "written":
        this.#receiver.onWritten(message.streamId, message.chunks);
        break;
      case "complete":
        this.#receiver.onComplete(message.streamId);
        break;
      case "failed":
        if (!this.#sender.onFailed(message.streamId, message.message)) {
          this.#receiver.onFailed(message.streamId, message.message);
        }
        break;
      case "stopped":
        break;
    }
  }

  /** A message of a peer. */
  onPeer(from: number, message: PeerMessage): void {
    switch (message.kind) {
      case "snapshot-begin":
        this.#receiver.onBegin(from, message.streamId, message.message);
        break;
      case "snapshot-chunk":
        this.#receiver.onChunk(from, message.streamId, message.bytes);
        break;
      case "snapshot-end":
        this.#receiver.onEndOfStream(from, message.streamId);
        break;
      case "snapshot-credit":
        this.#sender.onCredit(from, message.streamId, message.chunks);
        break;
      case "snapshot-result": {
        const { streamId, ok, reason } = message;
        // The sender chose the id, so a stream of this node may have the same id.
        if (!this.#sender.onResult(from, streamId, ok, reason) && !ok) {
          this.#receiver.onCancelled(from, streamId, reason);
        }
        break;
      }
    }
  }

  #onSent(to: number, { outcome, reason, wanted, position }: SnapshotEnd): void {
    const { metrics, compactor, nameOf, report } = this.#options;
    const result = outcome === "arrived" ? "finished" : "failed";
    metrics.snapshot("sent", result);
    const news = outcome === "failed" && this.#unsent.failed(to, reason, wanted);
    if (outcome === "arrived") this.#unsent.forget(to);
    this.#log(news, "snapshot sent", { to: nameOf(to), outcome, index: position?.index, reason });
    if (position === undefined) compactor.release(to);
    else compactor.arrived(to, position.index);
    report(to, result);
  }

  #onReceived(from: number, outcome: SnapshotOutcome, reason: string): void {
    const { metrics, nameOf } = this.#options;
    metrics.snapshot("received", outcome === "arrived" ? "finished" : "failed");
    const news = outcome === "failed" && this.#unreceived.failed(from, reason, 0);
    // This node now has the whole state, so earlier failures of all senders are forgotten.
    if (outcome === "arrived") this.#unreceived.forgetAll(() => true);
    this.#log(news, "snapshot received", { from: nameOf(from), outcome, reason });
  }

  /**
   * A failing snapshot is repeated every few seconds until an operator acts, so each kind of failure is one
   * warning.
   */
  #log(warn: boolean, message: string, fields: LogFields): void {
    const { logger } = this.#options;
    if (warn) logger.warn(message, fields);
    else logger.info(message, fields);
  }
}
