/**
 * Verifies that every byte of every object is there: walks object -> references -> blobs -> copies on every member, one
 * bounded step after the other. The caller decides the speed, keeps the cursor, and adds the results up.
 */
import { crc32 } from "node:zlib";
import type { CopyState } from "../messages/blobs.ts";
import type { Extent } from "../s3/content/types.ts";
import { S3Error } from "../s3/protocol/errors.ts";
import { decodeChunk } from "../s3/records/chunk.ts";
import type { ExtentKind } from "../s3/records/extent-kind.ts";
import { chunkKey, objectKey, partChunksPrefix, partReferencesPrefix } from "../s3/records/keys.ts";
import { RecordError } from "../s3/records/record-error.ts";
import { prefixEnd } from "../store/key-encoding.ts";
import { decodeReference, referenceKey } from "../txn/references.ts";
import type { KvClient } from "../txn/types.ts";
import { decodeCursor, encodeCursor, type WalkCursor } from "./cursor.ts";
import { nextObjects, type OpenedObject, openObject, type WalkedObject } from "./object-walk.ts";
import type { BlobCopies, Holder } from "./types.ts";

export type ProblemKind =
  /** No copy: these bytes are gone. */
  | "lost"
  /** No copy can be reached now; members that could not be asked may have one. */
  | "unreachable"
  /** The row, its payload or a reference is damaged or missing. */
  | "damaged"
  /** A copy on this member is damaged; others are intact. */
  | "corrupt-copy"
  /** A voter has no copy (yet); others have. */
  | "missing-copy"
  /** Content of a newer release. */
  | "unreadable";

export interface VerifyProblem {
  readonly bucket: string;
  readonly key: string;
  readonly kind: ProblemKind;
  readonly detail: string;
}

export interface VerifyStep {
  /** Where the next step goes on; null at the end. */
  readonly cursor: string | null;
  /** Objects that were finished in this step, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
  /** Blobs that were asked for, each once a step, and the copies that were found. */
  readonly blobs: number;
  readonly copies: number;
  /** Bytes that were read and verified (deep), each copy for itself. */
  readonly verifiedBytes: number;
  readonly problems: readonly VerifyProblem[];
}

export interface VerifierOptions {
  readonly kv: KvClient;
  readonly copies: BlobCopies;
  readonly holders: () => readonly Holder[];
}

/** Limits of one step: about a second of work. */
const OBJECTS_PER_STEP = 500;
const BLOBS_PER_STEP = 1_024;
const DEEP_BYTES_PER_STEP = 64 << 20;
const REFERENCE_PAGE = 256;

interface Wanted {
  readonly sha256: Uint8Array;
  readonly size: number;
  readonly users: WalkedObject[];
}

/** What one step gathers. */
class Step {
  readonly problems: {
    readonly object: WalkedObject;
    readonly kind: ProblemKind;
    readonly detail: string;
  }[] = [];
  readonly wanted = new Map<string, Wanted>();
  objects = 0;
  bytes = 0;
  deepBytes = 0;
  verifiedBytes = 0;
  readonly deep: boolean;

  constructor(deep: boolean) {
    this.deep = deep;
  }

  get full(): boolean {
    return this.wanted.size >= BLOBS_PER_STEP || this.deepBytes >= DEEP_BYTES_PER_STEP;
  }

  add(object: WalkedObject, sha256: Uint8Array, size: number): void {
    const name = Buffer.from(sha256).toString("hex");
    const known = this.wanted.get(name);
    if (known === undefined) {
      this.wanted.set(name, { sha256, size, users: [object] });
      if (this.deep) this.deepBytes += size;
    } else if (known.users.at(-1) !== object) known.users.push(object);
  }

  report(object: WalkedObject, kind: ProblemKind, detail: string): void {
    this.problems.push({ object, kind, detail });
  }
}

export class Verifier {
  readonly #options: VerifierOptions;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** @throws CursorError; KvError while there is no leader */
  async step(cursor: string | undefined, deep: boolean): Promise<VerifyStep> {
    const from = cursor === undefined ? undefined : decodeCursor(cursor);
    const step = new Step(deep);
    const next = await this.#walk(step, from);
    const copies = await this.#judge(step);
    return {
      cursor: next === undefined ? null : encodeCursor(next),
      objects: step.objects,
      bytes: step.bytes,
      blobs: step.wanted.size,
      copies,
      verifiedBytes: step.verifiedBytes,
      problems: await this.#stillThere(step.problems),
    };
  }

  async #walk(step: Step, from: WalkCursor | undefined): Promise<WalkCursor | undefined> {
    const { objects, next } = await nextObjects(this.#options.kv, from, OBJECTS_PER_STEP);
    let bucket = from?.bucket;
    let after = from?.after;
    for (const object of objects) {
      const { ref, key } = object;
      if (ref.bucket !== bucket) after = undefined;
      bucket = ref.bucket;
      const inside = from?.inside?.key === key ? from.inside : undefined;
      const stopped = await this.#object(step, object, inside ?? { extent: 0, chunk: 0 });
      if (stopped !== undefined) {
        return { bucket: ref.bucket, after, inside: { key, ...stopped } };
      }
      after = key;
      if (step.full) return { bucket: ref.bucket, after: key, inside: undefined };
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
      else if (error instanceof RecordError) step.report(object, "damaged", error.message);
      else throw error;
      step.objects++;
      return undefined;
    }
    if (opened === undefined) return undefined;
    for (let extent = from.extent; extent < opened.extents.length; extent++) {
      const place = opened.extents[extent];
      if (place === undefined) break;
      const begin = extent === from.extent ? from.chunk : 0;
      const stopped = await this.#extent(step, object, place.kind, place.extent, begin);
      if (stopped !== undefined) return { extent, chunk: stopped };
    }
    step.objects++;
    step.bytes += opened.manifest.size;
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
      const end = Math.min(chunks, chunk + REFERENCE_PAGE);
      if (kind === "blobs") await this.#references(step, object, extent, chunk, end);
      else await this.#chunks(step, object, extent, chunk, end);
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
    const found = new Map(rows.map((row) => [Buffer.from(row.key).toString("latin1"), row.value]));
    for (let chunk = from; chunk < to; chunk++) {
      const value = found.get(Buffer.from(referenceKey(prefix, chunk)).toString("latin1"));
      if (value === undefined) {
        step.report(object, "damaged", `the reference to chunk ${chunk} is missing`);
        continue;
      }
      const { sha256, size } = decodeReference(value);
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
      const row = await group.getImmutable(chunkKey(prefix, chunk));
      if (row?.payload === undefined) step.report(object, "damaged", `chunk ${chunk} is missing`);
      else if (crc32(row.payload) !== decodeChunk(row.value).crc32) {
        step.report(object, "damaged", `chunk ${chunk} has other bytes than were written`);
      } else step.verifiedBytes += row.payload.byteLength;
      step.deepBytes += row?.payload?.byteLength ?? 0;
    }
  }

  /** Asks every member for its copies. @returns the number of intact copies */
  async #judge(step: Step): Promise<number> {
    const wanted = [...step.wanted.values()];
    if (wanted.length === 0) return 0;
    const answers = await this.#options.copies.check(
      wanted.map(({ sha256 }) => sha256),
      step.deep,
    );
    const holders = new Map(this.#options.holders().map((holder) => [holder.id, holder]));
    let copies = 0;
    wanted.forEach((blob, i) => {
      const states = answers.map(({ node, states }) => ({
        holder: holders.get(node),
        state: states[i] ?? ("unknown" as CopyState),
      }));
      const present = states.filter(({ state }) => state === "present").length;
      copies += present;
      if (step.deep) step.verifiedBytes += present * blob.size;
      for (const object of blob.users) judgeBlob(step, object, blob.sha256, states);
    });
    return copies;
  }

  /** An object that was changed or deleted during the step has no problem. */
  async #stillThere(found: Step["problems"]): Promise<VerifyProblem[]> {
    const there: VerifyProblem[] = [];
    for (const { object, kind, detail } of found) {
      const { ref, key, commitTs } = object;
      const view = await this.#options.kv.group(ref.bucket).snapshot();
      const row = await view.getMeta(objectKey(ref, key));
      if (row?.commitTs === commitTs) there.push({ bucket: ref.bucket, key, kind, detail });
    }
    return there;
  }
}

function judgeBlob(
  step: Step,
  object: WalkedObject,
  sha256: Uint8Array,
  states: readonly { readonly holder: Holder | undefined; readonly state: CopyState }[],
): void {
  const name = Buffer.from(sha256).toString("hex");
  const present = states.some(({ state }) => state === "present");
  if (!present) {
    const asked = states.every(({ state }) => state !== "unknown");
    step.report(
      object,
      asked ? "lost" : "unreachable",
      `blob ${name} has no intact copy${asked ? "" : " that can be reached"}`,
    );
  }
  for (const { holder, state } of states) {
    const who = holder?.name ?? "a node";
    if (state === "corrupt")
      step.report(object, "corrupt-copy", `the copy of blob ${name} on ${who} is damaged`);
    if (state === "missing" && present && holder?.voter === true) {
      step.report(object, "missing-copy", `${who} has no copy of blob ${name} yet`);
    }
  }
}
