/**
 * Verifies that every byte of every object is there: walks object -> references -> blobs -> copies on every member, one
 * bounded step after the other. The caller decides the speed, keeps the cursor, and adds the results up.
 */

import { crc32 } from "node:zlib";
import type { VerifyProblem, VerifyRequest, VerifyStep } from "../api/maintenance.ts";
import { mapKeyOf } from "../platform/bytes.ts";
import type { Timers } from "../platform/timers.ts";
import type { Extent } from "../s3/content/types.ts";
import { S3Error } from "../s3/protocol/errors.ts";
import { decodeChunk } from "../s3/records/chunk.ts";
import type { ExtentKind } from "../s3/records/extent-kind.ts";
import { chunkKey, NULL_SLOT, partChunksPrefix, partReferencesPrefix } from "../s3/records/keys.ts";
import { RecordError } from "../s3/records/record-error.ts";
import { NULL_VERSION } from "../s3/records/version-id.ts";
import { prefixEnd } from "../store/key-encoding.ts";
import { StoreError, type VersionedValue } from "../store/types.ts";
import { decodeReference, type Reference, referenceKey } from "../txn/references.ts";
import type { KvClient } from "../txn/types.ts";
import { decodeCursor, encodeCursor, type WalkCursor } from "./cursor.ts";
import { cursorAfter, nextObjects, type OpenedObject, openObject, type WalkedObject } from "./object-walk.ts";
import { type BlobCopies, type Holder, nextTurn } from "./types.ts";
import { type FoundProblem, OBJECTS_PER_STEP, Step } from "./verify-step.ts";

/** Problems that one step names; all are counted. */
const PROBLEMS_PER_STEP = 1_000;
const REFERENCE_PAGE = 256;
/** Objects that are looked at before others may run. */
const OBJECTS_PER_TURN = 16;

export interface VerifierOptions {
  readonly kv: KvClient;
  readonly copies: BlobCopies;
  readonly holders: () => readonly Holder[];
  readonly timers: Pick<Timers, "soon">;
}

export class Verifier {
  readonly #options: VerifierOptions;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** @throws CursorError; KvError while there is no leader */
  async step({ cursor, deep, maxBytes }: VerifyRequest): Promise<VerifyStep> {
    const from = cursor === null ? undefined : decodeCursor(cursor);
    const step = new Step(deep, maxBytes);
    const next = await this.#walk(step, from);
    const copies = await this.#judge(step);
    const problems = await this.#stillThere(step.problems);
    const counts: Record<string, number> = {};
    for (const { kind } of problems) counts[kind] = (counts[kind] ?? 0) + 1;
    return {
      cursor: next === undefined ? null : encodeCursor(next),
      objects: step.objects,
      bytes: step.bytes,
      blobs: step.wanted.size,
      copies,
      verifiedBytes: step.verifiedBytes,
      problems: problems.slice(0, PROBLEMS_PER_STEP),
      counts,
      unreachable: [...step.unreachable],
    };
  }

  async #walk(step: Step, from: WalkCursor | undefined): Promise<WalkCursor | undefined> {
    const { objects, next } = await nextObjects(this.#options.kv, from, OBJECTS_PER_STEP);
    let before: WalkCursor | undefined = from;
    for (const [i, object] of objects.entries()) {
      if (i % OBJECTS_PER_TURN === 0) await nextTurn(this.#options.timers);
      const { ref, key, slot, commitTs } = object;
      const { bucket } = ref;
      // The walk has come to another bucket.
      if (bucket !== before?.bucket)
        before = { bucket, after: undefined, slot: undefined, inside: undefined };
      const { inside } = from ?? {};
      const isSame = inside?.key === key && inside.slot === slot && inside.commitTs === commitTs;
      const stopped = await this.#object(step, object, isSame ? inside : { extent: 0, chunk: 0 });
      if (stopped !== undefined) return { ...before, inside: { key, slot, commitTs, ...stopped } };
      before = cursorAfter(object);
      if (step.full) return before;
    }
    return next;
  }

  /** @returns where the step stopped inside of the object; undefined: the object is done */
  async #object(
    step: Step,
    object: WalkedObject,
    from: { readonly extent: number; readonly chunk: number },
  ): Promise<{ extent: number; chunk: number } | undefined> {
    let opened: OpenedObject | undefined;
    try {
      opened = await openObject(this.#options.kv, object);
    } catch (error) {
      if (error instanceof S3Error) step.report(object, "unreadable", error.message);
      else step.report(object, "damaged", damageOf(error));
      step.objects++;
      return undefined;
    }
    if (opened === undefined) return undefined;
    const { manifest, row, extents } = opened;
    if (manifest.content.kind === "marker") return undefined;
    if (step.deep && manifest.content.kind === "inline") {
      step.deepBytes += row.payload?.byteLength ?? 0;
      step.verifiedBytes += row.payload?.byteLength ?? 0;
    }
    for (let extent = from.extent; extent < extents.length; extent++) {
      const place = extents[extent];
      if (place === undefined) break;
      const begin = extent === from.extent ? from.chunk : 0;
      const stopped = await this.#extent(step, object, place.kind, place.extent, begin);
      if (stopped !== undefined) return { extent, chunk: stopped };
    }
    step.objects++;
    step.bytes += manifest.size;
    return undefined;
  }

  /** @returns the chunk where the step stopped */
  async #extent(
    step: Step,
    object: WalkedObject,
    kind: ExtentKind | "unknown",
    extent: Extent,
    begin: number,
  ): Promise<number | undefined> {
    if (kind === "unknown") {
      step.report(object, "unreadable", "a part was stored by a newer release");
      return undefined;
    }
    const chunks = Math.ceil(extent.size / extent.chunkSize);
    for (let chunk = begin; chunk < chunks; ) {
      if (step.full) return chunk;
      if (chunk > begin) await nextTurn(this.#options.timers);
      const end = Math.min(chunks, chunk + Math.min(REFERENCE_PAGE, step.room(extent.chunkSize)));
      if (kind === "blobs") await this.#references(step, object, extent, chunk, end);
      else await this.#chunks(step, object, extent, chunk, end);
      step.rows += end - chunk;
      chunk = end;
    }
    return undefined;
  }

  /** References [from, to) of an extent: each must be there and have the size that the object says. */
  async #references(
    step: Step,
    object: WalkedObject,
    extent: Extent,
    from: number,
    to: number,
  ): Promise<void> {
    const { ref, key, attempt, partNumber, partAttempt } = extent;
    const prefix = partReferencesPrefix(ref, key, attempt, partNumber, partAttempt);
    const view = await this.#options.kv.group(ref.bucket).snapshot();
    const rows = await view.scan(referenceKey(prefix, from), prefixEnd(prefix), { limit: to - from });
    const found = new Map(rows.map((row) => [mapKeyOf(row.key), row.value]));
    for (let chunk = from; chunk < to; chunk++) {
      const value = found.get(mapKeyOf(referenceKey(prefix, chunk)));
      const reference = value === undefined ? undefined : readReference(value);
      if (reference === undefined) {
        const what = value === undefined ? "missing" : "damaged";
        step.report(object, "damaged", `the reference to chunk ${chunk} is ${what}`);
        continue;
      }
      const { sha256, size } = reference;
      const expected = Math.min(extent.chunkSize, extent.size - chunk * extent.chunkSize);
      if (size !== expected)
        step.report(object, "damaged", `chunk ${chunk} has ${size} bytes, not ${expected}`);
      step.add(object, sha256, size);
    }
  }

  /** Chunks in the keyspace: their rows, and (deep) their bytes on this node. Other replicas hold the same log. */
  async #chunks(step: Step, object: WalkedObject, extent: Extent, from: number, to: number): Promise<void> {
    const { ref, key, attempt, partNumber, partAttempt } = extent;
    const group = this.#options.kv.group(ref.bucket);
    const prefix = partChunksPrefix(ref, key, attempt, partNumber, partAttempt);
    if (!step.deep) {
      const view = await group.snapshot();
      const options = { limit: to - from, keysOnly: true };
      const rows = await view.scan(chunkKey(prefix, from), chunkKey(prefix, to), options);
      if (rows.length < to - from)
        step.report(object, "damaged", `${to - from - rows.length} chunks are missing`);
      return;
    }
    for (let chunk = from; chunk < to; chunk++) {
      await nextTurn(this.#options.timers);
      const size = Math.min(extent.chunkSize, extent.size - chunk * extent.chunkSize);
      step.deepBytes += size;
      let problem: string | undefined;
      try {
        problem = chunkProblem(await group.getImmutable(chunkKey(prefix, chunk)), size);
      } catch (error) {
        problem = damageOf(error);
      }
      if (problem === undefined) step.verifiedBytes += size;
      else step.report(object, "damaged", `chunk ${chunk}: ${problem}`);
    }
  }

  /** Asks every member for its copies. @returns the number of intact copies */
  async #judge(step: Step): Promise<number> {
    if (step.wanted.size === 0) return 0;
    const blobs = Array.from(step.wanted.values(), ({ sha256 }) => sha256);
    const answers = await this.#options.copies.check(blobs, step.deep);
    return step.judge(answers, this.#options.holders());
  }

  /** An object that was changed or deleted during the step has no problem. */
  async #stillThere(found: readonly FoundProblem[]): Promise<VerifyProblem[]> {
    const unchanged = new Map<WalkedObject, boolean>();
    const there: VerifyProblem[] = [];
    for (const { object, kind, detail } of found) {
      const { ref, key, at, commitTs } = object;
      let same = unchanged.get(object);
      if (same === undefined) {
        const view = await this.#options.kv.group(ref.bucket).snapshot();
        const row = await view.getMeta(at);
        same = row?.commitTs === commitTs;
        unchanged.set(object, same);
      }
      if (same) there.push({ bucket: ref.bucket, key, kind, detail: detail + versionOf(object) });
    }
    return there;
  }
}

function versionOf({ slot }: WalkedObject): string {
  if (slot === undefined) return "";
  return ` (version ${slot === NULL_SLOT ? NULL_VERSION : slot})`;
}

/** The text of an error that says that stored bytes are damaged; every other error is thrown. */
function damageOf(error: unknown): string {
  if (error instanceof RecordError) return error.message;
  if (error instanceof StoreError && error.code === "CORRUPT") return error.message;
  throw error;
}

function readReference(value: Uint8Array): Reference | undefined {
  try {
    return decodeReference(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @throws RecordError */
function chunkProblem(row: VersionedValue | undefined, size: number): string | undefined {
  if (row?.payload === undefined) return "missing";
  if (row.payload.byteLength !== size) return `${row.payload.byteLength} bytes, not ${size}`;
  if (crc32(row.payload) !== decodeChunk(row.value).crc32) return "other bytes than were written";
  return undefined;
}
