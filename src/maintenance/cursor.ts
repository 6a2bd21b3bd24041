/** Where a walk over all objects stands, as text that an operator's file can keep. */

export interface WalkCursor {
  readonly bucket: string;
  /** Objects up to this key are done; undefined: none of the bucket. */
  readonly after: string | undefined;
  /**
   * Undefined: the walk is at the current objects of the bucket. Else all of them are done, and the versions of earlier keys,
   * and the versions of the key `after` up to this slot.
   */
  readonly slot: string | undefined;
  /** The next object is done up to this place. */
  readonly inside: InsideObject | undefined;
}

interface InsideObject {
  readonly key: string;
  readonly slot: string | undefined;
  /** Version of the object's row: another version begins anew. */
  readonly commitTs: bigint;
  /** Position in the list of extents, and in the chunks of that extent. */
  readonly extent: number;
  readonly chunk: number;
}

export class CursorError extends Error {
  readonly code = "INVALID";
  constructor(text: string) {
    super(`${JSON.stringify(text.slice(0, 100))} is no position of this walk`);
    this.name = "CursorError";
  }
}

/** A cursor without versions is the cursor of earlier releases. */
export function encodeCursor({ bucket, after, slot, inside }: WalkCursor): string {
  const place =
    inside === undefined ? null : [inside.key, String(inside.commitTs), inside.extent, inside.chunk];
  const versions =
    slot === undefined && inside?.slot === undefined ? [] : [slot ?? null, inside?.slot ?? null];
  return Buffer.from(JSON.stringify([bucket, after ?? null, place, ...versions])).toString("base64url");
}

/** @throws CursorError */
export function decodeCursor(text: string): WalkCursor {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    throw new CursorError(text);
  }
  if (!Array.isArray(parsed) || (parsed.length !== 3 && parsed.length !== 5)) throw new CursorError(text);
  const [bucket, after, place, slot = null, insideSlot = null] = parsed as unknown[];
  if (typeof bucket !== "string" || (after !== null && typeof after !== "string"))
    throw new CursorError(text);
  if (!isSlot(slot) || !isSlot(insideSlot)) throw new CursorError(text);
  const inside = insideOf(place, insideSlot ?? undefined, text);
  return { bucket, after: after ?? undefined, slot: slot ?? undefined, inside };
}

function isSlot(slot: unknown): slot is string | null {
  return slot === null || typeof slot === "string";
}

function insideOf(place: unknown, slot: string | undefined, text: string): InsideObject | undefined {
  if (place === null) return undefined;
  if (!Array.isArray(place) || place.length !== 4) throw new CursorError(text);
  const [key, commitTs, extent, chunk] = place as unknown[];
  if (typeof key !== "string" || !isCount(extent) || !isCount(chunk)) throw new CursorError(text);
  if (typeof commitTs !== "string" || !/^\d{1,20}$/.test(commitTs)) throw new CursorError(text);
  return { key, slot, commitTs: BigInt(commitTs), extent, chunk };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
