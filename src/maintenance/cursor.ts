/** Where a walk over all objects stands, as text that an operator's file can keep. */

export interface WalkCursor {
  readonly bucket: string;
  /** Objects up to this key are done; undefined: none of the bucket. */
  readonly after: string | undefined;
  /** The next object is done up to this place. */
  readonly inside: InsideObject | undefined;
}

interface InsideObject {
  readonly key: string;
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

export function encodeCursor({ bucket, after, inside }: WalkCursor): string {
  const place =
    inside === undefined ? null : [inside.key, String(inside.commitTs), inside.extent, inside.chunk];
  return Buffer.from(JSON.stringify([bucket, after ?? null, place])).toString("base64url");
}

/** @throws CursorError */
export function decodeCursor(text: string): WalkCursor {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    throw new CursorError(text);
  }
  if (!Array.isArray(parsed) || parsed.length !== 3) throw new CursorError(text);
  const [bucket, after, place] = parsed as unknown[];
  if (typeof bucket !== "string" || (after !== null && typeof after !== "string"))
    throw new CursorError(text);
  return { bucket, after: after ?? undefined, inside: insideOf(place, text) };
}

function insideOf(place: unknown, text: string): InsideObject | undefined {
  if (place === null) return undefined;
  if (!Array.isArray(place) || place.length !== 4) throw new CursorError(text);
  const [key, commitTs, extent, chunk] = place as unknown[];
  if (typeof key !== "string" || !isCount(extent) || !isCount(chunk)) throw new CursorError(text);
  if (typeof commitTs !== "string" || !/^\d{1,20}$/.test(commitTs)) throw new CursorError(text);
  return { key, commitTs: BigInt(commitTs), extent, chunk };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
