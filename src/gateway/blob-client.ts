/**
 * The blobs of the node for one gateway: reads local blobs itself, and asks the blob thread to store, and to fetch what
 * is not here. Bytes to store lie in shared memory, which is reused after the answer.
 */
import { BlobError, type BlobReader } from "../blob/types.ts";
import { SlabPool } from "../memory/slab-pool.ts";
import type { BlobToGateway, GatewayToBlob } from "../messages/blobs.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import { type BlobMemory, type BlobService, BlobServiceError } from "../s3/content/blobs/types.ts";
import type { Channel } from "../threads/channel.ts";
import type { PublishedGroup, PublishedState } from "../threads/shared-state.ts";
import { physicalMs } from "../txn/hlc.ts";
import type { Reference } from "../txn/references.ts";
import type { PayloadBuffer } from "../txn/types.ts";

/** Each size has its own pool: the last chunk of an object must not keep the memory of a full chunk. */
const SLAB_SIZES_BYTES = [64 << 10, 256 << 10, 1 << 20] as const;

/** The time of the log is renewed before a write when it has stood still for this long: a fraction of a pin. */
const STALE_MS_MAX = 60_000;

export interface BlobClientOptions {
  readonly channel: Channel<BlobToGateway, GatewayToBlob>;
  readonly reader: BlobReader;
  readonly clock: Clock;
  /** The group whose commit timestamps are the time of the log. */
  readonly applied: Pick<PublishedGroup, "appliedCommitTs">;
  /** A node with less free space than its reserve stores nothing, as it proposes nothing that takes space. */
  readonly published: Pick<PublishedState, "diskSpace">;
  /** Raft id of this node. */
  readonly node: number;
  /** How long blobs are pinned that are stored now. */
  readonly pinMs: number;
  readonly timers: Pick<Timers, "every">;
  /** Commits an empty transaction: the time of the log goes on, also in a cluster where nothing happens. */
  readonly tick: () => Promise<void>;
}

interface Question {
  /** @param bytes of a fetched blob */
  readonly resolve: (bytes: Uint8Array | undefined) => void;
  readonly reject: (error: BlobServiceError) => void;
}

export class BlobClient implements BlobService {
  readonly node: number;
  readonly #options: BlobClientOptions;
  readonly #questions = new Map<number, Question>();
  readonly #pools: readonly SlabPool[];
  readonly #staleMs: number;
  readonly #cancelLooking: () => void;
  #nextId = 1;
  /** The newest commit timestamp that was seen, and when it was seen first, on the monotonic clock. */
  #seenTs = 0n;
  #movedAtMs = Number.NEGATIVE_INFINITY;
  #ticking: Promise<void> | undefined;
  #open = false;
  #closed = false;

  constructor(options: BlobClientOptions) {
    this.#options = options;
    this.node = options.node;
    // Without a regular look, a timestamp of long ago could be taken for a new one.
    this.#staleMs = Math.min(STALE_MS_MAX, options.pinMs / 4);
    this.#cancelLooking = options.timers.every(() => this.#lookAtLog(), this.#staleMs / 2);
    let slabs = 0;
    this.#pools = SLAB_SIZES_BYTES.map((bytes) => new SlabPool(bytes, () => ++slabs));
    options.channel.onBatch((messages) => {
      for (const message of messages) this.#receive(message);
    });
  }

  get open(): boolean {
    return this.#open && !this.#closed;
  }

  get nowMs(): number {
    return physicalMs(this.#options.applied.appliedCommitTs);
  }

  refresh(): Promise<void> | undefined {
    const { clock, tick } = this.#options;
    this.#lookAtLog();
    if (clock.monotonicMs() - this.#movedAtMs < this.#staleMs) return undefined;
    this.#ticking ??= tick().finally(() => {
      this.#ticking = undefined;
    });
    return this.#ticking;
  }

  #lookAtLog(): void {
    const { applied, clock } = this.#options;
    const now = applied.appliedCommitTs;
    if (now === this.#seenTs) return;
    this.#seenTs = now;
    this.#movedAtMs = clock.monotonicMs();
  }

  /** Bytes of memory for blobs: in use, and idle for reuse. */
  get bytes(): { readonly live: number; readonly idle: number } {
    const all = this.#pools.map((pool) => pool.bytes);
    return {
      live: all.reduce((sum, pool) => sum + pool.live, 0),
      idle: all.reduce((sum, pool) => sum + pool.idle, 0),
    };
  }

  allocate(bytes: number): PayloadBuffer {
    const pool = this.#pools.find(({ slabBytes }) => slabBytes >= bytes);
    if (pool === undefined) return { bytes: new Uint8Array(new SharedArrayBuffer(bytes)), release: () => {} };
    const slab = pool.take();
    let released = false;
    return {
      bytes: slab.bytes.subarray(0, bytes),
      release: () => {
        if (released) throw new Error("memory of a blob was released twice");
        released = true;
        pool.release(slab.id);
      },
    };
  }

  async store(sha256: Uint8Array, bytes: Uint8Array, pinUntilMs: number): Promise<void> {
    if (this.#options.published.diskSpace !== "enough") {
      throw new BlobServiceError("DISK_FULL", "too little free space");
    }
    await this.#ask((id) => ({ kind: "store", id, sha256, bytes, pinUntilMs }));
  }

  async read(reference: Reference, target: BlobMemory): Promise<Uint8Array> {
    const local = this.#readLocal(reference, target);
    if (typeof local === "object") return local;
    const { sha256, size, source } = reference;
    const damaged = local === "damaged";
    const bytes = await this.#ask((id) => ({ kind: "fetch", id, sha256, size, source, damaged }));
    if (bytes?.byteLength === size) return bytes;
    throw new BlobServiceError("IO", `a fetched blob has ${bytes?.byteLength} bytes, not ${size}`);
  }

  /** Every question is answered with CLOSED. The reader stays open for downloads under way, until the process ends. */
  close(): void {
    this.#closed = true;
    this.#cancelLooking();
    for (const { reject } of this.#questions.values()) reject(closed());
    this.#questions.clear();
  }

  /** The verified bytes, or why the blob must be fetched. */
  #readLocal({ sha256, size }: Reference, target: BlobMemory): Uint8Array | "missing" | "damaged" {
    try {
      const bytes = this.#options.reader.read(sha256, target);
      if (bytes === undefined) return "missing";
      return bytes.byteLength === size ? bytes : "damaged";
    } catch (error) {
      if (!(error instanceof BlobError)) throw error;
      if (error.code === "CORRUPT" || error.code === "IO") return "damaged";
      throw new BlobServiceError(error.code === "CLOSED" ? "CLOSED" : "IO", error.message, { cause: error });
    }
  }

  #ask(question: (id: number) => GatewayToBlob): Promise<Uint8Array | undefined> {
    if (this.#closed) return Promise.reject(closed());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject });
      this.#options.channel.send(question(id));
    });
  }

  #receive(message: BlobToGateway): void {
    switch (message.kind) {
      case "stored":
        this.#take(message.id)?.resolve(undefined);
        break;
      case "fetched":
        this.#take(message.id)?.resolve(message.bytes);
        break;
      case "failed":
        this.#take(message.id)?.reject(new BlobServiceError(message.failure, message.message));
        break;
      case "offload":
        this.#open = message.open;
        break;
    }
  }

  #take(id: number): Question | undefined {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    return question;
  }
}

function closed(): BlobServiceError {
  return new BlobServiceError("CLOSED", "this node is shutting down");
}
