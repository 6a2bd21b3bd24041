/** Locks that requests ask for, and the headers of answers about locks. */

import { physicalMs } from "../../txn/hlc.ts";
import type { ReadView } from "../../txn/types.ts";
import { mayAlso } from "../context/authorize.ts";
import { type ObjectExchange, openedBucket, type S3Services } from "../context/exchange.ts";
import { notImplementedHeader } from "../headers/values.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { isoTime } from "../protocol/iso-time.ts";
import type { HeaderPair } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import { readConfiguration } from "../records/bucket-configuration.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import { decodeDefaultRetention, type Lock, type RetentionMode, retentionFrom } from "../records/lock.ts";
import type { Manifest } from "../records/manifest.ts";

const MODE = "x-amz-object-lock-mode";
const UNTIL = "x-amz-object-lock-retain-until-date";
const HOLD = "x-amz-object-lock-legal-hold";
const BYPASS = "x-amz-bypass-governance-retention";
const EVENT_HOLDS = [
  "x-amz-object-lock-event-hold",
  "x-amz-object-lock-event-hold-duration-days",
  "x-amz-object-lock-event-hold-duration-years",
];

/**
 * The lock that a write asks for, whose headers were checked. Called once the bucket was found. @throws S3Error
 * InvalidRequest (versity/versitygw#1751), InvalidArgument, NotImplemented
 */
export function requestedLock(exchange: ObjectExchange, { objectLock }: Bucket): Lock | undefined {
  const { headers, request, services } = exchange;
  if (!headers.asksForLock) return undefined;
  if (!objectLock) {
    throw new S3Error("InvalidRequest", { message: "Bucket is missing ObjectLockConfiguration" });
  }
  for (const name of EVENT_HOLDS) if (request.header(name) !== undefined) throw notImplementedHeader(name);
  const mode = request.header(MODE) as RetentionMode | undefined;
  const until = request.header(UNTIL);
  const legalHold = request.header(HOLD) as Lock["legalHold"];
  if (mode === undefined || until === undefined) return { retention: undefined, legalHold };
  return { retention: { mode, untilMs: futureMs(services, until, UNTIL) }, legalHold };
}

/** @throws S3Error InvalidArgument */
export function futureMs(services: S3Services, text: string, name: string): number {
  const ms = Date.parse(text);
  if (!(ms > services.clock.nowMs())) {
    throw invalidArgument(name, text.slice(0, 100), "The retain until date must be in the future!");
  }
  return ms;
}

/** What a new version gets: what the write asks for, and else the bucket's default retention. */
export async function lockOfNew(
  services: S3Services,
  view: ReadView,
  bucket: Bucket,
  asked: Lock | undefined,
): Promise<Lock | undefined> {
  if (!bucket.objectLock || asked?.retention !== undefined) return asked;
  const row = await readConfiguration(view, bucket, "object-lock");
  if (row === undefined) return asked;
  // A node's clock may be behind the log, which decides when the retention ends.
  const nowMs = Math.max(services.clock.nowMs(), physicalMs(view.readTs));
  return { retention: retentionFrom(decodeDefaultRetention(row), nowMs), legalHold: asked?.legalHold };
}

/** API reference, GetObject: "only returned if the requester has permission to view" retention and legal hold. */
export function lockHeaders(exchange: ObjectExchange, { lock, tags }: Manifest): HeaderPair[] {
  if (lock === undefined) return [];
  const { bucket, key, request } = exchange;
  const object = { bucket, key, versionId: request.query.get("versionId"), tags };
  const may = (action: string): boolean => mayAlso(exchange, object, openedBucket(exchange), action);
  const pairs: HeaderPair[] = [];
  if (lock.retention !== undefined && may("s3:GetObjectRetention")) {
    pairs.push([MODE, lock.retention.mode], [UNTIL, isoTime(lock.retention.untilMs)]);
  }
  if (lock.legalHold !== undefined && may("s3:GetObjectLegalHold")) pairs.push([HOLD, lock.legalHold]);
  return pairs;
}

/** As recorded: versity/versitygw#1218, jamesmcm/s3rename#10. @throws S3Error InvalidArgument */
export function asksForBypass(request: S3Request, { objectLock }: Bucket): boolean {
  const value = request.header(BYPASS);
  if (value?.toLowerCase() !== "true") return false;
  if (objectLock) return true;
  throw invalidArgument(BYPASS, value, `${BYPASS} is only applicable to Object Lock enabled buckets.`);
}
