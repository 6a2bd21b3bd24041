import type { BlobPlace, PlacedBlob, Position } from "../../../src/blob/store/record.ts";
import { SegmentUses } from "../../../src/blob/store/segment-use.ts";
import type { AddedBlob, BlobIndex } from "../../../src/blob/store/types.ts";
import type { StoredBlob } from "../../../src/blob/types.ts";
import { mapKeyOf } from "../../../src/platform/bytes.ts";

/** An index that each start rebuilds from the files: for a disk that SQLite cannot use. Readers share the object. */
export class MemoryBlobIndex implements BlobIndex {
  readonly #blobs = new Map<string, PlacedBlob>();
  readonly #garbage = new Map<string, PlacedBlob>();
  readonly segments = new SegmentUses();
  #tail: Position | undefined;

  get tail(): Position | undefined {
    return this.#tail;
  }

  get(sha256: Uint8Array): BlobPlace | undefined {
    return this.#blobs.get(mapKeyOf(sha256))?.place;
  }

  list(after: Uint8Array | undefined, limit: number): StoredBlob[] {
    const from = after === undefined ? undefined : mapKeyOf(after);
    const keys = [...this.#blobs.keys()].filter((key) => from === undefined || key > from).sort();
    return keys.slice(0, limit).map((key) => {
      const { sha256, place } = this.#blobs.get(key) as PlacedBlob;
      return { sha256, size: place.size, writtenMs: place.writtenMs };
    });
  }

  add(records: readonly AddedBlob[], tail: Position): void {
    for (const { sha256, place, replaces } of records) {
      if (replaces !== undefined) {
        this.segments.discount(replaces);
        this.addGarbage([{ sha256, place: replaces }]);
      }
      this.#blobs.set(mapKeyOf(sha256), { sha256: sha256.slice(), place });
      this.segments.count(place);
    }
    this.#tail = tail;
  }

  remove(blobs: readonly PlacedBlob[]): void {
    for (const { sha256, place } of blobs) {
      this.#blobs.delete(mapKeyOf(sha256));
      this.segments.discount(place);
    }
    this.addGarbage(blobs);
  }

  garbage(): PlacedBlob[] {
    return [...this.#garbage.values()];
  }

  addGarbage(places: readonly PlacedBlob[]): void {
    for (const garbage of places) this.#garbage.set(keyOf(garbage.place), garbage);
  }

  forgetGarbage(places: readonly PlacedBlob[]): void {
    for (const { place } of places) this.#garbage.delete(keyOf(place));
  }

  flush(): void {}

  clear(): void {
    this.#blobs.clear();
    this.#garbage.clear();
    this.segments.clear();
    this.#tail = undefined;
  }

  close(): void {}
}

function keyOf(place: BlobPlace): string {
  return `${place.segment}.${place.offset}`;
}
