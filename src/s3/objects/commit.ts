/** The transaction that makes an object current: the linearisation point of every write of an object. */
import type { ContentWrite } from "../content/types.ts";
import type { S3Services } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import { type BucketRef, objectKey } from "../records/keys.ts";
import { encodeManifest, type Manifest } from "../records/manifest.ts";
import { decideWrite, type WriteCondition } from "./conditions.ts";

export interface ObjectCommit {
  readonly ref: BucketRef;
  readonly key: string;
  readonly manifest: Manifest;
  readonly condition: WriteCondition;
  /** The guard decided before the body was read; the first apply uses it. */
  readonly early: Guard | undefined;
  readonly write: ContentWrite;
}

/**
 * Writes the rest of the content, and the manifest, in one transaction.
 * @throws S3Error PreconditionFailed, NoSuchKey, ConditionalRequestConflict, NoSuchBucket; WrittenBefore; KvError
 */
export async function commitObject(services: S3Services, commit: ObjectCommit): Promise<void> {
  const { ref, key, manifest, write } = commit;
  const kv = services.kv.group(ref.bucket);
  const { guards, mutations } = await write.finish({
    key: objectKey(ref, key),
    value: encodeManifest(manifest),
  });
  let decided = commit.early;
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    if (commit.condition !== undefined && decided === undefined) {
      const view = await kv.snapshot();
      decided = await decideWrite(view, ref, key, commit.condition, manifest.invocation);
    }
    const all = decided === undefined ? guards : [...guards, decided];
    const outcome = await transactGuarded(kv, all, mutations);
    if (outcome.kind === "committed") return;
    decided = undefined;
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", key]] });
}

/**
 * Decides the condition before the body is read: a failed condition then saves the client the upload.
 * @throws S3Error PreconditionFailed, NoSuchKey; WrittenBefore; KvError
 */
export async function decideEarly(
  services: S3Services,
  ref: BucketRef,
  key: string,
  condition: WriteCondition,
  invocation: Uint8Array | undefined,
): Promise<Guard | undefined> {
  if (condition === undefined) return undefined;
  return decideWrite(await services.kv.group(ref.bucket).snapshot(), ref, key, condition, invocation);
}
