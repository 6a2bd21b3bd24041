/** Retention and legal hold of a version, read and written (docs/decisions/171-object-lock.md). */
import { unreadableContent } from "../content/unreadable.ts";
import { authorizeWritten, reopenBucket } from "../context/authorize.ts";
import { type Handler, type ObjectExchange, openedBucket } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { isoTime } from "../protocol/iso-time.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import type { LegalHold, Lock, Retention } from "../records/lock.ts";
import { encodeManifest } from "../records/manifest.ts";
import { versionHeaders } from "../versions/current.ts";
import { ended } from "../versions/lock.ts";
import { document, tag } from "../xml/builder.ts";
import { type CurrentObject, currentObject } from "./current.ts";
import { readDocument } from "./document.ts";
import { asksForBypass, futureMs } from "./lock.ts";

/** Recorded 2026-09-29, us-east-1: brekkylab/backlot, tests. */
function withoutLock(): S3Error {
  return new S3Error("InvalidRequest", { message: "Bucket is missing Object Lock Configuration" });
}

async function lockableObject(exchange: ObjectExchange): Promise<CurrentObject> {
  if (!openedBucket(exchange).bucket.objectLock) throw withoutLock();
  return currentObject(exchange, "meta");
}

export const getObjectRetention: Handler<"object"> = async (exchange) => {
  const { bucket, manifest } = await lockableObject(exchange);
  const retention = manifest.lock?.retention;
  if (retention === undefined) throw new S3Error("NoSuchObjectLockConfiguration");
  const inner = tag("Mode", retention.mode) + tag("RetainUntilDate", isoTime(retention.untilMs));
  return xmlReply(document("Retention", inner), versionHeaders(bucket, manifest));
};

export const getObjectLegalHold: Handler<"object"> = async (exchange) => {
  const { bucket, manifest } = await lockableObject(exchange);
  const legalHold = manifest.lock?.legalHold;
  if (legalHold === undefined) throw new S3Error("NoSuchObjectLockConfiguration");
  return xmlReply(document("LegalHold", tag("Status", legalHold)), versionHeaders(bucket, manifest));
};

export const putObjectLegalHold: Handler<"object"> = async (exchange) => {
  if (!openedBucket(exchange).bucket.objectLock) throw withoutLock();
  const root = await readDocument(exchange, "LegalHold");
  const legalHold = root.childText("Status")?.trim();
  if (legalHold !== "ON" && legalHold !== "OFF") throw new S3Error("MalformedXML");
  authorizeWritten(exchange, { lock: { legalHold } });
  await changeLock(exchange, (lock) => ({ lock: withHold(lock, legalHold), guards: [] }));
  return emptyReply(200);
};

const withHold = (lock: Lock | undefined, legalHold: LegalHold): Lock => ({
  retention: lock?.retention,
  legalHold,
});

export const putObjectRetention: Handler<"object"> = async (exchange) => {
  const { request, services } = exchange;
  const { bucket } = openedBucket(exchange);
  if (!bucket.objectLock) throw withoutLock();
  const bypass = asksForBypass(request, bucket);
  const root = await readDocument(exchange, "Retention");
  const mode = root.childText("Mode")?.trim();
  const until = root.childText("RetainUntilDate")?.trim();
  let retention: Retention | undefined;
  // An empty document removes the retention.
  if (mode !== undefined || until !== undefined) {
    if (
      (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") ||
      until === undefined ||
      Number.isNaN(Date.parse(until))
    ) {
      throw new S3Error("MalformedXML");
    }
    retention = { mode, untilMs: futureMs(services, until, "RetainUntilDate") };
  }
  authorizeWritten(exchange, { lock: { retention } });
  await changeLock(exchange, (lock) => ({
    lock: { retention, legalHold: lock?.legalHold },
    guards: mayReplace(lock?.retention, retention, bypass),
  }));
  return emptyReply(200);
};

/**
 * A retention may be prolonged by anybody who may write it. All else needs its end, in mode GOVERNANCE also a bypass.
 * @throws S3Error AccessDenied
 */
function mayReplace(old: Retention | undefined, next: Retention | undefined, bypass: boolean): Guard[] {
  if (old === undefined) return [];
  const isLonger = next !== undefined && next.untilMs >= old.untilMs;
  if (isLonger && (next.mode === old.mode || old.mode === "GOVERNANCE")) return [];
  if (old.mode === "GOVERNANCE" && bypass) return [];
  return [ended(old.untilMs)];
}

/**
 * Writes the row of a version again, in its place, with another lock; the content of the row stays.
 * @throws S3Error NoSuchBucket, NoSuchKey, NoSuchVersion, MethodNotAllowed, AccessDenied, InvalidArgument; KvError
 */
async function changeLock(
  exchange: ObjectExchange,
  decide: (lock: Lock | undefined) => { readonly lock: Lock; readonly guards: readonly Guard[] },
): Promise<void> {
  const { services } = exchange;
  const kv = services.kv.group(exchange.bucket);
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const { at, bucket, manifest, row } = await currentObject(exchange, "with-payload");
    if (manifest.content.kind === "unknown") throw unreadableContent(String(manifest.content.number));
    const { guards, lock } = decide(manifest.lock);
    const same: Guard = {
      condition: { kind: "version-equals", key: at, commitTs: row.commitTs },
      onFail: "retry",
    };
    const outcome = await transactGuarded(
      kv,
      [services.buckets.aliveGuard(bucket), same, ...guards],
      [
        {
          kind: "put",
          key: at,
          value: encodeManifest({ ...manifest, lock }),
          payload: row.payload,
          garbage: row.garbage,
          keepContent: true,
        },
      ],
    );
    if (outcome.kind === "committed") return;
    await reopenBucket(exchange);
  }
  throw new S3Error("OperationAborted");
}
