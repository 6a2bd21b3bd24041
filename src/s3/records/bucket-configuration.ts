/**
 * Configurations of a bucket: one row each, below the bucket's generation, so that a new bucket of the same name has
 * none. Each configuration owns the format of its row (docs/format/keyspace.md).
 */
import type { KvClient, ReadView, TxnMutation } from "../../txn/types.ts";
import { S3Error } from "../protocol/errors.ts";
import type { Bucket, BucketDirectory } from "./bucket-directory.ts";
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
 * @param decide further conditions, decided anew for each attempt
 * @throws S3Error NoSuchBucket, ServiceUnavailable, OperationAborted, those of `decide`; KvError
 */
export async function writeConfiguration(
  services: { readonly kv: KvClient; readonly buckets: BucketDirectory; readonly newRows: NewRows },
  bucket: Bucket,
  name: ConfigurationName,
  value: Uint8Array | undefined,
  decide: () => Promise<readonly Guard[]> = () => Promise.resolve([]),
): Promise<void> {
  if (value !== undefined) await services.newRows.allow();
  const key = configurationKey(bucket, name);
  const mutation: TxnMutation = value === undefined ? { kind: "delete", key } : { kind: "put", key, value };
  const alive = services.buckets.aliveGuard(bucket);
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const outcome = await transactGuarded(
      services.kv.group(bucket.bucket),
      [alive, ...(await decide())],
      [mutation],
    );
    if (outcome.kind === "committed") return;
  }
  throw new S3Error("OperationAborted");
}

/** For DeleteBucket. */
export function deleteConfigurations(ref: BucketRef): readonly TxnMutation[] {
  return CONFIGURATION_NAMES.map((name) => ({ kind: "delete", key: configurationKey(ref, name) }));
}
