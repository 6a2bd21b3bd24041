/** The transaction that makes an object current: the linearisation point of every write of an object. */
import { sameBytes } from "../../platform/bytes.ts";
import type { ReadView, TxnMutation } from "../../txn/types.ts";
import type { Closing, ContentWrite } from "../content/types.ts";
import type { S3Services } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import type { AliveGuard } from "../records/bucket-directory.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import { type BucketRef, objectKey } from "../records/keys.ts";
import { encodeManifest, type Manifest } from "../records/manifest.ts";
import { NULL_VERSION, type VersionId } from "../records/version-id.ts";
import { currentVersion } from "../versions/current.ts";
import { type Placement, placeVersion } from "../versions/placement.ts";
import { decideWrite, type WriteCondition } from "./conditions.ts";
import { lockOfNew } from "./lock.ts";

/** A write of a version is decided this often: writers at other gateways may have been faster each time. */
const VERSION_ATTEMPTS_MAX = 64;

export interface ObjectCommit {
  /** The guard of the write's own transactions. */
  readonly alive: AliveGuard;
  readonly key: string;
  readonly manifest: Omit<Manifest, "versionId" | "order">;
  readonly condition: WriteCondition;
  /** The guard decided before the body was read; the first apply uses it. */
  readonly early: Guard | undefined;
  readonly write: ContentWrite;
}

/**
 * Writes the rest of the content, and the manifest, in one transaction. Resolves with the id of the version.
 * @throws S3Error PreconditionFailed, NoSuchKey, ConditionalRequestConflict, NoSuchBucket, SlowDown; WrittenBefore;
 *   KvError
 */
export async function commitObject(services: S3Services, commit: ObjectCommit): Promise<VersionId> {
  const { alive, key, manifest, write } = commit;
  const ref = alive.bucket;
  const kv = services.kv.group(ref.bucket);
  const closing = await write.finish({
    key: objectKey(ref, key),
    value: encodeManifest({ ...manifest, versionId: NULL_VERSION }),
  });
  let decided = commit.early;
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    if (alive.bucket.versioning !== "off") return commitVersion(services, commit, closing);
    if (commit.condition !== undefined && decided === undefined) {
      const view = await kv.snapshot();
      decided = await decideWrite(view, ref, key, commit.condition, manifest.invocation);
    }
    const all = decided === undefined ? closing.guards : [...closing.guards, decided];
    const outcome = await transactGuarded(kv, all, closing.mutations);
    if (outcome.kind === "committed") return NULL_VERSION;
    decided = undefined;
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", key]] });
}

/** The bucket has versioning: each attempt decides on the current version, which it keeps. */
async function commitVersion(
  services: S3Services,
  { alive, key, manifest, condition }: ObjectCommit,
  closing: Closing,
): Promise<VersionId> {
  const { bucket: name } = alive.bucket;
  const kv = services.kv.group(name);
  return services.turns.take(name, key, async () => {
    for (let attempt = 0; attempt < VERSION_ATTEMPTS_MAX; attempt++) {
      const { bucket } = alive;
      const view = await kv.snapshot();
      const decided =
        condition === undefined ? [] : [await decideWrite(view, bucket, key, condition, manifest.invocation)];
      const current = await currentVersion(view, bucket, key);
      const placement = placeVersion(bucket, key, current, view.readTs, services.random);
      const { order, versionId } = placement;
      const lock = await lockOfNew(services, view, bucket, manifest.lock);
      const value = encodeManifest({ ...manifest, versionId, order, lock });
      const outcome = await transactGuarded(
        kv,
        [...closing.guards, ...decided, ...placement.guards],
        placed(closing.mutations, bucket, key, value, placement),
      );
      if (outcome.kind === "committed") return versionId;
    }
    throw tooManyWriters();
  });
}

/** The mutations that make an object current, for the version that `placement` has decided. */
function placed(
  mutations: readonly TxnMutation[],
  ref: BucketRef,
  key: string,
  value: Uint8Array,
  { before, keepContent, unmarks }: Placement,
): TxnMutation[] {
  const row = objectKey(ref, key);
  const own = mutations.map((mutation) =>
    mutation.kind === "put" && sameBytes(mutation.key, row) ? { ...mutation, value, keepContent } : mutation,
  );
  return [...before, ...unmarks, ...own];
}

export function tooManyWriters(): S3Error {
  return new S3Error("SlowDown", { message: "Too many writers of one key at once. Please try again." });
}

/**
 * Decides the condition before the body is read: a failed condition then saves the client the upload.
 * @throws S3Error PreconditionFailed, NoSuchKey; WrittenBefore; KvError
 */
export async function decideEarly(
  view: ReadView,
  ref: BucketRef,
  key: string,
  condition: WriteCondition,
  invocation: Uint8Array | undefined,
): Promise<Guard | undefined> {
  if (condition === undefined) return undefined;
  return decideWrite(view, ref, key, condition, invocation);
}
