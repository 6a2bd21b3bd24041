/** GetBucketVersioning and PutBucketVersioning (docs/decisions/170-versions.md). */
import type { TxnMutation } from "../../txn/types.ts";
import { type BucketExchange, type Handler, openedBucket } from "../context/exchange.ts";
import { notImplementedHeader } from "../headers/values.ts";
import { readDocument } from "../objects/document.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { type Bucket, madeAnew } from "../records/bucket-directory.ts";
import { type BucketRecord, encodeBucket } from "../records/bucket-record.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import { aliveKey, bucketKey } from "../records/keys.ts";
import { aliveState, type Versioning } from "../records/versioning.ts";
import { document, tag } from "../xml/builder.ts";
import { bucketGarbage, checkVersionsKnown } from "./lifecycle.ts";

const STATUS: Readonly<Record<Exclude<Versioning, "off">, string>> = {
  enabled: "Enabled",
  suspended: "Suspended",
};
const ELEMENTS = new Set(["MfaDelete", "Status"]);

export const getBucketVersioning: Handler<"bucket"> = async (exchange) => {
  const { versioning } = openedBucket(exchange).bucket;
  // S3 names no status of a bucket that was never versioned.
  const status = versioning === "off" ? "" : tag("Status", STATUS[versioning]);
  return xmlReply(document("VersioningConfiguration", status));
};

export const putBucketVersioning: Handler<"bucket"> = async (exchange) => {
  const { services } = exchange;
  const versioning = await requestedState(exchange);
  checkVersionsKnown(services);
  await changeBucket(exchange, (bucket) => {
    if (bucket.objectLock && versioning !== "enabled") {
      throw new S3Error("InvalidBucketState", {
        message:
          "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
      });
    }
    return { versioning, objectLock: bucket.objectLock };
  });
  return emptyReply(200);
};

/**
 * Changes the state of a bucket. The row that says that the bucket is alive is replaced, so that every write that was
 * decided under the old state fails when it is applied, wherever it comes from, and is decided again.
 * @param more mutations of the same transaction
 * @throws S3Error NoSuchBucket, OperationAborted, and what `change` throws; KvError
 */
export async function changeBucket(
  exchange: BucketExchange,
  change: (bucket: Bucket) => Pick<BucketRecord, "objectLock" | "versioning">,
  more: (bucket: Bucket) => readonly TxnMutation[] = () => [],
): Promise<void> {
  const { bucket: name, services } = exchange;
  const { generation } = openedBucket(exchange).bucket;
  const kv = services.kv.group(name);
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const { bucket, view } = await services.buckets.open(name);
    // A bucket that was made anew during the request may be another user's.
    if (bucket.generation !== generation) throw madeAnew();
    const row = await view.getMeta(bucketKey(name));
    if (row === undefined) throw new Error("a bucket without its row");
    const changed = { ...bucket, ...change(bucket) };
    const mutations = [...more(bucket)];
    if (aliveState(changed) !== aliveState(bucket)) {
      mutations.push(
        { kind: "put", key: bucketKey(name), value: encodeBucket(changed) },
        { kind: "delete", key: aliveKey(bucket, aliveState(bucket)), keepContent: true },
        {
          kind: "put",
          key: aliveKey(bucket, aliveState(changed)),
          value: new Uint8Array(0),
          garbage: bucketGarbage(services.content, bucket),
        },
      );
    }
    if (mutations.length === 0) return;
    const same: Guard = {
      condition: { kind: "version-equals", key: bucketKey(name), commitTs: row.commitTs },
      onFail: "retry",
    };
    const outcome = await transactGuarded(kv, [services.buckets.aliveGuard(bucket), same], mutations);
    if (outcome.kind === "committed") return;
  }
  throw new S3Error("OperationAborted");
}

/** @throws S3Error MissingRequestBodyError, MalformedXML, IllegalVersioningConfigurationException, NotImplemented */
async function requestedState(exchange: BucketExchange): Promise<Exclude<Versioning, "off">> {
  const root = await readDocument(exchange, "VersioningConfiguration");
  if (root.names.some((name) => !ELEMENTS.has(name))) throw new S3Error("MalformedXML");
  const mfa = root.childText("MfaDelete")?.trim();
  if (mfa === "Enabled") {
    throw notImplementedHeader("MfaDelete", "MFA delete is not available: no user has a device for it.");
  }
  if (mfa !== undefined && mfa !== "Disabled") throw new S3Error("MalformedXML");
  const status = root.childText("Status")?.trim();
  if (status === undefined) throw new S3Error("IllegalVersioningConfigurationException");
  if (status === STATUS.enabled) return "enabled";
  if (status === STATUS.suspended) return "suspended";
  throw new S3Error("MalformedXML");
}
