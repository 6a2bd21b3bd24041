/**
 * The seam between the handlers and the paths that carry content. A path takes the bytes of a write (`ContentSink`), and
 * gives those of a range (`ContentSource`). The path through the log is in `log/`; others stand beside it: the sink is chosen
 * for each write, the source by the kind that a row names (`contents.ts`).
 */

import type { PutMutation } from "../../store/types.ts";
import type { GarbageItem } from "../../txn/garbage.ts";
import type { TxnMutation } from "../../txn/types.ts";
import type { Guard } from "../records/guarded.ts";
import type { BucketRef } from "../records/keys.ts";
import type { Content } from "../records/manifest.ts";
import type { AdmissionProtocol } from "./admission.ts";
import type { ChunkBuffer } from "./chunk-buffers.ts";

/** Where bytes come from: a request body, or another object. */
export interface ByteSource {
  /** Fills `target` unless the source ends first; the bytes must not change before `settled()`. */
  readInto(target: Uint8Array): Promise<number>;
  settled(): Promise<void>;
}

/** What the bytes are to become: an object, or a part of an upload. */
export interface ContentTarget {
  readonly ref: BucketRef;
  readonly key: string;
  readonly part?: {
    /** The upload's id as chunks name it. */
    readonly upload: Uint8Array;
    readonly number: number;
    /** Bytes of every chunk but the last, the same for all parts of an upload. */
    readonly chunkSize: number;
  };
  /** Hold with every transaction: the bucket is alive, the upload exists. */
  readonly guards: readonly Guard[];
}

export interface ContentSink {
  /** @param signal asked for only when there is a wait: making one costs something. */
  open(
    target: ContentTarget,
    protocol: AdmissionProtocol,
    signal: () => AbortSignal | undefined,
  ): ContentWrite;
}

/** What a sink can make of bytes. */
export type WrittenContent = Exclude<Content, { readonly kind: "parts" | "unknown" }>;

/** One write: `write`, then `finish` or `abandon`; `release` in the end, whatever happened. */
export interface ContentWrite {
  /** Takes exactly `length` bytes and says how the row is to name them. @throws S3Error; KvError */
  write(source: ByteSource, length: number): Promise<WrittenContent>;
  /** Once the source has been verified. @param row that names the content, without payload and garbage */
  finish(row: Pick<PutMutation, "key" | "value">): Promise<Closing>;
  /** The content will not be used: whatever was written becomes garbage. Never throws. */
  abandon(): Promise<void>;
  /** After the final outcome, and after the source has settled. Idempotent. */
  release(): void;
}

/** The transaction that makes the content current. It has space for one condition more on the row's key. */
export interface Closing {
  readonly guards: readonly Guard[];
  /** What is left to be written of the content, and the row, with its payload and its garbage. */
  readonly mutations: readonly TxnMutation[];
}

/** The bytes of one write: of an object, or of one part. */
export interface Extent {
  readonly ref: BucketRef;
  readonly key: string;
  /** Id of the write; of a part, the upload's. */
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

/** Some bytes of an extent that are read, and verified, as one. */
export interface Piece {
  /** The view may lie in `buffer`. @throws RecordError when the bytes are missing or not what was written */
  read(buffer: ChunkBuffer): Promise<Uint8Array>;
}

/** How much of what a kind of content keeps. */
export type ContentScope =
  | { readonly of: "bucket"; readonly ref: BucketRef }
  /** One write of an object, or every part of one upload. */
  | { readonly of: "attempt"; readonly ref: BucketRef; readonly key: string; readonly attempt: Uint8Array }
  | ({ readonly of: "part" } & Omit<Extent, "size" | "chunkSize">);

export interface ContentSource {
  /** The pieces that hold bytes [from, to) of the extent, in order. */
  pieces(extent: Extent, from: number, to: number): Iterable<Piece>;
  /** What has to go when nothing names the content any more. */
  garbage(scope: ContentScope): GarbageItem;
}
