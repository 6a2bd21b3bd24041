/**
 * The one step that deletes local copies. The step is synchronous and looks again at all that may protect a copy, so
 * no push, store or applied reference can come between the look and the deletion.
 */

import { mapKeyOf } from "../../platform/bytes.ts";
import { PLANTED } from "../../platform/planted.ts";
import type { BlobStore } from "../types.ts";
import type { BlobCounts } from "./counts.ts";
import type { Damaged } from "./damaged.ts";
import type { Pins } from "./pins.ts";
import type { BlobMetrics } from "./types.ts";

/** Swept blobs that were pinned and are looked at again; beyond, the orphan scan finds them. */
const POSTPONED_MAX = 10_000;
/** Postponed blobs that one call looks at. */
const POSTPONED_PER_CALL = 256;

export interface RemovalOptions {
  readonly store: Pick<BlobStore, "has" | "delete">;
  readonly counts: Pick<BlobCounts, "isOpen" | "isUnwanted">;
  readonly pins: Pick<Pins, "holds" | "holdsEverything">;
  readonly damaged: Pick<Damaged, "forget">;
  readonly metrics: Pick<BlobMetrics, "deleted">;
}

export class Removal {
  readonly #options: RemovalOptions;
  /** Swept blobs that stayed, in the order of their sweeps. */
  readonly #postponed = new Map<string, Uint8Array>();

  constructor(options: RemovalOptions) {
    this.#options = options;
  }

  /** @throws BlobError IO, StoreError */
  swept(names: readonly Uint8Array[]): void {
    const stayed = this.#remove(names, "swept");
    for (const sha256 of stayed) {
      if (this.#postponed.size >= POSTPONED_MAX) break;
      // A view of a message would keep the whole message.
      this.#postponed.set(mapKeyOf(sha256), sha256.slice());
    }
  }

  /** @throws BlobError IO, StoreError */
  orphans(names: readonly Uint8Array[]): void {
    this.#remove(names, "orphan");
  }

  /** Looks again at swept blobs that were pinned. @throws BlobError IO, StoreError */
  retry(): void {
    if (this.#postponed.size === 0 || this.#options.pins.holdsEverything) return;
    const names: Uint8Array[] = [];
    for (const [key, sha256] of this.#postponed) {
      this.#postponed.delete(key);
      if (names.push(sha256) === POSTPONED_PER_CALL) break;
    }
    this.swept(names);
  }

  /** Returns the names of those that stayed because of a pin. */
  #remove(names: readonly Uint8Array[], why: "swept" | "orphan"): Uint8Array[] {
    const { store, counts, pins, damaged, metrics } = this.#options;
    const stayed: Uint8Array[] = [];
    const free: Uint8Array[] = [];
    for (const sha256 of names) {
      if (!store.has(sha256)) continue;
      const held = pins.holds(sha256) && !PLANTED.ignorePins;
      if (!counts.isOpen || held) stayed.push(sha256);
      else if (counts.isUnwanted(sha256) || PLANTED.deleteWithoutLook) free.push(sha256);
    }
    if (free.length === 0) return stayed;
    store.delete(free);
    for (const sha256 of free) damaged.forget(sha256);
    metrics.deleted(why, free.length);
    return stayed;
  }
}
