/** The paths that carry content, as the handlers see them. */
import { encodeGarbage, type GarbageItem } from "../../txn/garbage.ts";
import type { TxnMutation } from "../../txn/types.ts";
import type { ExtentKind } from "../records/extent-kind.ts";
import type { Layout } from "./layout.ts";
import { RangeReader } from "./reader.ts";
import type { ContentScope, ContentSink, ContentSource, Piece } from "./types.ts";
import { unreadableContent } from "./unreadable.ts";

export interface ContentsOptions {
  /** Which path a write of `length` bytes takes. */
  readonly sinkFor: (length: number) => ContentSink;
  /** The source of each kind of extent. */
  readonly sources: ReadonlyMap<ExtentKind, ContentSource>;
  /** Bytes of every chunk but the last, of uploads that begin now. */
  readonly chunkBytes: number;
}

export class Contents {
  readonly chunkBytes: number;
  readonly sinkFor: (length: number) => ContentSink;
  readonly #sources: ReadonlyMap<ExtentKind, ContentSource>;

  constructor({ chunkBytes, sinkFor, sources }: ContentsOptions) {
    this.chunkBytes = chunkBytes;
    this.sinkFor = sinkFor;
    this.#sources = sources;
  }

  /** Bytes [start, end) of an object. @throws S3Error NotImplemented when an extent has a kind without a source */
  read(layout: Layout, start: number, end: number): RangeReader {
    if (layout.inline !== undefined) return new RangeReader([], layout.inline.subarray(start, end));
    const wanted = layout.extents(start, end).map(({ kind, extent, from, to }) => {
      return this.#source(kind).pieces(extent, from, to);
    });
    return new RangeReader(inOrder(wanted));
  }

  /** Garbage items of content of these kinds. @throws S3Error NotImplemented */
  garbage(kinds: Iterable<ExtentKind | "unknown">, scope: ContentScope): GarbageItem[] {
    return Array.from(new Set(kinds), (kind) => this.#source(kind).garbage(scope));
  }

  /** Garbage items of content of any kind, for a row that is written before its content. */
  garbageOfAny(scope: ContentScope): GarbageItem[] {
    return this.garbage(this.#sources.keys(), scope);
  }

  #source(kind: ExtentKind | "unknown"): ContentSource {
    const source = kind === "unknown" ? undefined : this.#sources.get(kind);
    if (source === undefined) throw unreadableContent(kind);
    return source;
  }
}

/**
 * Makes garbage of the content beside the log, for the deletion of a row that an older release may have written: the
 * garbage record of such a row does not name this content. Nothing happens when the row's own record names it too.
 */
export function garbageBesideLog(content: Contents, scope: ContentScope): TxnMutation[] {
  const items = content.garbageOfAny(scope).filter(({ kind }) => kind !== "prefix");
  return items.length === 0 ? [] : [{ kind: "add-garbage", garbage: encodeGarbage(items) }];
}

function* inOrder(extents: readonly Iterable<Piece>[]): Generator<Piece> {
  for (const pieces of extents) yield* pieces;
}
