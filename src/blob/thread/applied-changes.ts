/**
 * What the store thread has applied, looked at in stretches: a node that catches up applies more in one batch than
 * one turn may take. What does not fit into memory is found by the backfill and by the orphan scan.
 */
import type { StoreToBlob } from "../../messages/blobs.ts";
import type { Timers } from "../../platform/timers.ts";
import type { Fatal } from "../../threads/worker-host.ts";
import type { BlobStore } from "../types.ts";
import type { Backfill } from "./backfill.ts";
import type { Removal } from "./removal.ts";
import type { WantedBlob } from "./types.ts";

/** References, or swept blobs, that one turn looks at. @internal */
export const CHANGES_PER_TURN = 512;
/** References, or swept blobs, that wait. @internal */
export const CHANGES_MAX = 100_000;
/** A push of the blob may still be under way when its reference is applied. */
const FETCH_DELAY_MS = 1_000;

export interface AppliedChangesOptions {
  readonly store: Pick<BlobStore, "has">;
  readonly backfill: Pick<Backfill, "onReferenced" | "onOverlooked">;
  readonly removal: Pick<Removal, "swept">;
  readonly timers: Timers;
  readonly fatal: Fatal;
}

export class AppliedChanges {
  readonly #options: AppliedChangesOptions;
  readonly #referenced: WantedBlob[] = [];
  readonly #swept: Uint8Array[] = [];
  #scheduled = false;
  #stopped = false;

  constructor(options: AppliedChangesOptions) {
    this.#options = options;
  }

  /** References that nobody has looked at yet. */
  get waiting(): number {
    return this.#referenced.length;
  }

  /** @throws BlobError IO, StoreError */
  add({ referenced, swept }: Extract<StoreToBlob, { readonly kind: "applied" }>): void {
    for (const reference of referenced) {
      if (this.#referenced.length >= CHANGES_MAX) this.#options.backfill.onOverlooked();
      else this.#referenced.push(reference);
    }
    for (const sha256 of swept) if (this.#swept.length < CHANGES_MAX) this.#swept.push(sha256);
    if (!this.#scheduled) this.#work();
  }

  stop(): void {
    this.#stopped = true;
  }

  #work(): void {
    const { store, backfill, removal, timers, fatal } = this.#options;
    for (const reference of this.#referenced.splice(0, CHANGES_PER_TURN)) {
      if (!store.has(reference.sha256)) backfill.onReferenced(reference, FETCH_DELAY_MS);
    }
    const swept = this.#swept.splice(0, CHANGES_PER_TURN);
    if (swept.length > 0) removal.swept(swept);
    if (this.#referenced.length === 0 && this.#swept.length === 0) return;
    this.#scheduled = true;
    timers.soon(() => {
      this.#scheduled = false;
      if (this.#stopped) return;
      try {
        this.#work();
      } catch (error) {
        fatal(`applied changes of blobs: ${String(error)}`, error);
      }
    });
  }
}
