/**
 * The interface between the handlers and the paths that carry content. A path writes bytes (`ContentSink`) and reads
 * the bytes of a range (`ContentSource`). The path through the log is in `log/`; other paths can exist beside `log/`.
 * Each write chooses a sink; the kind that a row names chooses the source (`contents.ts`).
 */

import type { PutMutation } from "../../store/types.ts";
import type { GarbageItem } from "../../txn/garbage.ts";
import type { TxnMutation } from "../../txn/types.ts";
import type { ExtentKind } from "../records/extent-kind.ts";
import type { Guard } from "../records/guarded.ts";
import type { BucketRef } from "../records/keys.ts";
import type { Content } from "../records/manifest.ts";
import type { AdmissionProtocol } from "./admission.ts";
import type { ChunkBuffer } from "./chunk-buffers.ts";

/** The origin of bytes: a request body, or another object. */
export interface ByteSource {
  /** The source may have fewer bytes than its write announces (the file of a form). */
  readonly mayEndEarly?: boolean;
  /** Fills `target` unless the source ends first; the bytes must not change before `settled()`. */
  readInto(target: Uint8Array): Promise<number>;
  settled(): Promise<void>;
}

/** The target of the bytes: an object, or a part of an upload. */
export interface ContentTarget {
  readonly ref: BucketRef;
  readonly key: string;
  readonly part?: {
    /** The upload's id in the keys of chunks. */
    readonly upload: Uint8Array;
    readonly number: number;
    /** Bytes of every chunk but the last, the same for all parts of an upload. */
    readonly chunkSize: number;
  };
  /** Guards of every transaction: the bucket is alive, the upload exists. */
  readonly guards: readonly Guard[];
}

export interface ContentSink {
  /** @param signal called only when the write must wait, because creating a signal has a cost */
  open(
    target: ContentTarget,
    protocol: AdmissionProtocol,
    signal: () => AbortSignal | undefined,
  ): ContentWrite;
}

/** The kinds of content that a sink can write. */
export type WrittenContent = Exclude<Content, { readonly kind: "marker" | "parts" | "unknown" }>;

/** One write: `write`, then `finish` or `abandon`; `release` at the end, after every outcome. */
export interface ContentWrite {
  /**
   * Takes exactly `length` bytes, or all bytes of a source that ends early, and returns how the row must name the
   * bytes. @throws S3Error; KvError
   */
  write(source: ByteSource, length: number): Promise<WrittenContent>;
  /**
   * Takes stored bytes instead: the rows then name what other rows name already, and no byte is stored again. Resolves
   * with undefined when this path cannot, and `write` is called then. @param ranges consecutive bytes of the source
   * @throws S3Error; KvError
   */
  adopt?(ranges: readonly ExtentRange[]): Promise<WrittenContent | undefined>;
  /** Called once the source is verified. @param row that names the content, without payload and garbage */
  finish(row: Pick<PutMutation, "key" | "value">): Promise<Closing>;
  /** The content will not be used: everything that was written becomes garbage. Never throws. */
  abandon(): Promise<void>;
  /** Called after the final outcome, and after the source has settled. Idempotent. */
  release(): void;
}

/**
 * The transaction that makes the content current. The transaction has space for the conditions on the row's key, and for
 * the mutations that keep the older version of the object.
 */
export interface Closing {
  readonly guards: readonly Guard[];
  /** The unwritten rest of the content, and the row with its payload and its garbage. */
  readonly mutations: readonly TxnMutation[];
}

/** The bytes of one write: of an object, or of one part. */
export interface Extent {
  readonly ref: BucketRef;
  readonly key: string;
  /** Id of the write; for a part, id of the upload. */
  readonly attempt: Uint8Array;
  /** 0: the whole object. */
  readonly partNumber: number;
  /** Id of the write of the part; empty for a whole object. */
  readonly partAttempt: Uint8Array;
  /** Bytes. */
  readonly size: number;
  /** Bytes of every chunk but the last. */
  readonly chunkSize: number;
}

/** Bytes [from, to) of an extent. */
export interface ExtentRange {
  readonly kind: ExtentKind | "unknown";
  readonly extent: Extent;
  readonly from: number;
  readonly to: number;
}

/** Some bytes of an extent that are read and verified together. */
export interface Piece {
  /** The view may be in `buffer`. @throws RecordError when the bytes are missing or differ from the written bytes */
  read(buffer: ChunkBuffer): Promise<Uint8Array>;
}

/** The scope of garbage: all content of a bucket, of one attempt, or of one part. */
export type ContentScope =
  | { readonly of: "bucket"; readonly ref: BucketRef }
  /** One write of an object, or every part of one upload. */
  | { readonly of: "attempt"; readonly ref: BucketRef; readonly key: string; readonly attempt: Uint8Array }
  | ({ readonly of: "part" } & Omit<Extent, "size" | "chunkSize">);

export interface ContentSource {
  /** The pieces that hold bytes [from, to) of the extent, in order. */
  pieces(extent: Extent, from: number, to: number): Iterable<Piece>;
  /** The garbage to collect when no row names the content any more. */
  garbage(scope: ContentScope): GarbageItem;
}
