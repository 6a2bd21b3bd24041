/** Blobs of one write that are stored, and that no reference names yet. */
import { mapKeyOf } from "../../../platform/bytes.ts";
import { blobCountKey } from "../../../txn/references.ts";
import type { BlobRef, ReferenceMutation } from "../../../txn/types.ts";
import { S3Error } from "../../protocol/errors.ts";
import type { Guard } from "../../records/guarded.ts";

export interface StoredChunk extends BlobRef {
  /** Number of the chunk in the extent. */
  readonly number: number;
  /** Raft id of a node that holds the blob. */
  readonly source: number;
  /** The blob is pinned until this physical HLC millisecond; undefined: another object refers to the blob. */
  readonly pinUntilMs: number | undefined;
}

export class Unreferenced {
  #chunks: StoredChunk[] = [];

  get size(): number {
    return this.#chunks.length;
  }

  add(chunk: StoredChunk): void {
    this.#chunks.push(chunk);
  }

  /** The chunks with the lowest numbers, in order; `remove` takes them out. */
  first(limit: number): readonly StoredChunk[] {
    this.#chunks.sort((a, b) => a.number - b.number);
    return this.#chunks.slice(0, limit);
  }

  remove(chunks: readonly StoredChunk[]): void {
    const gone = new Set(chunks);
    this.#chunks = this.#chunks.filter((chunk) => !gone.has(chunk));
  }

  clear(): void {
    this.#chunks = [];
  }
}

/** One mutation for each run of consecutive chunks with one source. @param chunks in order of their numbers */
export function referenceMutations(prefix: Uint8Array, chunks: readonly StoredChunk[]): ReferenceMutation[] {
  const mutations: (ReferenceMutation & { readonly blobs: BlobRef[] })[] = [];
  for (const { number, source, sha256, size } of chunks) {
    const run = mutations.at(-1);
    if (run !== undefined && run.source === source && run.first + run.blobs.length === number) {
      run.blobs.push({ sha256, size });
    } else {
      mutations.push({ kind: "reference", prefix, first: number, source, blobs: [{ sha256, size }] });
    }
  }
  return mutations;
}

/**
 * The guards of a transaction that refers to these chunks. Pinned blobs: no reference is stamped after the end of the
 * shortest pin. Blobs of another object: each of them still has its count row, so no node has deleted it.
 */
export function blobGuards(chunks: readonly StoredChunk[]): Guard[] {
  let shortest: number | undefined;
  const shared = new Map<string, Uint8Array>();
  for (const { pinUntilMs, sha256 } of chunks) {
    if (pinUntilMs === undefined) shared.set(mapKeyOf(sha256), sha256);
    else shortest = Math.min(shortest ?? pinUntilMs, pinUntilMs);
  }
  const guards: Guard[] = Array.from(shared.values(), (sha256) => ({
    condition: { kind: "must-exist", key: blobCountKey(sha256) },
    onFail: () =>
      new S3Error("ServiceUnavailable", { message: "The source was deleted meanwhile. Please try again." }),
  }));
  if (shortest !== undefined) {
    guards.push({
      condition: { kind: "not-after", ms: shortest },
      onFail: () =>
        new S3Error("ServiceUnavailable", {
          message: "The upload took too long. Please try again.",
          close: true,
        }),
    });
  }
  return guards;
}
