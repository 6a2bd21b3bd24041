/**
 * The log thread: one Wal behind a mailbox. Group commit needs no timer here: requests wait in the mailbox during
 * one fsync, and all waiting requests share the next fsync.
 */

import { codesOf } from "../../platform/exit-codes.ts";
import { PLANTED } from "../../platform/planted.ts";
import type { Channel } from "../../threads/channel.ts";
import type { Fatal } from "../../threads/worker-host.ts";
import { WalError, type WalErrorCode } from "./errors.ts";
import type { LogReply, LogRequest } from "./messages.ts";
import type { RecoveredLog, WalStats } from "./types.ts";
import type { Wal } from "./wal.ts";

/**
 * A group is synced at this size, so that its first batch does not wait until the disk has written a larger group.
 */
const MAX_GROUP_BYTES = 8 << 20;
/** After this many groups the thread handles its other messages (metrics, timers). */
const GROUPS_PER_TURN = 16;
/** Time between two attempts to make a segment on a full disk. */
const DISK_FULL_RETRY_MS = 1_000;

export interface LogThreadMetrics {
  /** Reports one fsync: its duration in seconds, its batches and entries, and its bytes with framing. */
  synced(group: { readonly seconds: number; batches: number; entries: number; bytes: number }): void;
}

export interface LogThreadOptions {
  readonly wal: Wal;
  readonly recovered: RecoveredLog;
  readonly channel: Channel<LogRequest, LogReply>;
  readonly metrics: LogThreadMetrics;
  readonly later: (task: () => void, delayMs: number) => void;
  /** Reports that the log has ended; the process must end. */
  readonly fatal: Fatal;
}

export class LogThread {
  readonly #options: LogThreadOptions;
  #queue: LogRequest[] = [];
  #counted: WalStats;
  #diskFull = false;
  #retrySucceeded = false;
  #ended = false;

  constructor(options: LogThreadOptions) {
    this.#options = options;
    this.#counted = options.wal.stats();
  }

  start(): void {
    const { channel, recovered } = this.#options;
    channel.send({ kind: "opened", recovered });
    channel.flush();
    channel.onBatch((requests) => this.#guard(() => this.#receive(requests)));
  }

  #receive(requests: readonly LogRequest[]): void {
    if (this.#ended) return;
    if (this.#diskFull) {
      this.#whileFull(requests);
      return;
    }
    this.#queue.push(...requests);
    this.#work();
  }

  #work(): void {
    for (let groups = 0; groups < GROUPS_PER_TURN; groups++) {
      this.#queue.push(...this.#options.channel.drain());
      if (this.#queue.length === 0) return;
      this.#commitGroup();
      if (this.#ended || this.#diskFull) return;
    }
    // The port delivers its messages by itself, but the requests in the queue need this call.
    if (this.#queue.length > 0) this.#options.later(() => this.#guard(() => this.#resume()), 0);
  }

  #resume(): void {
    if (!this.#ended && !this.#diskFull) this.#work();
  }

  /** Writes the queued requests, syncs once, and then answers. A batch without a promise waits for the next sync. */
  #commitGroup(): void {
    const { wal, channel } = this.#options;
    const startBytes = wal.stats().appendedBytes;
    let done = 0;
    let appended = 0;
    for (const request of this.#queue) {
      if (!this.#carryOut(request)) break;
      done++;
      if (request.kind === "append") appended = request.id;
      if (wal.stats().appendedBytes - startBytes >= MAX_GROUP_BYTES || this.#ended) break;
    }
    this.#queue = this.#ended ? [] : this.#queue.slice(done);
    if (PLANTED.acknowledgeBeforeFsync) this.#options.later(() => this.#guard(() => this.#syncLate()), 20);
    else if (!this.#ended && wal.owesSync) this.#sync();
    if (appended > 0) channel.send({ kind: "appended", id: appended });
    if (this.#ended) channel.send({ kind: "closed" });
    channel.flush();
    if (!this.#ended) wal.maintain();
  }

  /** Only for PLANTED.acknowledgeBeforeFsync. */
  #syncLate(): void {
    if (!this.#ended) this.#sync();
  }

  #sync(): void {
    const { wal, metrics } = this.#options;
    wal.sync();
    const now = wal.stats();
    const before = this.#counted;
    if (now.fsyncs === before.fsyncs) return;
    this.#counted = now;
    metrics.synced({
      seconds: now.lastFsyncSeconds,
      batches: now.appendedBatches - before.appendedBatches,
      entries: now.appendedEntries - before.appendedEntries,
      bytes: now.appendedBytes - before.appendedBytes,
    });
  }

  /** Returns false when the disk is full and the request must wait. */
  #carryOut(request: LogRequest): boolean {
    const { wal } = this.#options;
    try {
      switch (request.kind) {
        case "append":
          wal.append(request.batch);
          return true;
        case "compact":
          this.#compact(request);
          return true;
        case "read":
          this.#read(request);
          return true;
        case "close":
          this.#close();
          return true;
      }
    } catch (error) {
      if (!(error instanceof WalError) || error.code !== "DISK_FULL") throw error;
      this.#waitForSpace();
      return false;
    }
  }

  #compact(request: LogRequest & { kind: "compact" }): void {
    const { wal } = this.#options;
    const { marker, throughIndex, maxSegments } = request;
    // A newly started store may know a lower durable position than before: the newer marker is still valid.
    if (marker.index > wal.markerIndex) wal.append({ entries: [], snapshot: marker });
    wal.compact(throughIndex, maxSegments === undefined ? {} : { maxSegments });
  }

  #read(request: LogRequest & { kind: "read" }): void {
    const { wal, channel } = this.#options;
    const { id, low, high, maxBytes } = request;
    try {
      channel.send({ kind: "entries", id, entries: wal.readEntries(low, high, maxBytes) });
    } catch (error) {
      if (!(error instanceof WalError) || !isOutside(error.code)) throw error;
      channel.send({ kind: "read-failed", id, code: error.code, message: error.message });
    }
  }

  #close(): void {
    this.#sync();
    this.#options.wal.close();
    this.#ended = true;
  }

  #waitForSpace(): void {
    const { channel, later } = this.#options;
    if (!this.#diskFull) channel.send({ kind: "disk-full", full: true });
    this.#diskFull = true;
    this.#retrySucceeded = false;
    later(() => this.#tryAgain(), DISK_FULL_RETRY_MS);
  }

  #tryAgain(): void {
    if (this.#ended) return;
    this.#retrySucceeded = true;
    this.#guard(() => this.#commitGroup());
    if (this.#ended || !this.#retrySucceeded) return;
    this.#diskFull = false;
    this.#options.channel.send({ kind: "disk-full", full: false });
    this.#guard(() => this.#work());
  }

  /** On a full disk only appends wait: reads need no space, and the waiting appends were never acknowledged. */
  #whileFull(requests: readonly LogRequest[]): void {
    const closing = requests.find((request) => request.kind === "close");
    for (const request of requests) {
      if (request.kind === "read") this.#carryOut(request);
      else this.#queue.push(request);
    }
    if (closing === undefined) return;
    this.#queue = [closing];
    this.#commitGroup();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const { channel, fatal } = this.#options;
    this.#ended = true;
    this.#queue = [];
    const code = error instanceof WalError ? error.code : "INTERNAL";
    const message = error instanceof Error ? error.message : String(error);
    channel.send({ kind: "failed", code, codes: codesOf(error), message });
    channel.flush();
    fatal(`log: ${message}`, error);
  }
}

function isOutside(code: WalErrorCode): boolean {
  return code === "COMPACTED" || code === "UNAVAILABLE";
}
