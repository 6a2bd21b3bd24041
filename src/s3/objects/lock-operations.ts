/** Retention and legal hold of a version, read and written (docs/decisions/171-object-lock.md). */
import { authorizeWritten } from "../context/authorize.ts";
import { type Handler, type ObjectExchange, openedBucket } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { isoTime } from "../protocol/iso-time.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import type { Guard } from "../records/guarded.ts";
import type { Retention } from "../records/lock.ts";
import { versionHeaders } from "../versions/current.ts";
import { ended } from "../versions/lock.ts";
import { document, tag } from "../xml/builder.ts";
import { type CurrentObject, currentObject } from "./current.ts";
import { readDocument } from "./document.ts";
import { asksForBypass, futureMs } from "./lock.ts";
import { rewriteObject } from "./rewrite.ts";

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
  await rewriteObject(exchange, (manifest) => ({
    manifest: { ...manifest, lock: { retention: manifest.lock?.retention, legalHold } },
  }));
  return emptyReply(200);
};

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
  await rewriteObject(exchange, (manifest) => ({
    manifest: { ...manifest, lock: { retention, legalHold: manifest.lock?.legalHold } },
    guards: mayReplace(manifest.lock?.retention, retention, bypass),
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
