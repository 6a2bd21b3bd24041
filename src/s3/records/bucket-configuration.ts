/**
 * Configurations of a bucket: one row each, below the bucket's generation, so that a new bucket of the same name has
 * none. Each configuration owns the format of its row (docs/format/keyspace.md).
 */
import type { KvClient, ReadView, TxnMutation } from "../../txn/types.ts";
import type { Bucket, BucketDirectory } from "./bucket-directory.ts";
import { transactUnchanged } from "./guarded.ts";
import { type BucketRef, configurationKey } from "./keys.ts";
import type { NewRows } from "./new-rows.ts";

/** Every name that a release writes must be here: DeleteBucket deletes the rows of these names. */
const CONFIGURATION_NAMES = [
  "cors",
  "object-lock",
  "ownership",
  "policy",
  "public-access-block",
  "request-payment",
  "tagging",
] as const;

export type ConfigurationName = (typeof CONFIGURATION_NAMES)[number];

/** Undefined: the bucket has no such configuration. @throws KvError */
export async function readConfiguration(
  view: ReadView,
  ref: BucketRef,
  name: ConfigurationName,
): Promise<Uint8Array | undefined> {
  return (await view.getMeta(configurationKey(ref, name)))?.value;
}

/** @param value undefined deletes the row. @throws S3Error NoSuchBucket, ServiceUnavailable; KvError */
export async function writeConfiguration(
  services: { readonly kv: KvClient; readonly buckets: BucketDirectory; readonly newRows: NewRows },
  bucket: Bucket,
  name: ConfigurationName,
  value: Uint8Array | undefined,
): Promise<void> {
  if (value !== undefined) await services.newRows.allow();
  const key = configurationKey(bucket, name);
  await transactUnchanged(
    services.kv.group(bucket.bucket),
    [services.buckets.aliveGuard(bucket)],
    [value === undefined ? { kind: "delete", key } : { kind: "put", key, value }],
  );
}

/** Of all configurations that the bucket may have. */
export function configurationKeys(ref: BucketRef): readonly Uint8Array[] {
  return CONFIGURATION_NAMES.map((name) => configurationKey(ref, name));
}

/** For DeleteBucket. */
export function deleteConfigurations(ref: BucketRef): readonly TxnMutation[] {
  return CONFIGURATION_NAMES.map((name) => ({ kind: "delete", key: configurationKey(ref, name) }));
}
