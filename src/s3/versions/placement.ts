/**
 * Where a new version goes, and what becomes of the version that it follows: one transaction keeps the older version and
 * makes the new one current. No byte of content moves: the row that names the content does.
 */
import type { Random } from "../../platform/random.ts";
import type { Timestamp } from "../../store/types.ts";
import type { TxnMutation } from "../../txn/types.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import type { Guard } from "../records/guarded.ts";
import { CURRENT_MARKER, NULL_SLOT, objectKey, versionKey } from "../records/keys.ts";
import { encodeManifest, type Manifest } from "../records/manifest.ts";
import { NULL_VERSION, newVersionId, orderOf, type VersionId } from "../records/version-id.ts";
import { type CurrentVersion, slotOf, unchanged } from "./current.ts";

export interface Placement {
  readonly versionId: VersionId;
  /** Of a version `null`, whose id does not say its place. */
  readonly order: Timestamp | undefined;
  readonly guards: readonly Guard[];
  /** Keep what the new version follows. They come before the mutation that makes the new version current. */
  readonly before: readonly TxnMutation[];
  /** Removes the current delete marker, when the new version is an object. */
  readonly unmarks: readonly TxnMutation[];
  /** The content of the replaced row "o" stays: another row names it now. */
  readonly keepContent: boolean;
}

/**
 * @param readTs of the view in which `current` was read: above the order of every older version, because each of those
 *   was ordered by a view from before its own commit. A restored version has the order of another cluster, which may be
 *   ahead; a version that follows it is ordered behind it.
 */
export function placeVersion(
  bucket: Bucket,
  key: string,
  current: CurrentVersion,
  readTs: Timestamp,
  random: Random,
): Placement {
  const order = orderAfter(current, readTs);
  const isEnabled = bucket.versioning === "enabled";
  const before: TxnMutation[] = [];
  // A new version `null` takes the place of the older one, wherever that lies.
  if (!isEnabled) before.push({ kind: "delete", key: versionKey(bucket, key, NULL_SLOT) });
  const replaced = !isEnabled && current.kind !== "none" && current.manifest.versionId === NULL_VERSION;
  if (current.kind !== "none" && !replaced) {
    const to = versionKey(bucket, key, slotOf(current.manifest.versionId));
    before.push({ kind: "archive", from: current.at, to });
  }
  return {
    versionId: isEnabled ? newVersionId(order, random) : NULL_VERSION,
    order: isEnabled ? undefined : order,
    guards: unchanged(bucket, key, current),
    before,
    unmarks: current.kind === "marker" ? [{ kind: "delete", key: current.at }] : [],
    keepContent: current.kind === "object" && !replaced,
  };
}

function orderAfter(current: CurrentVersion, readTs: Timestamp): Timestamp {
  if (current.kind === "none") return readTs;
  const next = orderOf(current.manifest) + 1n;
  return next > readTs ? next : readTs;
}

/** Makes a delete marker the current version. */
export function markerMutations(
  bucket: Bucket,
  key: string,
  { before, keepContent, order, versionId }: Placement,
  marker: Pick<Manifest, "modifiedMs" | "owner">,
): TxnMutation[] {
  const manifest: Manifest = {
    ...marker,
    versionId,
    order,
    size: 0,
    etag: "",
    headers: NO_HEADERS,
    metadata: [],
    checksum: undefined,
    storageClass: "STANDARD",
    content: { kind: "marker" },
  };
  return [
    ...before,
    { kind: "delete", key: objectKey(bucket, key), keepContent },
    { kind: "put", key: versionKey(bucket, key, CURRENT_MARKER), value: encodeManifest(manifest) },
  ];
}

const NO_HEADERS: Manifest["headers"] = {
  contentType: "",
  contentEncoding: "",
  contentDisposition: "",
  contentLanguage: "",
  cacheControl: "",
  expires: "",
};
