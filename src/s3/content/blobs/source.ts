/** Reads blobs by their references. */
import { hexOf } from "../../../platform/bytes.ts";
import type { Random } from "../../../platform/random.ts";
import type { GarbageItem } from "../../../txn/garbage.ts";
import { decodeReference, type Reference, referenceKey } from "../../../txn/references.ts";
import type { KvClient, KvGroup } from "../../../txn/types.ts";
import { attemptReferencesPrefix, bucketReferencesPrefix, partReferencesPrefix } from "../../records/keys.ts";
import { RecordError } from "../../records/record-error.ts";
import type { ContentScope, ContentSource, Extent, Piece } from "../types.ts";
import { answerFor } from "./failures.ts";
import { type BlobMemory, type BlobService, BlobServiceError } from "./types.ts";

export interface BlobSourceDeps {
  readonly kv: Pick<KvClient, "group">;
  readonly blobs: Pick<BlobService, "read">;
  readonly random: Random;
  /** Called when no node holds a blob that has a reference (`elastickv_s3_chunkblob_unrecoverable_total`). */
  readonly onUnrecoverable: () => void;
}

export class BlobSource implements ContentSource {
  readonly #deps: BlobSourceDeps;

  constructor(deps: BlobSourceDeps) {
    this.#deps = deps;
  }

  *pieces(extent: Extent, from: number, to: number): Generator<Piece> {
    const { ref, key, attempt, partNumber, partAttempt, chunkSize } = extent;
    const group = this.#deps.kv.group(ref.bucket);
    const prefix = partReferencesPrefix(ref, key, attempt, partNumber, partAttempt);
    for (let chunk = Math.floor(from / chunkSize); chunk * chunkSize < to; chunk++) {
      const at = chunk * chunkSize;
      const size = Math.min(chunkSize, extent.size - at);
      const row = referenceKey(prefix, chunk);
      const [first, end] = [Math.max(from - at, 0), Math.min(to - at, size)];
      yield {
        read: async (buffer) => {
          const bytes = await this.#read(await referenceAt(group, row, size), buffer);
          return first === 0 && end === size ? bytes : bytes.subarray(first, end);
        },
      };
    }
  }

  garbage(scope: ContentScope): GarbageItem {
    return { kind: "references", prefix: prefixOf(scope) };
  }

  async #read(reference: Reference, memory: BlobMemory): Promise<Uint8Array> {
    try {
      return await this.#deps.blobs.read(reference, memory);
    } catch (error) {
      if (error instanceof BlobServiceError && error.code === "NOT_FOUND") this.#deps.onUnrecoverable();
      throw answerFor(error, this.#deps.random, false);
    }
  }
}

function prefixOf(scope: ContentScope): Uint8Array {
  switch (scope.of) {
    case "bucket":
      return bucketReferencesPrefix(scope.ref);
    case "attempt":
      return attemptReferencesPrefix(scope.ref, scope.key, scope.attempt);
    case "part":
      return partReferencesPrefix(scope.ref, scope.key, scope.attempt, scope.partNumber, scope.partAttempt);
  }
}

/** @throws RecordError when the row is missing, or does not name `size` bytes */
async function referenceAt(
  group: Pick<KvGroup, "getImmutable">,
  key: Uint8Array,
  size: number,
): Promise<Reference> {
  const row = await group.getImmutable(key);
  if (row === undefined) throw new RecordError(`reference ${hexOf(key)} is missing`);
  let reference: Reference;
  try {
    reference = decodeReference(row.value);
  } catch (cause) {
    throw new RecordError(`reference ${hexOf(key)} cannot be decoded`, { cause });
  }
  if (reference.size !== size) {
    throw new RecordError(`reference ${hexOf(key)} names ${reference.size} bytes, expected ${size}`);
  }
  return reference;
}
