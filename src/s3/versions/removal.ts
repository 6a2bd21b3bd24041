/**
 * Deletes versions by their ids. When the current version is among them, the newest version that is left becomes current
 * in the same transaction.
 */
import { keyAfter, prefixEnd } from "../../store/key-encoding.ts";
import type { Timestamp } from "../../store/types.ts";
import type { ReadView, TxnMutation } from "../../txn/types.ts";
import type { Guard } from "../records/guarded.ts";
import {
  type BucketRef,
  CURRENT_MARKER,
  keyVersionsPrefix,
  NULL_SLOT,
  objectKey,
  versionKey,
} from "../records/keys.ts";
import { decodeManifest, type Manifest } from "../records/manifest.ts";
import { NULL_VERSION, orderOf, type VersionId } from "../records/version-id.ts";
import { type CurrentVersion, currentVersion, slotOf, unchanged } from "./current.ts";
import { removalGuards } from "./lock.ts";

export interface Removal {
  readonly guards: readonly Guard[];
  /** Empty: none of the versions exists. */
  readonly mutations: readonly TxnMutation[];
  /** The deleted versions; a version that does not exist is not among them. */
  readonly removed: ReadonlyMap<VersionId, Manifest>;
  /** Versions with a lock that were not to be looked at. */
  readonly locked: ReadonlySet<VersionId>;
}

/** `refused`: versions with a lock stay. Else the request may or may not bypass a retention of mode GOVERNANCE. */
export type LockTreatment = "refused" | "bypass" | "no-bypass";

export async function planRemoval(
  view: ReadView,
  ref: BucketRef,
  key: string,
  named: ReadonlySet<VersionId>,
  locks: LockTreatment,
): Promise<Removal> {
  const ids = new Set(named);
  const locked = new Set<VersionId>();
  const current = await currentVersion(view, ref, key);
  const guards: Guard[] = [];
  const mutations: TxnMutation[] = [];
  const removed = new Map<VersionId, Manifest>();
  const currentId = current.kind === "none" ? undefined : current.manifest.versionId;
  const mayGo = (id: VersionId, { lock }: Manifest): boolean => {
    if (locks === "refused" && lock !== undefined) {
      ids.delete(id);
      locked.add(id);
      return false;
    }
    guards.push(...removalGuards(lock, locks === "bypass"));
    return true;
  };
  for (const id of named) {
    if (id === currentId) continue;
    const at = versionKey(ref, key, slotOf(id));
    const row = await view.getMeta(at);
    const manifest = row === undefined ? undefined : decodeManifest(row.value);
    if (row === undefined || manifest === undefined || !mayGo(id, manifest)) continue;
    // A removal of the newer versions may make this version current first.
    guards.push(stillThere(at, row.commitTs));
    mutations.push({ kind: "delete", key: at });
    removed.set(id, manifest);
  }
  const isGoing = current.kind !== "none" && named.has(current.manifest.versionId);
  if (isGoing && mayGo(current.manifest.versionId, current.manifest)) {
    removed.set(current.manifest.versionId, current.manifest);
    const next = await newestLeft(view, ref, key, ids);
    guards.push(
      ...unchanged(ref, key, current),
      ...(next === undefined ? [] : [stillThere(next.at, next.commitTs)]),
    );
    mutations.push(...succession(ref, key, current, next));
  }
  return { guards, mutations, removed, locked };
}

function stillThere(key: Uint8Array, commitTs: Timestamp): Guard {
  return { condition: { kind: "version-equals", key, commitTs }, onFail: "retry" };
}

interface Successor {
  readonly at: Uint8Array;
  readonly commitTs: Timestamp;
  readonly manifest: Manifest;
}

/** The newest version that is neither current nor among `ids`. */
async function newestLeft(
  view: ReadView,
  ref: BucketRef,
  key: string,
  ids: ReadonlySet<VersionId>,
): Promise<Successor | undefined> {
  const nullKey = versionKey(ref, key, NULL_SLOT);
  const nullRow = ids.has(NULL_VERSION) ? undefined : await view.getMeta(nullKey);
  // Newer versions sort first. One row more than there are ids has a version that is left, or there is none.
  const rows = await view.scan(keyAfter(nullKey), prefixEnd(keyVersionsPrefix(ref, key)), {
    limit: ids.size + 1,
  });
  let newest: Successor | undefined;
  for (const row of rows) {
    const manifest = decodeManifest(row.value);
    if (ids.has(manifest.versionId)) continue;
    newest = { at: row.key, commitTs: row.commitTs, manifest };
    break;
  }
  if (nullRow === undefined) return newest;
  const manifest = decodeManifest(nullRow.value);
  return newest === undefined || orderOf(manifest) > orderOf(newest.manifest)
    ? { at: nullKey, commitTs: nullRow.commitTs, manifest }
    : newest;
}

/** The content of the removed row becomes garbage: `archive` supersedes the row at its target as a put does. */
function succession(
  ref: BucketRef,
  key: string,
  current: Exclude<CurrentVersion, { readonly kind: "none" }>,
  next: Successor | undefined,
): TxnMutation[] {
  if (next === undefined) return [{ kind: "delete", key: current.at }];
  const isMarker = next.manifest.content.kind === "marker";
  const to = isMarker ? versionKey(ref, key, CURRENT_MARKER) : objectKey(ref, key);
  const stays = (current.kind === "marker") === isMarker;
  return [
    { kind: "archive", from: next.at, to },
    { kind: "delete", key: next.at, keepContent: true },
    ...(stays ? [] : [{ kind: "delete", key: current.at } as const]),
  ];
}
