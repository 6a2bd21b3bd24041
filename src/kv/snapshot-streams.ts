/** Keyspace snapshots of this node, both ways: the mail of the snapshot room and of the peers, and the log behind them. */
import type { Timers } from "../platform/timers.ts";
import type { Message } from "../raft/core/index.ts";
import type { PeerMessage } from "../raft/transport/types.ts";
import type { ConsensusAssembly } from "./consensus-options.ts";
import { SnapshotReceiver } from "./consensus-snapshot-receiver.ts";
import { SnapshotSender } from "./consensus-snapshot-sender.ts";
import type { LogCompactor } from "./log-compactor.ts";
import type { SnapshotToConsensus } from "./messages.ts";

export interface SnapshotStreamsOptions
  extends Pick<ConsensusAssembly, "store" | "snapshots" | "logger" | "metrics"> {
  readonly timers: Timers;
  readonly send: (to: number, message: PeerMessage) => boolean;
  readonly compactor: LogCompactor;
  readonly commitIndex: () => number;
  readonly nameOf: (id: number) => string;
  /** Once a stream that `begin` was called for, unless it was called for another to the same node before the end. */
  readonly report: (to: number, outcome: "finished" | "failed") => void;
  /** Complete on the disk: to be stepped. */
  readonly step: (message: Message) => void;
}

export class SnapshotStreams {
  readonly #options: SnapshotStreamsOptions;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;
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
      onEnd: (to, position, reason) => this.#onSent(to, position?.index, reason),
      nextStreamId,
    });
    this.#receiver = new SnapshotReceiver({
      timers,
      snapshots: (message) => snapshots.send(message),
      send: (to, message) => void send(to, message),
      nextStreamId,
      commitIndex: options.commitIndex,
      onComplete: options.step,
      onEnd: (from, ok, reason) => this.#onReceived(from, ok, reason),
    });
  }

  sendingTo(id: number): boolean {
    return this.#sender.sendingTo(id);
  }

  /** The core wants this peer to have one. */
  begin(to: number, message: Message): void {
    this.#options.compactor.hold(to);
    this.#sender.begin(to, message);
  }

  /** Leadership is lost, or these are no members any more. */
  cancel(which: (peer: number) => boolean, reason: string): void {
    this.#sender.cancel(which, reason);
  }

  onLost(peer: number): void {
    this.#sender.cancel((to) => to === peer, "the connection broke");
    this.#receiver.onLost(peer);
  }

  onHeld(streamId: number): void {
    this.#sender.onHeld(streamId);
  }

  /** The core has taken the received one at this index. */
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

  /** Of the snapshot room. */
  onMail(message: SnapshotToConsensus): void {
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

  /** Of a peer. */
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
        // Ids are the sender's: the same number may be a stream of this node and one of the other's.
        if (!this.#sender.onResult(from, streamId, ok, reason) && !ok) {
          this.#receiver.onCancelled(from, streamId, reason);
        }
        break;
      }
    }
  }

  #onSent(to: number, index: number | undefined, reason: string): void {
    const { logger, metrics, compactor, nameOf, report } = this.#options;
    const outcome = index === undefined ? "failed" : "finished";
    metrics.snapshot("sent", outcome);
    logger.info("snapshot sent", { to: nameOf(to), outcome, index, reason });
    if (index === undefined) compactor.letGo(to);
    else compactor.arrived(to, index);
    report(to, outcome);
  }

  #onReceived(from: number, ok: boolean, reason: string): void {
    const { logger, metrics, nameOf } = this.#options;
    const outcome = ok ? "finished" : "failed";
    metrics.snapshot("received", outcome);
    logger.info("snapshot received", { from: nameOf(from), outcome, reason });
  }
}
