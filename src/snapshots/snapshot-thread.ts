/**
 * The snapshot thread reads whole keyspaces for other nodes, and writes received keyspaces as new generations. Both
 * take minutes of disk time, so they have a thread of their own. The receiver's credit alone sets the sending
 * speed. The thread handles its messages after each turn of one chunk a stream.
 */

import { readMembership } from "../cluster/registry/membership-codec.ts";
import type { ConsensusToSnapshot, SnapshotToConsensus } from "../messages/messages.ts";
import { SNAPSHOT_CHUNK_BYTES } from "../messages/messages.ts";
import type { Timers } from "../platform/timers.ts";
import { samePosition } from "../store/positions.ts";
import {
  type KeyspaceExport,
  type KeyspaceGenerations,
  type KeyspaceImport,
  StoreError,
} from "../store/types.ts";
import type { Channel } from "../threads/channel.ts";
import type { Fatal } from "../threads/worker-host.ts";

/**
 * Limit of open reads. A read transaction keeps SQLite's write-ahead file from restarting; further streams wait for
 * their turn. @internal
 */
export const SNAPSHOT_SENDS_MAX = 2;

export interface SnapshotThreadOptions {
  readonly generations: KeyspaceGenerations;
  readonly channel: Channel<ConsensusToSnapshot, SnapshotToConsensus>;
  readonly timers: Timers;
  /** The thread cannot continue; the process must end. */
  readonly fatal: Fatal;
}

interface Sending {
  readonly streamId: number;
  /** undefined: the stream waits for its turn. */
  source: KeyspaceExport | undefined;
  credit: number;
}

interface Receiving {
  readonly streamId: number;
  readonly target: KeyspaceImport;
  readonly index: number;
  readonly term: number;
}

export class SnapshotThread {
  readonly #options: SnapshotThreadOptions;
  /** Streams in the order of their requests. */
  readonly #sendings = new Map<number, Sending>();
  #receiving: Receiving | undefined;
  #turnScheduled = false;
  #stopped = false;

  constructor(options: SnapshotThreadOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.channel.onBatch((messages) => {
      for (const message of messages) if (!this.#stopped) this.#on(message);
    });
  }

  #on(message: ConsensusToSnapshot): void {
    switch (message.kind) {
      case "send":
        this.#sendings.set(message.streamId, { streamId: message.streamId, source: undefined, credit: 0 });
        this.#openNext();
        break;
      case "credit": {
        const sending = this.#sendings.get(message.streamId);
        if (sending === undefined) break;
        sending.credit += message.chunks;
        this.#scheduleTurn();
        break;
      }
      case "cancel":
        this.#endSending(message.streamId);
        if (this.#receiving?.streamId === message.streamId) this.#abortReceiving();
        break;
      case "receive":
        this.#receive(message);
        break;
      case "received-chunk":
        this.#write(message.streamId, message.bytes);
        break;
      case "received-end":
        this.#finish(message.streamId);
        break;
      case "stop":
        this.#stop();
        break;
    }
  }

  // ---- sending ------------------------------------------------------------------------------------------------------

  #openNext(): void {
    let open = 0;
    for (const sending of [...this.#sendings.values()]) {
      if (open === SNAPSHOT_SENDS_MAX) return;
      if (sending.source === undefined) this.#open(sending);
      if (sending.source !== undefined) open++;
    }
  }

  #open(sending: Sending): void {
    const { streamId } = sending;
    this.#orFail(streamId, () => {
      sending.source = this.#options.generations.openExport();
      const membership = readMembership(sending.source);
      // Only a joining node has no membership, and no node asks a joining node for a snapshot.
      if (membership === undefined) throw new StoreError("CORRUPT", "the keyspace has no membership");
      const applied = sending.source.position;
      this.#options.channel.send({ kind: "opened", streamId, applied, membership });
      this.#scheduleTurn();
    });
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    this.#options.timers.soon(() => {
      this.#turnScheduled = false;
      if (!this.#stopped) this.#turn();
    });
  }

  /** Sends one chunk for every stream with credit; then the thread handles its messages. */
  #turn(): void {
    let more = false;
    for (const sending of [...this.#sendings.values()]) {
      if (sending.source === undefined || sending.credit === 0) continue;
      this.#orFail(sending.streamId, () => this.#sendChunk(sending));
      more ||= this.#sendings.has(sending.streamId) && sending.credit > 0;
    }
    this.#openNext();
    if (more) this.#scheduleTurn();
  }

  #sendChunk(sending: Sending): void {
    const { channel } = this.#options;
    const { streamId } = sending;
    const bytes = sending.source?.next(SNAPSHOT_CHUNK_BYTES);
    if (bytes === undefined) {
      this.#endSending(streamId);
      channel.send({ kind: "sent", streamId });
      return;
    }
    sending.credit--;
    channel.send({ kind: "chunk", streamId, bytes });
  }

  #endSending(streamId: number): void {
    const sending = this.#sendings.get(streamId);
    if (sending === undefined) return;
    this.#sendings.delete(streamId);
    sending.source?.close();
    this.#scheduleTurn();
  }

  // ---- receiving ----------------------------------------------------------------------------------------------------

  #receive({ streamId, snapshot }: Extract<ConsensusToSnapshot, { readonly kind: "receive" }>): void {
    const earlier = this.#receiving;
    if (earlier !== undefined) {
      this.#abortReceiving();
      const message = "a newer snapshot is being received";
      this.#options.channel.send({ kind: "failed", streamId: earlier.streamId, message });
    }
    this.#orFail(streamId, () => {
      const target = this.#options.generations.createImport();
      this.#receiving = { streamId, target, index: snapshot.index, term: snapshot.term };
    });
  }

  #write(streamId: number, bytes: Uint8Array): void {
    const receiving = this.#receiving;
    // Chunks may still arrive after the stream failed or was cancelled.
    if (receiving?.streamId !== streamId) return;
    this.#orFail(streamId, () => {
      receiving.target.write(bytes);
      this.#options.channel.send({ kind: "written", streamId, chunks: 1 });
    });
  }

  #finish(streamId: number): void {
    const receiving = this.#receiving;
    if (receiving?.streamId !== streamId) return;
    this.#orFail(streamId, () => {
      const position = receiving.target.finish();
      if (!samePosition(position, receiving)) {
        this.#options.generations.discardImport();
        const found = `${position.term}/${position.index}`;
        throw new StoreError("CORRUPT", `announced ${receiving.term}/${receiving.index}, received ${found}`);
      }
      this.#receiving = undefined;
      this.#options.channel.send({ kind: "complete", streamId });
    });
  }

  #abortReceiving(): void {
    const receiving = this.#receiving;
    this.#receiving = undefined;
    receiving?.target.abort();
  }

  // ---- both ---------------------------------------------------------------------------------------------------------

  /** A StoreError ends this stream; any other error is a bug and ends the node. */
  #orFail(streamId: number, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#clear(streamId);
      if (!(error instanceof StoreError)) {
        this.#stopped = true;
        this.#options.fatal(`snapshot stream ${streamId}: ${String(error)}`, error);
        return;
      }
      this.#options.channel.send({ kind: "failed", streamId, message: `${error.code}: ${error.message}` });
    }
  }

  #clear(streamId: number): void {
    try {
      this.#endSending(streamId);
      if (this.#receiving?.streamId === streamId) this.#abortReceiving();
    } catch (error) {
      // The stream has failed already. The next import or start deletes the files that are left.
      if (!(error instanceof StoreError)) throw error;
    }
  }

  #stop(): void {
    this.#stopped = true;
    const { channel } = this.#options;
    for (const streamId of [...this.#sendings.keys()]) this.#clear(streamId);
    if (this.#receiving !== undefined) this.#clear(this.#receiving.streamId);
    channel.send({ kind: "stopped" });
    channel.flush();
  }
}
