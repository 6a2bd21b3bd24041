/** Objects whose content is blobs, and the members that hold the blobs, in memory. */

import type { BlobCopies, Holder } from "../../../src/maintenance/types.ts";
import type { CopyState } from "../../../src/messages/blobs.ts";
import { hexOf } from "../../../src/platform/bytes.ts";
import { decodeBucket } from "../../../src/s3/records/bucket-record.ts";
import { decodeContentHeaders } from "../../../src/s3/records/content-headers.ts";
import {
  attemptReferencesPrefix,
  type BucketRef,
  bucketKey,
  objectKey,
  partReferencesPrefix,
} from "../../../src/s3/records/keys.ts";
import { encodeManifest, type Manifest } from "../../../src/s3/records/manifest.ts";
import { rowOwner } from "../../../src/s3/records/owner.ts";
import { NULL_VERSION } from "../../../src/s3/records/version-id.ts";
import { encodeGarbage } from "../../../src/txn/garbage.ts";
import { REFERENCES_PER_ENTRY } from "../../../src/txn/references.ts";
import type { BlobRef, Txn } from "../../../src/txn/types.ts";
import { OWNER_ID } from "../../s3/support/harness.ts";
import type { TestKv } from "../../s3/support/test-kv.ts";

function sha256(bytes: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}

/** Members with their blobs. A member that is `down` does not answer. */
export class Members implements BlobCopies {
  readonly members = new Map<number, { readonly blobs: Map<string, Uint8Array>; down: boolean }>();
  readonly roster: Holder[] = [];
  asked = 0;

  constructor(voters: number, learners = 0) {
    for (let id = 1; id <= voters + learners; id++) {
      this.members.set(id, { blobs: new Map(), down: false });
      this.roster.push({ id, name: `n${id}`, voter: id <= voters });
    }
  }

  store(bytes: Uint8Array, nodes: Iterable<number> = this.members.keys()): BlobRef {
    const hash = sha256(bytes);
    for (const node of nodes) this.blobs(node).set(hexOf(hash), bytes);
    return { sha256: hash, size: bytes.byteLength };
  }

  blobs(node: number): Map<string, Uint8Array> {
    const member = this.members.get(node);
    if (member === undefined) throw new Error(`no member ${node}`);
    return member.blobs;
  }

  async check(blobs: readonly Uint8Array[], deep: boolean) {
    this.asked++;
    return [...this.members].map(([node, { blobs: held, down }]) => ({
      node,
      states: blobs.map((hash): CopyState => {
        const bytes = held.get(hexOf(hash));
        if (down) return "unknown";
        if (bytes === undefined) return "missing";
        return deep && hexOf(sha256(bytes)) !== hexOf(hash) ? "corrupt" : "present";
      }),
    }));
  }
}

export async function refOf(kv: TestKv, bucket: string): Promise<BucketRef> {
  const view = await kv.snapshot();
  const row = await view.get(bucketKey(bucket));
  if (row === undefined) throw new Error(`no bucket ${bucket}`);
  return { bucket, generation: decodeBucket(row.value).generation };
}

export function cut(bytes: Uint8Array, chunkSize: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; at += chunkSize) chunks.push(bytes.subarray(at, at + chunkSize));
  return chunks;
}

let attempts = 0;

/** Puts an object as the path of blobs does. */
export async function putBlobObject(
  kv: TestKv,
  ref: BucketRef,
  key: string,
  blobs: readonly BlobRef[],
  chunkSize: number,
): Promise<Uint8Array> {
  const attempt = new Uint8Array(16);
  new DataView(attempt.buffer).setUint32(0, ++attempts);
  const prefix = partReferencesPrefix(ref, key, attempt);
  for (let first = 0; first < blobs.length; first += REFERENCES_PER_ENTRY) {
    const some = blobs.slice(first, first + REFERENCES_PER_ENTRY);
    const txn: Txn = {
      conditions: [],
      mutations: [{ kind: "reference", prefix, first, source: 1, blobs: some }],
    };
    await kv.transact(txn);
  }
  const size = blobs.reduce((sum, blob) => sum + blob.size, 0);
  const garbage = encodeGarbage([{ kind: "references", prefix: attemptReferencesPrefix(ref, key, attempt) }]);
  const value = encodeManifest({ ...plain(size), content: { kind: "blobs", attempt, chunkSize } });
  await kv.transact({
    conditions: [],
    mutations: [{ kind: "put", key: objectKey(ref, key), value, garbage }],
  });
  return prefix;
}

function plain(size: number): Omit<Manifest, "content"> {
  return {
    versionId: NULL_VERSION,
    size,
    etag: "0123456789abcdef0123456789abcdef",
    modifiedMs: 1_000,
    headers: decodeContentHeaders(undefined),
    metadata: [["color", "blue"]],
    checksum: undefined,
    owner: rowOwner(OWNER_ID),
    storageClass: "STANDARD",
  };
}
