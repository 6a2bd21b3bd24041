/** The transaction that makes an object current: the linearisation point of every write of an object. */
import type { TxnMutation } from "../../txn/types.ts";
import type { ContentWriter } from "../content/writer.ts";
import type { S3Services } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { encodeDisposal } from "../records/attempt.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, guardedTxn, transactGuarded } from "../records/guarded.ts";
import { attemptChunksPrefix, type BucketRef, objectKey } from "../records/keys.ts";
import { type Content, encodeManifest, type Manifest } from "../records/manifest.ts";
import { decideWrite, type WriteCondition } from "./conditions.ts";

/** What the object's row leaves behind when it is superseded. */
function disposalOf(ref: BucketRef, key: string, content: Content): Uint8Array | undefined {
  if (content.kind === "inline") return undefined;
  return encodeDisposal([attemptChunksPrefix(ref, key, content.attempt)]);
}

export function manifestMutation(
  ref: BucketRef,
  key: string,
  manifest: Manifest,
  payload: Uint8Array | undefined,
  keepContent = false,
): TxnMutation {
  return {
    kind: "put",
    key: objectKey(ref, key),
    value: encodeManifest(manifest),
    payload,
    disposal: disposalOf(ref, key, manifest.content),
    ...(keepContent ? { keepContent } : {}),
  };
}

export interface ObjectCommit {
  readonly ref: BucketRef;
  readonly key: string;
  readonly manifest: Manifest;
  readonly condition: WriteCondition;
  /** The guard decided before the body was read; the first apply uses it. */
  readonly early: Guard | undefined;
  readonly writer: ContentWriter;
}

/**
 * Chunks that are still in hand, manifest and end of the intent, in one transaction.
 * @throws S3Error PreconditionFailed, NoSuchKey, ConditionalRequestConflict, NoSuchBucket; WrittenBefore; KvError
 */
export async function commitObject(services: S3Services, commit: ObjectCommit): Promise<void> {
  const { ref, key, manifest, writer } = commit;
  const kv = services.kv.group(ref.bucket);
  const put = manifestMutation(ref, key, manifest, writer.payload);
  let decided = commit.early;
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    if (commit.condition !== undefined && decided === undefined) {
      const view = await kv.snapshot();
      decided = await decideWrite(view, ref, key, commit.condition, manifest.invocation);
    }
    const guards = (): Guard[] => [...writer.closingGuards, ...(decided === undefined ? [] : [decided])];
    const fits =
      writer.closingMutations.length === 0 ||
      kv.encodedSize(guardedTxn(guards(), [...writer.closingMutations, put])) <= kv.maxTxnBytes;
    if (!fits) await writer.flushLast();
    const outcome = await transactGuarded(kv, guards(), [...writer.closingMutations, put]);
    if (outcome.kind === "committed") return;
    decided = undefined;
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", key]] });
}

/** Before the body is read: a condition that fails already need not cost the client its upload.
 *  @throws S3Error PreconditionFailed, NoSuchKey; WrittenBefore; KvError */
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
