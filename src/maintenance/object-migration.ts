/**
 * Moves the content of one object from the keyspace to blobs. The object's row is replaced only in the version that was
 * read, so an overwrite meanwhile wins; all that the row says (ETag, metadata, checksums, parts, times, version id) stays.
 */

import { crc32 } from "node:zlib";
import { mapKeyOf, sameBytes } from "../platform/bytes.ts";
import { layoutOf } from "../s3/content/layout.ts";
import { RangeReader } from "../s3/content/reader.ts";
import type {
  ByteSource,
  Closing,
  ContentSource,
  ContentTarget,
  ContentWrite,
  ExtentRange,
  WrittenContent,
} from "../s3/content/types.ts";
import { S3Error } from "../s3/protocol/errors.ts";
import { type Guard, transactGuarded } from "../s3/records/guarded.ts";
import { attemptReferencesPrefix } from "../s3/records/keys.ts";
import {
  decodeManifest,
  encodeManifest,
  encodePartTable,
  type Manifest,
  type PartRef,
} from "../s3/records/manifest.ts";
import { RecordError } from "../s3/records/record-error.ts";
import { StoreError, type VersionedValue } from "../store/types.ts";
import { decodeGarbage, encodeGarbage, type GarbageItem } from "../txn/garbage.ts";
import type { KvClient, TxnMutation } from "../txn/types.ts";
import type { WalkedObject } from "./object-walk.ts";

/** Parts that one transaction replaces, and about how many of their bytes. */
const PARTS_PER_COMMIT = 16;
export const BYTES_PER_COMMIT = 256 << 20;

export interface ObjectMigrationOptions {
  readonly kv: KvClient;
  /** Of chunks in the keyspace. */
  readonly chunks: ContentSource;
  /** Opens a write of the path of blobs. */
  readonly open: (target: ContentTarget) => ContentWrite;
  /** Called before bytes are read; waits as long as the rate demands. Throws to stop the migration here. */
  readonly pace: (bytes: number) => Promise<void>;
  readonly partsPerCommit?: number;
  /** Bytes of parts that one transaction replaces; one part may have more. */
  readonly bytesPerCommit?: number;
}

export type ObjectOutcome =
  /** Bytes that lie in blobs now. */
  | { readonly kind: "migrated"; readonly bytes: number }
  /** There was nothing to move, or a client has written the object meanwhile. */
  | { readonly kind: "passed" }
  | { readonly kind: "skipped"; readonly problem: string };

const PASSED: ObjectOutcome = { kind: "passed" };

/** @throws KvError, S3Error when the write failed: the object can be migrated again */
export async function migrateObject(
  options: ObjectMigrationOptions,
  object: WalkedObject,
): Promise<ObjectOutcome> {
  return new ObjectMigration(options, object).run();
}

/** The object is not what it was when it was read. */
class ChangedError extends Error {}

class ObjectMigration {
  readonly #options: ObjectMigrationOptions;
  readonly #object: WalkedObject;
  #changed = false;

  constructor(options: ObjectMigrationOptions, object: WalkedObject) {
    this.#options = options;
    this.#object = object;
  }

  async run(): Promise<ObjectOutcome> {
    let bytes = 0;
    try {
      for (;;) {
        const moved = await this.#step();
        if (moved === 0) return bytes === 0 ? PASSED : { kind: "migrated", bytes };
        bytes += moved;
      }
    } catch (error) {
      if (this.#changed || error instanceof ChangedError) return PASSED;
      const damaged =
        error instanceof RecordError || (error instanceof StoreError && error.code === "CORRUPT");
      if (!damaged && !(error instanceof S3Error && error.code === "NotImplemented")) throw error;
      return { kind: "skipped", problem: error.message };
    }
  }

  /** Moves the whole content, or some parts. @returns the bytes; 0 when nothing is left in the keyspace */
  async #step(): Promise<number> {
    const { ref, at } = this.#object;
    const view = await this.#options.kv.group(ref.bucket).snapshot();
    const row = await view.get(at);
    if (row === undefined) throw new ChangedError();
    const manifest = decodeManifest(row.value);
    if (manifest.content.kind === "chunks") return this.#whole(row, manifest);
    if (manifest.content.kind === "parts") return this.#parts(row, manifest);
    return 0;
  }

  async #whole(row: VersionedValue, manifest: Manifest): Promise<number> {
    const { ref, key, at } = this.#object;
    const [range] = layoutOf(ref, key, manifest, row).extents(0, manifest.size);
    if (range === undefined) return 0;
    const write = this.#options.open({ ref, key, guards: this.#guards(row) });
    try {
      const content = await this.#copy(write, range);
      const value = encodeManifest({ ...manifest, content });
      const { guards, mutations } = await write.finish({ key: at, value });
      // The put moves the old row's garbage, all its chunks, into the queue.
      await transactGuarded(this.#options.kv.group(ref.bucket), guards, mutations);
    } catch (error) {
      await write.abandon();
      throw error;
    } finally {
      write.release();
    }
    return manifest.size;
  }

  async #parts(row: VersionedValue, manifest: Manifest): Promise<number> {
    const { ref, key, at } = this.#object;
    const { content } = manifest;
    const layout = layoutOf(ref, key, manifest, row);
    if (content.kind !== "parts" || layout.parts === undefined) return 0;
    const ranges = layout.extents(0, manifest.size);
    const table = new Map(layout.parts.map((part) => [part.number, part]));
    const left = ranges.filter(({ kind }) => kind === "chunks");
    const writes: ContentWrite[] = [];
    const closings: Closing[] = [];
    const garbage: GarbageItem[] = [];
    const { partsPerCommit = PARTS_PER_COMMIT, bytesPerCommit = BYTES_PER_COMMIT } = this.#options;
    let bytes = 0;
    try {
      for (const range of left.slice(0, partsPerCommit)) {
        const { extent } = range;
        if (writes.length > 0 && bytes + extent.size > bytesPerCommit) break;
        const part = { upload: content.attempt, number: extent.partNumber, chunkSize: content.chunkSize };
        const write = this.#options.open({ ref, key, part, guards: this.#guards(row) });
        writes.push(write);
        const { attempt } = await this.#copy(write, range);
        const placeholder = { key: at, value: new Uint8Array(0) };
        closings.push(await write.finish(placeholder));
        const before = table.get(extent.partNumber) as PartRef;
        table.set(extent.partNumber, { ...before, kind: "blobs", attempt });
        garbage.push(this.#options.chunks.garbage({ of: "part", ...extent }));
        bytes += extent.size;
      }
      if (writes.length > 0) await this.#commit(row, manifest, [...table.values()], closings, garbage);
    } catch (error) {
      for (const write of writes) await write.abandon();
      throw error;
    } finally {
      for (const write of writes) write.release();
    }
    return bytes;
  }

  /**
   * The new row keeps the content of the other parts, so the old row's garbage must not be queued: only the chunks of the
   * parts that were moved are.
   */
  async #commit(
    row: VersionedValue,
    manifest: Manifest,
    parts: readonly PartRef[],
    closings: readonly Closing[],
    moved: readonly GarbageItem[],
  ): Promise<void> {
    const { ref, key, at } = this.#object;
    if (manifest.content.kind !== "parts") throw new Error("not an object of parts");
    const payload = encodePartTable(parts);
    const content = { ...manifest.content, payloadCrc32: crc32(payload) };
    const put: TxnMutation = {
      kind: "put",
      key: at,
      value: encodeManifest({ ...manifest, content }),
      payload,
      garbage: withReferences(row, {
        kind: "references",
        prefix: attemptReferencesPrefix(ref, key, content.attempt),
      }),
      keepContent: true,
    };
    // The rows of the closings are placeholders: the table is written once.
    const written = closings.flatMap(({ mutations }) =>
      mutations.filter((mutation) => mutation.kind !== "put" || !sameBytes(mutation.key, put.key)),
    );
    const guards = new Map(
      closings.flatMap(({ guards }) => guards).map((guard) => [guardName(guard), guard]),
    );
    await transactGuarded(
      this.#options.kv.group(ref.bucket),
      [...guards.values()],
      [...written, put, { kind: "add-garbage", garbage: encodeGarbage(moved) }],
    );
  }

  async #copy(
    write: ContentWrite,
    { extent }: ExtentRange,
  ): Promise<Extract<WrittenContent, { readonly kind: "blobs" | "chunks" }>> {
    const pieces = this.#options.chunks.pieces(extent, 0, extent.size);
    const reader = new RangeReader(pieces);
    try {
      const content = await write.write(new PacedBytes(reader, this.#options.pace), extent.size);
      if (content.kind === "inline") throw new Error("the path of blobs has stored bytes in a row");
      return content;
    } finally {
      await reader.return();
    }
  }

  #guards(row: VersionedValue): readonly Guard[] {
    const { at } = this.#object;
    const onFail = (): S3Error => {
      this.#changed = true;
      return new S3Error("ServiceUnavailable");
    };
    return [{ condition: { kind: "version-equals", key: at, commitTs: row.commitTs }, onFail }];
  }
}

/** The row's garbage, which covers the whole upload, and the references that the upload has from now on. */
function withReferences(row: VersionedValue, references: GarbageItem): Uint8Array {
  const items = row.garbage === undefined ? [] : decodeGarbage(row.garbage);
  if (items === undefined) throw new RecordError("the garbage of the object is of a newer release");
  return encodeGarbage([...items.filter(({ kind }) => kind !== "references"), references]);
}

function guardName({ condition }: Guard): string {
  const { kind } = condition;
  if (kind === "not-after" || kind === "after") return `${kind} ${condition.ms}`;
  const key = "key" in condition ? condition.key : condition.prefix;
  return `${kind} ${mapKeyOf(key)}`;
}

class PacedBytes implements ByteSource {
  readonly #reader: RangeReader;
  readonly #pace: (bytes: number) => Promise<void>;

  constructor(reader: RangeReader, pace: (bytes: number) => Promise<void>) {
    this.#reader = reader;
    this.#pace = pace;
  }

  async readInto(target: Uint8Array): Promise<number> {
    await this.#pace(target.byteLength);
    return this.#reader.readInto(target);
  }

  async settled(): Promise<void> {}
}
