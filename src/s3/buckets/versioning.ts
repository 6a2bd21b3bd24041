/** GetBucketVersioning and PutBucketVersioning (docs/decisions/170-versions.md). */
import { openBody } from "../body/open-body.ts";
import { type BucketExchange, type Handler, openedBucket } from "../context/exchange.ts";
import { notImplementedHeader } from "../headers/values.ts";
import { S3Error } from "../protocol/errors.ts";
import { CONFIGURATION_BYTES_MAX } from "../protocol/limits.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { madeAnew } from "../records/bucket-directory.ts";
import { encodeBucket } from "../records/bucket-record.ts";
import { DECISION_ATTEMPTS_MAX, transactGuarded } from "../records/guarded.ts";
import { aliveKey, bucketKey } from "../records/keys.ts";
import type { Versioning } from "../records/versioning.ts";
import { document, tag } from "../xml/builder.ts";
import { parseXml } from "../xml/reader.ts";
import { bucketGarbage } from "./lifecycle.ts";

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

/**
 * Replaces the row that says that the bucket is alive, so that every write that was decided under the old state fails
 * when it is applied, wherever it comes from, and is decided again.
 */
export const putBucketVersioning: Handler<"bucket"> = async (exchange) => {
  const { services } = exchange;
  const name = exchange.bucket;
  const kv = services.kv.group(name);
  const { generation } = openedBucket(exchange).bucket;
  const versioning = await requestedState(exchange);
  if (!services.versioningOpen()) {
    throw new S3Error("ServiceUnavailable", {
      message:
        "Not every node of the cluster knows versions yet, or one of them was not reached since this node started. Please try again when all nodes run this release.",
    });
  }
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const { bucket, view } = await services.buckets.open(name);
    // A bucket that was made anew during the request may be another user's.
    if (bucket.generation !== generation) throw madeAnew();
    if (bucket.versioning === versioning) return emptyReply(200);
    const row = await view.getMeta(bucketKey(name));
    if (row === undefined) throw new Error("a bucket without its row");
    const outcome = await transactGuarded(
      kv,
      [
        services.buckets.aliveGuard(bucket),
        {
          condition: { kind: "version-equals", key: bucketKey(name), commitTs: row.commitTs },
          onFail: "retry",
        },
      ],
      [
        { kind: "put", key: bucketKey(name), value: encodeBucket({ ...bucket, versioning }) },
        { kind: "delete", key: aliveKey(bucket, bucket.versioning), keepContent: true },
        {
          kind: "put",
          key: aliveKey(bucket, versioning),
          value: new Uint8Array(0),
          garbage: bucketGarbage(services.content, bucket),
        },
      ],
    );
    if (outcome.kind === "committed") return emptyReply(200);
  }
  throw new S3Error("OperationAborted");
};

/** @throws S3Error MissingRequestBodyError, MalformedXML, IllegalVersioningConfigurationException, NotImplemented */
async function requestedState(exchange: BucketExchange): Promise<Exclude<Versioning, "off">> {
  const { request, services, auth } = exchange;
  const body = openBody(request, auth, { hashes: services.hashes, maxLength: CONFIGURATION_BYTES_MAX });
  let bytes: Uint8Array;
  try {
    bytes = await body.readAll(CONFIGURATION_BYTES_MAX);
  } finally {
    body.abort();
  }
  if (bytes.byteLength === 0) throw new S3Error("MissingRequestBodyError");
  const root = parseXml(bytes, "VersioningConfiguration");
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
