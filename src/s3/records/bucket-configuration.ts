/**
 * Configurations of a bucket: one row each, below the bucket's generation, so that a new bucket of the same name has
 * none. Each configuration owns the format of its row (docs/format/keyspace.md).
 */
import type { KvClient, ReadView, TxnMutation } from "../../txn/types.ts";
import { type Guard, type GuardedOutcome, transactGuarded } from "./guarded.ts";
import { type BucketRef, configurationKey } from "./keys.ts";

/** Every name that a release writes must be here: DeleteBucket deletes the rows of these names. */
const CONFIGURATION_NAMES = [
  "cors",
  "object-lock",
  "ownership",
  "policy",
  "public-access-block",
  "request-payment",
  "tagging",
  "versioning",
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

/**
 * @param value undefined deletes the row
 * @param guards further conditions; one may ask to decide again, and then nothing is written
 * @throws S3Error NoSuchBucket, those of the guards; KvError
 */
export async function writeConfiguration(
  services: { readonly kv: KvClient; readonly buckets: { aliveGuard(ref: BucketRef): Guard } },
  bucket: BucketRef,
  name: ConfigurationName,
  value: Uint8Array | undefined,
  guards: readonly Guard[] = [],
): Promise<GuardedOutcome> {
  const key = configurationKey(bucket, name);
  return transactGuarded(
    services.kv.group(bucket.bucket),
    [services.buckets.aliveGuard(bucket), ...guards],
    [value === undefined ? { kind: "delete", key } : { kind: "put", key, value }],
  );
}

/** For DeleteBucket. */
export function deleteConfigurations(ref: BucketRef): readonly TxnMutation[] {
  return CONFIGURATION_NAMES.map((name) => ({ kind: "delete", key: configurationKey(ref, name) }));
}
