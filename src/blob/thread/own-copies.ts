/** Reads of this node's own copies. A copy that cannot be read is noted, and a peer's copy replaces it. */
import type { CopyState } from "../../messages/blobs.ts";
import type { BlobStore, BlobTarget } from "../types.ts";
import type { BlobCounts } from "./counts.ts";
import { type Damaged, isDamage } from "./damaged.ts";
import type { FetchQueue } from "./fetch-queue.ts";
import { hasSha256 } from "./sha256.ts";

export interface OwnCopiesOptions {
  readonly store: Pick<BlobStore, "read" | "has">;
  readonly counts: Pick<BlobCounts, "isOpen" | "count">;
  readonly damaged: Damaged;
  readonly queue: Pick<FetchQueue, "offer">;
}

export class OwnCopies {
  readonly #options: OwnCopiesOptions;
  /** Memory of bytes that are used during one call. */
  #scratch = new Uint8Array(0);
  readonly #reused: BlobTarget = {
    allocate: (length) => {
      if (this.#scratch.byteLength < length) this.#scratch = new Uint8Array(length);
      return this.#scratch.subarray(0, length);
    },
  };

  constructor(options: OwnCopiesOptions) {
    this.#options = options;
  }

  /** Verified bytes; undefined when the blob is not here, or damaged. */
  read(sha256: Uint8Array): Uint8Array | undefined {
    const bytes = this.#readOrNote(sha256);
    return bytes === "damaged" ? undefined : bytes;
  }

  /** As `read`, but the bytes are valid until the next call of this object. */
  readOnce(sha256: Uint8Array): Uint8Array | undefined {
    const bytes = this.#readOrNote(sha256, this.#reused);
    return bytes === "damaged" ? undefined : bytes;
  }

  /** Whether the blob is here; `deep`: whether its bytes have this SHA-256. */
  state(sha256: Uint8Array, deep: boolean): CopyState {
    const { store, damaged } = this.#options;
    if (!store.has(sha256)) return "missing";
    if (!deep) return damaged.has(sha256) ? "corrupt" : "present";
    const bytes = this.#readOrNote(sha256, this.#reused);
    if (bytes === undefined) return "missing";
    if (bytes === "damaged") return "corrupt";
    if (hasSha256(bytes, sha256)) return "present";
    this.#note(sha256);
    return "corrupt";
  }

  /** Queues damaged copies again that no peer could replace before. */
  repairAll(): void {
    for (const sha256 of this.#options.damaged.names()) if (!this.#repair(sha256)) return;
  }

  #readOrNote(sha256: Uint8Array, target?: BlobTarget): Uint8Array | "damaged" | undefined {
    try {
      return this.#options.store.read(sha256, target);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#note(sha256);
      return "damaged";
    }
  }

  #note(sha256: Uint8Array): void {
    this.#options.damaged.found(sha256);
    this.#repair(sha256);
  }

  /** Returns false when the queue is full. */
  #repair(sha256: Uint8Array): boolean {
    const { counts, queue } = this.#options;
    const count = counts.isOpen ? counts.count(sha256) : undefined;
    // The orphan scan deletes a damaged blob that nothing refers to.
    if (count === undefined || count.references === 0) return true;
    return queue.offer({ sha256, size: count.size, source: 0 }, "repair") !== "full";
  }
}
