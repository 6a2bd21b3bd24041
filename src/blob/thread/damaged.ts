/** Own copies that are known to be damaged, until other bytes have replaced them. */

import type { Logger } from "../../monitoring/log.ts";
import { hexOf, mapKeyOf } from "../../platform/bytes.ts";
import { BlobError } from "../types.ts";
import type { BlobMetrics } from "./types.ts";

/** Damaged copies that are remembered; the next scrub finds the others again. */
const DAMAGED_MAX = 10_000;

export class Damaged {
  readonly #metrics: Pick<BlobMetrics, "damaged">;
  readonly #log: Logger;
  readonly #names = new Map<string, Uint8Array>();

  constructor(metrics: Pick<BlobMetrics, "damaged">, log: Logger) {
    this.#metrics = metrics;
    this.#log = log;
  }

  get size(): number {
    return this.#names.size;
  }

  has(sha256: Uint8Array): boolean {
    return this.#names.size > 0 && this.#names.has(mapKeyOf(sha256));
  }

  names(): Iterable<Uint8Array> {
    return this.#names.values();
  }

  /** @param replacing good bytes are at hand: the copy is remembered even when many are */
  found(sha256: Uint8Array, replacing = false): void {
    if (this.has(sha256) || (!replacing && this.#names.size >= DAMAGED_MAX)) return;
    this.#names.set(mapKeyOf(sha256), sha256.slice());
    this.#metrics.damaged("found");
    this.#log.error("the copy of a blob on this disk is damaged", { sha256: hexOf(sha256) });
  }

  /** Verified bytes have replaced the copy. */
  healed(sha256: Uint8Array): void {
    if (!this.#names.delete(mapKeyOf(sha256))) return;
    this.#metrics.damaged("healed");
    this.#log.info("a damaged copy of a blob was replaced", { sha256: hexOf(sha256) });
  }

  /** The copy was deleted. */
  forget(sha256: Uint8Array): void {
    this.#names.delete(mapKeyOf(sha256));
  }
}

/** What a read has thrown: a sector that cannot be read is damage too. */
export function isDamage(error: unknown): boolean {
  return error instanceof BlobError && (error.code === "CORRUPT" || error.code === "IO");
}
