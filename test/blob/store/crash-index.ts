/** An index that behaves at a crash as SQLite's does, without its files. */

import type { BlobPlace, PlacedBlob, Position } from "../../../src/blob/store/record.ts";
import type { AddedBlob, BlobIndex, SegmentUse } from "../../../src/blob/store/types.ts";
import type { StoredBlob } from "../../../src/blob/types.ts";
import type { Random } from "../../../src/platform/random.ts";
import { MemoryBlobIndex } from "../../support/blobs/memory-index.ts";

/** So many changes wait before a commit that nobody asked for. */
const PENDING_MAX = 3;

type Change = (index: MemoryBlobIndex) => void;

/**
 * Commits of groups: a kill leaves the newest commit, a power cut any commit from the newest durable one on (`remove`
 * is durable, `flush` is not).
 */
export class CrashIndex implements BlobIndex {
  readonly #state = new MemoryBlobIndex();
  readonly #changes: Change[] = [];
  #commits = [0];
  #durable = 0;
  #pending = 0;

  /** What the next process finds. */
  after(end: "kill" | "power cut", random: Random): CrashIndex {
    const possible = this.#commits.filter((at) => at >= this.#durable);
    const at = end === "kill" ? possible.at(-1) : possible[random.nextInt(possible.length)];
    const next = new CrashIndex();
    for (const change of this.#changes.slice(0, at)) next.#change(change);
    next.#commit();
    next.#durable = end === "kill" ? this.#durable : next.#changes.length;
    next.#commits = end === "kill" ? this.#commits.filter((found) => found <= (at ?? 0)) : next.#commits;
    return next;
  }

  #change(change: Change): void {
    change(this.#state);
    this.#changes.push(change);
    this.#pending++;
  }

  #commit(): void {
    this.#pending = 0;
    this.#commits.push(this.#changes.length);
  }

  get tail(): Position | undefined {
    return this.#state.tail;
  }

  get segments(): ReadonlyMap<number, SegmentUse> {
    return this.#state.segments;
  }

  get(sha256: Uint8Array): BlobPlace | undefined {
    return this.#state.get(sha256);
  }

  list(after: Uint8Array | undefined, limit: number): StoredBlob[] {
    return this.#state.list(after, limit);
  }

  add(records: readonly AddedBlob[], tail: Position): void {
    this.#change((index) => index.add(records, tail));
    if (this.#pending > PENDING_MAX) this.#commit();
  }

  remove(blobs: readonly PlacedBlob[]): void {
    this.#commit();
    this.#change((index) => index.remove(blobs));
    this.#commit();
    this.#durable = this.#changes.length;
  }

  garbage(): PlacedBlob[] {
    return this.#state.garbage();
  }

  addGarbage(places: readonly PlacedBlob[]): void {
    this.#change((index) => index.addGarbage(places));
  }

  forgetGarbage(places: readonly PlacedBlob[]): void {
    this.#change((index) => index.forgetGarbage(places));
  }

  flush(): void {
    this.#commit();
  }

  clear(): void {
    this.#change((index) => index.clear());
    this.#commit();
  }

  close(): void {}
}
