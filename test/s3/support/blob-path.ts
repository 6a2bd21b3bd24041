/**
 * A second path for content, beside the one through the log: chunks in memory, named by their SHA-256, and rows of the keyspace
 * that refer to them. It shows that the content seam carries more than one path; how the product keeps such chunks is another matter.
 *
 *   r bucket generation key attempt part partAttempt no   reference: SHA-256 and size of a chunk
 */

import {
  abandonPendingWrite,
  endPendingWrite,
  putPendingWrite,
  WRITE_ID_BYTES,
} from "../../../src/s3/content/pending-writes.ts";
import type {
  ByteSource,
  Closing,
  ContentScope,
  ContentSink,
  ContentSource,
  ContentTarget,
  ContentWrite,
  Extent,
  Piece,
  WrittenContent,
} from "../../../src/s3/content/types.ts";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import { type Guard, transactGuarded } from "../../../src/s3/records/guarded.ts";
import { pendingWriteKey } from "../../../src/s3/records/keys.ts";
import { RecordError } from "../../../src/s3/records/record-error.ts";
import { encodeKey, prefixEnd } from "../../../src/store/key-encoding.ts";
import type { PutMutation } from "../../../src/store/types.ts";
import type { GarbageItem } from "../../../src/txn/garbage.ts";
import { encodeGarbage } from "../../../src/txn/garbage.ts";
import type { KvClient, KvGroup, TxnMutation } from "../../../src/txn/types.ts";

/** References in one transaction ahead of the closing one. */
const REFERENCES_PER_ENTRY = 4;
const HASH_BYTES = 32;

/** Chunks of one node, each once, with the number of references to it. */
export class BlobStore {
  readonly #chunks = new Map<string, { readonly bytes: Uint8Array; references: number }>();

  get chunks(): number {
    return this.#chunks.size;
  }

  add(bytes: Uint8Array): Uint8Array {
    const hash = sha256(bytes);
    const known = this.#chunks.get(hex(hash));
    if (known === undefined) this.#chunks.set(hex(hash), { bytes: Uint8Array.from(bytes), references: 1 });
    else known.references++;
    return hash;
  }

  get(hash: Uint8Array): Uint8Array | undefined {
    return this.#chunks.get(hex(hash))?.bytes;
  }

  release(hash: Uint8Array): void {
    const chunk = this.#chunks.get(hex(hash));
    if (chunk === undefined) throw new Error(`chunk ${hex(hash)} was released once too often`);
    if (--chunk.references === 0) this.#chunks.delete(hex(hash));
  }

  /** Flips a bit of every chunk. */
  rot(): void {
    for (const { bytes } of this.#chunks.values()) bytes[0] = (bytes[0] ?? 0) ^ 1;
  }
}

export interface BlobPathDeps {
  readonly kv: KvClient;
  readonly store: BlobStore;
  readonly chunkBytes: number;
}

export function blobSink(deps: BlobPathDeps): ContentSink {
  return { open: (target) => new BlobWrite(deps, target) };
}

class BlobWrite implements ContentWrite {
  readonly #deps: BlobPathDeps;
  readonly #group: KvGroup;
  readonly #target: ContentTarget;
  readonly #id = crypto.getRandomValues(new Uint8Array(WRITE_ID_BYTES));
  readonly #garbage: GarbageItem;
  readonly #unreferenced: {
    readonly key: Uint8Array;
    readonly hash: Uint8Array;
    readonly put: PutMutation;
  }[] = [];
  #pending = false;

  constructor(deps: BlobPathDeps, target: ContentTarget) {
    this.#deps = deps;
    this.#group = deps.kv.group(target.ref.bucket);
    this.#target = target;
    this.#garbage = { kind: "references", prefix: this.#prefix() };
  }

  async write(source: ByteSource, length: number): Promise<WrittenContent> {
    const chunkSize = this.#target.part?.chunkSize ?? this.#deps.chunkBytes;
    for (let at = 0; at < length; at += chunkSize) {
      if (this.#unreferenced.length === REFERENCES_PER_ENTRY) await this.#sendAhead();
      const bytes = new Uint8Array(Math.min(chunkSize, length - at));
      if ((await source.readInto(bytes)) < bytes.byteLength)
        throw new S3Error("IncompleteBody", { close: true });
      const hash = this.#deps.store.add(bytes);
      const key = referenceKey(this.#prefix(), at / chunkSize);
      const value = Buffer.alloc(HASH_BYTES + 4);
      value.set(hash);
      value.writeUInt32BE(bytes.byteLength, HASH_BYTES);
      this.#unreferenced.push({ key, hash, put: { kind: "put", key, value } });
    }
    return { kind: "blobs", attempt: this.#id, chunkSize };
  }

  async finish(row: Pick<PutMutation, "key" | "value">): Promise<Closing> {
    const references = this.#unreferenced.map(({ put }) => put);
    const put: PutMutation = { kind: "put", ...row, garbage: encodeGarbage([this.#garbage]) };
    if (!this.#pending) return { guards: this.#target.guards, mutations: [...references, put] };
    return { guards: this.#guards(), mutations: [...references, endPendingWrite(this.#id), put] };
  }

  async abandon(): Promise<void> {
    for (const { hash } of this.#unreferenced) this.#deps.store.release(hash);
    if (this.#pending) await abandonPendingWrite(this.#group, this.#id);
  }

  release(): void {}

  async #sendAhead(): Promise<void> {
    const { ref, key } = this.#target;
    const record = { origin: this.#id, node: "n", startedMs: 1, seenMs: 1, bucket: ref.bucket, key };
    const mutations: TxnMutation[] = this.#unreferenced.map(({ put }) => put);
    if (!this.#pending) mutations.unshift(putPendingWrite(this.#id, record, this.#garbage));
    await transactGuarded(this.#group, this.#guards(), mutations);
    this.#pending = true;
    this.#unreferenced.length = 0;
  }

  #guards(): readonly Guard[] {
    if (!this.#pending) return this.#target.guards;
    const condition = { kind: "must-exist", key: pendingWriteKey(this.#id) } as const;
    return [...this.#target.guards, { condition, onFail: () => new S3Error("ServiceUnavailable") }];
  }

  #prefix(): Uint8Array {
    const { ref, key, part } = this.#target;
    const partAttempt = part === undefined ? new Uint8Array(0) : this.#id;
    return prefixOf({
      of: "part",
      ref,
      key,
      attempt: part?.upload ?? this.#id,
      partNumber: part?.number ?? 0,
      partAttempt,
    });
  }
}

export class BlobSource implements ContentSource {
  readonly #deps: Pick<BlobPathDeps, "kv" | "store">;

  constructor(deps: Pick<BlobPathDeps, "kv" | "store">) {
    this.#deps = deps;
  }

  *pieces(extent: Extent, from: number, to: number): Generator<Piece> {
    const group = this.#deps.kv.group(extent.ref.bucket);
    const prefix = prefixOf({ of: "part", ...extent });
    const { chunkSize } = extent;
    for (let chunk = Math.floor(from / chunkSize); chunk * chunkSize < to; chunk++) {
      const at = chunk * chunkSize;
      yield {
        read: async () => {
          const bytes = await this.#read(group, referenceKey(prefix, chunk));
          return bytes.subarray(Math.max(from - at, 0), Math.min(to - at, bytes.byteLength));
        },
      };
    }
  }

  garbage(scope: ContentScope): GarbageItem {
    return { kind: "references", prefix: prefixOf(scope) };
  }

  async #read(group: KvGroup, key: Uint8Array): Promise<Uint8Array> {
    const row = await group.getImmutable(key);
    const hash = row?.value.subarray(0, HASH_BYTES);
    const bytes = hash === undefined ? undefined : this.#deps.store.get(hash);
    if (hash === undefined || bytes === undefined) throw new RecordError("a chunk beside the log is missing");
    if (Buffer.compare(sha256(bytes), hash) !== 0) throw new RecordError("a chunk beside the log is rotten");
    return bytes;
  }
}

/** For the collector: deletes the references under a prefix, and chunks that have lost their last one. */
export function deleteReferences(group: KvGroup, store: BlobStore): (prefix: Uint8Array) => Promise<number> {
  return async (prefix) => {
    const view = await group.snapshot();
    const rows = await view.scan(prefix, prefixEnd(prefix), { limit: 10_000 });
    const mutations = rows.map(({ key }) => ({ kind: "delete", key }) as const);
    if (rows.length > 0) await group.transact({ conditions: [], mutations });
    for (const { value } of rows) store.release(value.subarray(0, HASH_BYTES));
    return rows.length;
  };
}

function prefixOf(scope: ContentScope): Uint8Array {
  const { bucket, generation } = scope.ref;
  if (scope.of === "bucket") return encodeKey(["r", bucket, generation]);
  if (scope.of === "attempt") return encodeKey(["r", bucket, generation, scope.key, scope.attempt]);
  const { key, attempt, partNumber, partAttempt } = scope;
  return encodeKey(["r", bucket, generation, key, attempt, partNumber, partAttempt]);
}

function referenceKey(prefix: Uint8Array, chunk: number): Uint8Array {
  return Buffer.concat([prefix, encodeKey([chunk])]);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
