/** Deletes objects and versions: the transactions of DeleteObject and DeleteObjects. */
import type { KvGroup, TxnMutation } from "../../txn/types.ts";
import type { S3Services } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import type { AliveGuard } from "../records/bucket-directory.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import { objectKey } from "../records/keys.ts";
import type { RowOwner } from "../records/owner.ts";
import { NULL_VERSION, type VersionId } from "../records/version-id.ts";
import { currentVersion, noSuchVersion } from "../versions/current.ts";
import { markerMutations, placeVersion } from "../versions/placement.ts";
import { planRemoval, type Removal } from "../versions/removal.ts";
import { invalidVersionId } from "../versions/requested.ts";
import { tooManyWriters } from "./commit.ts";
import {
  checkVersionConditions,
  type DeleteFacts,
  decideDelete,
  decideWrite,
  type WriteCondition,
} from "./conditions.ts";

/** Other gateways may change the same keys meanwhile. */
const VERSION_ATTEMPTS_MAX = 64;

export interface Deletion {
  readonly key: string;
  readonly versionId: VersionId | undefined;
  readonly condition: WriteCondition;
  readonly facts: DeleteFacts | undefined;
  /** May, and wants to, bypass a retention of mode GOVERNANCE. */
  readonly bypass: boolean;
}

/** What a delete has done, as its answer says it. */
export type Deleted =
  /** The bucket has no versioning. */
  | { readonly kind: "object" }
  /** A delete marker with this id is the current version now. */
  | { readonly kind: "marked"; readonly versionId: VersionId }
  /** The version is gone, or was never there. */
  | { readonly kind: "version"; readonly versionId: VersionId; readonly marker: boolean }
  /** The version has a lock, which a batch does not look at. */
  | { readonly kind: "locked" };

const OBJECT: Deleted = { kind: "object" };

/** @throws S3Error PreconditionFailed, NoSuchKey, NoSuchBucket, InvalidArgument, ConditionalRequestConflict */
export async function deleteOne(
  services: S3Services,
  alive: AliveGuard,
  deletion: Deletion,
  owner: RowOwner,
): Promise<Deleted> {
  const { condition, facts, key, versionId } = deletion;
  const kv = services.kv.group(alive.bucket.bucket);
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const { bucket } = alive;
    if (bucket.versioning !== "off") {
      return services.turns.take(bucket.bucket, key, () => deleteVersioned(services, alive, deletion, owner));
    }
    if (versionId !== undefined && versionId !== NULL_VERSION) throw invalidVersionId(versionId);
    const guards: Guard[] = [alive];
    if (condition !== undefined || facts !== undefined) {
      const view = await kv.snapshot();
      if (condition !== undefined) guards.push(await decideWrite(view, bucket, key, condition));
      if (facts !== undefined) guards.push(await decideDelete(view, bucket, key, facts));
    }
    const outcome = await transactGuarded(kv, guards, [{ kind: "delete", key: objectKey(bucket, key) }]);
    if (outcome.kind === "committed") return OBJECT;
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", key]] });
}

async function deleteVersioned(
  services: S3Services,
  alive: AliveGuard,
  { bypass, condition, facts, key, versionId }: Deletion,
  owner: RowOwner,
): Promise<Deleted> {
  const kv = services.kv.group(alive.bucket.bucket);
  for (let attempt = 0; attempt < VERSION_ATTEMPTS_MAX; attempt++) {
    const { bucket } = alive;
    const view = await kv.snapshot();
    if (versionId === undefined) {
      const guards: Guard[] = [alive];
      if (condition !== undefined) guards.push(await decideWrite(view, bucket, key, condition));
      if (facts !== undefined) guards.push(await decideDelete(view, bucket, key, facts));
      const current = await currentVersion(view, bucket, key);
      const placement = placeVersion(bucket, key, current, view.readTs, services.random);
      const marker = { modifiedMs: services.clock.nowMs(), owner };
      const mutations = markerMutations(bucket, key, placement, marker);
      const outcome = await transactGuarded(kv, [...guards, ...placement.guards], mutations);
      if (outcome.kind === "committed") return { kind: "marked", versionId: placement.versionId };
      continue;
    }
    const locks = bypass ? "bypass" : "no-bypass";
    const removal = await planRemoval(view, bucket, key, new Set([versionId]), locks);
    const version = removal.removed.get(versionId);
    if (version !== undefined) checkVersionConditions(version, condition, facts);
    else if (condition?.kind === "matches") throw noSuchVersion(key, versionId);
    const outcome = await transactGuarded(kv, [alive, ...removal.guards], removal.mutations);
    if (outcome.kind === "committed") return removedOf(removal, versionId);
  }
  throw tooManyWriters();
}

function removedOf({ locked, removed }: Removal, versionId: VersionId): Deleted {
  if (locked.has(versionId)) return { kind: "locked" };
  return { kind: "version", versionId, marker: removed.get(versionId)?.content.kind === "marker" };
}

/** Of one key: either a set of versions, or the object (`undefined`). */
export interface KeyDeletion {
  readonly key: string;
  readonly versions: ReadonlySet<VersionId> | undefined;
}

/**
 * Deletes all of the batch in one transaction. @returns what became of each key, and of each version when versions were
 * named. @throws S3Error; KvError
 */
export async function deleteBatch(
  services: S3Services,
  alive: AliveGuard,
  batch: readonly KeyDeletion[],
  owner: RowOwner,
): Promise<(key: string, versionId: VersionId | undefined) => Deleted> {
  const kv = services.kv.group(alive.bucket.bucket);
  for (let attempt = 0; attempt < VERSION_ATTEMPTS_MAX; attempt++) {
    if (alive.bucket.versioning === "off") {
      const { bucket } = alive;
      const mutations: TxnMutation[] = batch
        .filter(({ versions }) => versions?.has(NULL_VERSION) !== false)
        .map(({ key }) => ({ kind: "delete", key: objectKey(bucket, key) }));
      const outcome = await transactGuarded(kv, [alive], mutations);
      if (outcome.kind === "committed") return () => OBJECT;
      continue;
    }
    const done = await deleteVersionedBatch(services, kv, alive, batch, owner);
    if (done !== undefined) return done;
  }
  throw tooManyWriters();
}

/** @returns undefined when another write has changed one of the keys meanwhile */
async function deleteVersionedBatch(
  services: S3Services,
  kv: KvGroup,
  alive: AliveGuard,
  batch: readonly KeyDeletion[],
  owner: RowOwner,
): Promise<((key: string, versionId: VersionId | undefined) => Deleted) | undefined> {
  const { bucket } = alive;
  const view = await kv.snapshot();
  const guards: Guard[] = [alive];
  const mutations: TxnMutation[] = [];
  const removals = new Map<string, Removal>();
  const markers = new Map<string, VersionId>();
  for (const { key, versions } of batch) {
    if (versions !== undefined) {
      const removal = await planRemoval(view, bucket, key, versions, "refused");
      removals.set(key, removal);
      guards.push(...removal.guards);
      mutations.push(...removal.mutations);
      continue;
    }
    const current = await currentVersion(view, bucket, key);
    const placement = placeVersion(bucket, key, current, view.readTs, services.random);
    markers.set(key, placement.versionId);
    guards.push(...placement.guards);
    mutations.push(...markerMutations(bucket, key, placement, { modifiedMs: services.clock.nowMs(), owner }));
  }
  const outcome = await transactGuarded(kv, guards, mutations);
  if (outcome.kind === "retry") return undefined;
  return (key, versionId) => {
    const removal = removals.get(key);
    if (removal !== undefined && versionId !== undefined) return removedOf(removal, versionId);
    const marker = markers.get(key);
    if (marker === undefined) throw new Error("a key that was not in the batch");
    return { kind: "marked", versionId: marker };
  };
}
