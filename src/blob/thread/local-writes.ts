/**
 * Writes blobs to this node's disk: everything that arrives in one turn with one sync. The connections have got the
 * same turn's pushes before the write begins, so the peers write at the same time.
 */
import { mapKeyOf } from "../../platform/bytes.ts";
import type { Timers } from "../../platform/timers.ts";
import type { Fatal } from "../../threads/worker-host.ts";
import type { PushResult } from "../replication/types.ts";
import { BlobError, type BlobStore, type NewBlob } from "../types.ts";
import type { CopyBuffers } from "./copy-buffers.ts";
import { type Damaged, isDamage } from "./damaged.ts";
import type { Pins } from "./pins.ts";
import { hasSha256 } from "./sha256.ts";
import type { BlobMetrics } from "./types.ts";

/** `stored`: durable (and pinned, for a store or push). `failed`: the pin was refused, or the thread has stopped. */
export type WriteResult = "stored" | "disk-full" | "failed";

/** Bytes that one write takes; the thread handles its messages between two writes. @internal */
export const BATCH_BYTES = 16 << 20;

export interface LocalWritesOptions {
  readonly store: Pick<BlobStore, "has" | "read" | "write">;
  readonly pins: Pick<Pins, "accepts" | "pin">;
  readonly damaged: Pick<Damaged, "has" | "found" | "healed">;
  readonly buffers: CopyBuffers;
  readonly timers: Timers;
  /** Free bytes of the file system that holds the blobs. */
  readonly freeBytes: () => number;
  /** With less than this free no blob is stored. */
  readonly reserveBytes: number;
  /** Copied bytes of pushes that may wait; a push beyond is refused. */
  readonly maxPushBytes: number;
  readonly metrics: Pick<BlobMetrics, "deduplicated">;
  /** A blob is durable now that was not here, or damaged. */
  readonly onWritten: (sha256: Uint8Array) => void;
  readonly fatal: Fatal;
}

interface Waiting extends NewBlob {
  /** Physical HLC milliseconds; undefined: no pin. */
  readonly pinUntilMs: number | undefined;
  readonly settle: (result: WriteResult) => void;
}

export class LocalWrites {
  readonly #options: LocalWritesOptions;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #pushBytes = 0;
  #stopped = false;

  constructor(options: LocalWritesOptions) {
    this.#options = options;
  }

  /** Stores and pins a blob whose SHA-256 the caller knows. `bytes` must not change before the result. */
  store(sha256: Uint8Array, bytes: Uint8Array, pinUntilMs: number): Promise<WriteResult> {
    if (this.#stopped || !this.#options.pins.accepts(pinUntilMs)) return Promise.resolve("failed");
    const kept = this.#keptAlready(sha256, bytes.byteLength, pinUntilMs);
    return kept === undefined ? this.#add(sha256, bytes, pinUntilMs) : Promise.resolve(kept);
  }

  /** Stores and pins a blob from a peer. `bytes` are used during the call only. */
  async push(
    sha256: Uint8Array,
    bytes: Uint8Array,
    pinUntilMs: number,
  ): Promise<Exclude<PushResult, "lost">> {
    const { pins, buffers, maxPushBytes } = this.#options;
    if (this.#stopped || !pins.accepts(pinUntilMs)) return "failed";
    const kept = this.#keptAlready(sha256, bytes.byteLength, pinUntilMs);
    if (kept !== undefined) return kept;
    if (!this.hasSpace()) return "disk-full";
    if (this.#pushBytes > 0 && this.#pushBytes + bytes.byteLength > maxPushBytes) return "busy";
    if (!hasSha256(bytes, sha256)) return "corrupt";
    const copy = buffers.copyOf(bytes);
    this.#pushBytes += copy.byteLength;
    try {
      return await this.#add(sha256.slice(), copy, pinUntilMs);
    } finally {
      this.#pushBytes -= copy.byteLength;
      buffers.free(copy);
    }
  }

  /** Stores a verified blob of a peer, which has a reference or replaces a damaged copy: no pin. */
  keep(sha256: Uint8Array, bytes: Uint8Array): Promise<WriteResult> {
    if (this.#stopped) return Promise.resolve("failed");
    return this.#add(sha256, bytes, undefined);
  }

  /** As for the log: a node above its reserve takes writes, and says in its readiness when it does not. */
  hasSpace(): boolean {
    const { freeBytes, reserveBytes } = this.#options;
    return freeBytes() >= reserveBytes;
  }

  /** Writes everything that waits, and refuses what comes later. */
  stop(): void {
    while (this.#waiting.length > 0) this.#flush();
    this.#stopped = true;
  }

  /** The copy on disk is durable: the pin alone is new. undefined: there is no intact copy. */
  #keptAlready(sha256: Uint8Array, bytes: number, pinUntilMs: number): WriteResult | undefined {
    const { store, damaged, metrics } = this.#options;
    if (!store.has(sha256) || damaged.has(sha256) || !this.#reads(sha256)) return undefined;
    const result = this.#pin(sha256, pinUntilMs);
    if (result === "stored") metrics.deduplicated(bytes);
    return result;
  }

  /** An acknowledged byte is a byte that can be read: a copy of long ago may have rotted since, or be unreadable. */
  #reads(sha256: Uint8Array): boolean {
    const { store, damaged, buffers } = this.#options;
    let copy: Uint8Array | undefined;
    const allocate = (length: number): Uint8Array => {
      copy = buffers.take(length);
      return copy;
    };
    try {
      return store.read(sha256, { allocate }) !== undefined;
    } catch (error) {
      if (!isDamage(error)) throw error;
      damaged.found(sha256, true);
      return false;
    } finally {
      if (copy !== undefined) buffers.free(copy);
    }
  }

  /** `disk-full`: there is no space to write down how long pins last. */
  #pin(sha256: Uint8Array, pinUntilMs: number): WriteResult {
    try {
      this.#options.pins.pin(sha256, pinUntilMs);
      return "stored";
    } catch (error) {
      if (error instanceof BlobError && error.code === "DISK_FULL") return "disk-full";
      this.#end("pins cannot be written", error);
      return "failed";
    }
  }

  /** Nobody who waits gets an answer: nothing is known about what the disk has. */
  #end(what: string, error: unknown): void {
    this.#stopped = true;
    this.#waiting = [];
    this.#options.fatal(`${what}: ${String(error)}`, error);
  }

  #add(sha256: Uint8Array, bytes: Uint8Array, pinUntilMs: number | undefined): Promise<WriteResult> {
    return new Promise((settle) => {
      this.#waiting.push({ sha256, bytes, pinUntilMs, settle });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.timers.soon(() => {
      this.#scheduled = false;
      this.#flush();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #flush(): void {
    const batch = this.#takeBatch();
    if (batch.length === 0) return;
    let result: WriteResult;
    try {
      result = this.#write(batch) ? "stored" : "disk-full";
    } catch (error) {
      this.#end("blobs cannot be written", error);
      return;
    }
    for (const { sha256, pinUntilMs, settle } of batch) {
      settle(result !== "stored" || pinUntilMs === undefined ? result : this.#pin(sha256, pinUntilMs));
    }
  }

  #takeBatch(): Waiting[] {
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length && bytes < BATCH_BYTES; count++) {
      bytes += this.#waiting[count]?.bytes.byteLength ?? 0;
    }
    return this.#waiting.splice(0, count);
  }

  /** Returns false when the disk has no space for the batch. @throws BlobError */
  #write(batch: readonly Waiting[]): boolean {
    const { store, damaged, metrics } = this.#options;
    const added = new Map<string, Waiting>();
    for (const blob of batch) {
      const key = mapKeyOf(blob.sha256);
      if (added.has(key) || (store.has(blob.sha256) && !damaged.has(blob.sha256))) {
        if (blob.pinUntilMs !== undefined) metrics.deduplicated(blob.bytes.byteLength);
        continue;
      }
      added.set(key, blob);
    }
    if (added.size === 0) return true;
    if (!this.hasSpace()) return false;
    try {
      // None of them has an intact copy here.
      store.write([...added.values()], true);
    } catch (error) {
      if (error instanceof BlobError && error.code === "DISK_FULL") return false;
      throw error;
    }
    for (const { sha256 } of added.values()) {
      damaged.healed(sha256);
      this.#options.onWritten(sha256);
    }
    return true;
  }
}
