import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreError } from "../../src/store/types.ts";

export const text = (s: string): Uint8Array => new TextEncoder().encode(s);
export const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString("hex");

/** A view into shared memory, at an odd offset, as the threads exchange them. */
export function shared(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 7)).subarray(3, 3 + bytes.length);
  view.set(bytes);
  return view;
}

/** In memory, where the machine has a disk there: for tests to which it is nothing whether a real fsync is done. */
export function memoryDirectory(): ReturnType<typeof temporaryDirectory> {
  return temporaryDirectory(existsSync("/dev/shm") ? "/dev/shm" : tmpdir());
}

export function temporaryDirectory(parent = tmpdir()): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(parent, "ekv-store-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The StoreError that `action` throws; fails when it throws none. */
export function storeError(action: () => unknown): StoreError {
  try {
    action();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error("expected a StoreError, nothing was thrown");
}

/** xorshift32: a seeded sequence for random tests. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** Goes on as a generator of this seed would begin. */
  reseed(seed: number): void {
    this.#state = seed | 0 || 1;
  }

  below(max: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % max;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}
