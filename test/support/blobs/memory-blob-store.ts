/** The twin of the blob store, in memory: for tests. */

import {
  BlobError,
  type BlobStore,
  type BlobTarget,
  type NewBlob,
  type StoredBlob,
} from "../../../src/blob/types.ts";
import { mapKeyOf } from "../../../src/platform/bytes.ts";

interface Held extends StoredBlob {
  readonly bytes: Uint8Array;
  damaged: boolean;
}

export class MemoryBlobStore implements BlobStore {
  readonly #nowMs: () => number;
  readonly #held = new Map<string, Held>();
  /** Names of each write, in order. */
  readonly writes: Uint8Array[][] = [];
  readonly deleted: Uint8Array[] = [];
  /** Thrown by the next write. */
  failWrite: BlobError | undefined;
  closed = false;

  constructor(nowMs: () => number = () => 0) {
    this.#nowMs = nowMs;
  }

  get totals() {
    const bytes = [...this.#held.values()].reduce((sum, { size }) => sum + size, 0);
    return { blobs: this.#held.size, bytes };
  }

  has(sha256: Uint8Array): boolean {
    return this.#held.has(mapKeyOf(sha256));
  }

  read(sha256: Uint8Array, target?: BlobTarget): Uint8Array | undefined {
    const held = this.#held.get(mapKeyOf(sha256));
    if (held === undefined) return undefined;
    if (held.damaged) throw new BlobError("CORRUPT", "the checksum differs");
    if (target === undefined) return held.bytes.slice();
    const bytes = target.allocate(held.size);
    bytes.set(held.bytes);
    return bytes;
  }

  write(blobs: readonly NewBlob[], replace = false): void {
    const fail = this.failWrite;
    this.failWrite = undefined;
    if (fail !== undefined) throw fail;
    this.writes.push(blobs.map(({ sha256 }) => sha256));
    for (const { sha256, bytes } of blobs) {
      if (this.has(sha256) && !replace) continue;
      const held = { sha256: sha256.slice(), size: bytes.byteLength, writtenMs: this.#nowMs() };
      this.#held.set(mapKeyOf(sha256), { ...held, bytes: bytes.slice(), damaged: false });
    }
  }

  delete(names: readonly Uint8Array[]): void {
    for (const sha256 of names) if (this.#held.delete(mapKeyOf(sha256))) this.deleted.push(sha256);
  }

  list(after: Uint8Array | undefined, limit: number): StoredBlob[] {
    return [...this.#held.values()]
      .sort((a, b) => Buffer.compare(a.sha256, b.sha256))
      .filter(({ sha256 }) => after === undefined || Buffer.compare(sha256, after) > 0)
      .slice(0, limit);
  }

  close(): void {
    this.closed = true;
  }

  /** Reads of the blob fail from now on. */
  damage(sha256: Uint8Array): void {
    const held = this.#held.get(mapKeyOf(sha256));
    if (held !== undefined) held.damaged = true;
  }
}
