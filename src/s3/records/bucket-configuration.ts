/**
 * Configurations of a bucket: one row each, below the bucket's generation, so that a new bucket of the same name has
 * none. Each configuration owns the format of its row (docs/format/keyspace.md).
 */
import type { KvClient, ReadView, TxnMutation } from "../../txn/types.ts";
import { S3Error } from "../protocol/errors.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "./guarded.ts";
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

/**
 * @param value undefined deletes the row
 * @param decide further guards, asked for again when one of them failed with `retry`
 * @throws S3Error NoSuchBucket, ServiceUnavailable, OperationAborted, those of the guards; KvError
 */
export async function writeConfiguration<B extends BucketRef>(
  services: {
    readonly kv: KvClient;
    readonly buckets: { aliveGuard(bucket: B): Guard };
    readonly newRows: NewRows;
  },
  bucket: B,
  name: ConfigurationName,
  value: Uint8Array | undefined,
  decide: () => Promise<readonly Guard[]> = async () => [],
): Promise<void> {
  if (value !== undefined) await services.newRows.allow();
  const key = configurationKey(bucket, name);
  const alive = services.buckets.aliveGuard(bucket);
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const outcome = await transactGuarded(
      services.kv.group(bucket.bucket),
      [alive, ...(await decide())],
      [value === undefined ? { kind: "delete", key } : { kind: "put", key, value }],
    );
    if (outcome.kind === "committed") return;
  }
  throw new S3Error("OperationAborted");
}

/** Of all configurations that the bucket may have. */
export function configurationKeys(ref: BucketRef): readonly Uint8Array[] {
  return CONFIGURATION_NAMES.map((name) => configurationKey(ref, name));
}

/** For DeleteBucket. */
export function deleteConfigurations(ref: BucketRef): readonly TxnMutation[] {
  return CONFIGURATION_NAMES.map((name) => ({ kind: "delete", key: configurationKey(ref, name) }));
}
