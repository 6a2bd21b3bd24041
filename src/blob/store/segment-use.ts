import type { BlobPlace } from "./record.ts";
import type { SegmentUse } from "./types.ts";

/** Blobs and bytes of each segment. */
export class SegmentUses extends Map<number, SegmentUse> {
  count(place: BlobPlace): void {
    const use = this.get(place.segment) ?? { blobs: 0, bytes: 0 };
    this.set(place.segment, { blobs: use.blobs + 1, bytes: use.bytes + place.size });
  }

  discount(place: BlobPlace): void {
    const use = this.get(place.segment);
    if (use === undefined) return;
    if (use.blobs <= 1) this.delete(place.segment);
    else this.set(place.segment, { blobs: use.blobs - 1, bytes: use.bytes - place.size });
  }
}
