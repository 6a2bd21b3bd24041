/** DeleteObject and DeleteObjects. */

import { openBody } from "../body/open-body.ts";
import { authorizeKey } from "../context/authorize.ts";
import { type BucketExchange, type Handler, openedBucket, type S3Services } from "../context/exchange.ts";
import { notImplementedHeader } from "../headers/values.ts";
import { S3Error, toS3Error } from "../protocol/errors.ts";
import { DELETE_OBJECTS_MAX, KEY_BYTES_MAX, LIST_DOCUMENT_BYTES_MAX } from "../protocol/limits.ts";
import { emptyReply, xmlReply } from "../protocol/replies.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import { objectKey } from "../records/keys.ts";
import { document, element, tag } from "../xml/builder.ts";
import { parseXml, type XmlElement } from "../xml/reader.ts";
import {
  type DeleteFacts,
  decideDelete,
  decideWrite,
  deleteFacts,
  type WriteCondition,
  writeConditionOf,
} from "./conditions.ts";
import { checkVersionId } from "./current.ts";

/** Payload-free operations in one Raft entry (docs/design/contract.md, section 5). */
const DELETES_PER_ENTRY = 64;
/** Batches of one DeleteObjects that run at the same time. */
const BATCHES_IN_FLIGHT = 4;
const FACT_HEADERS = ["x-amz-if-match-size", "x-amz-if-match-last-modified-time"] as const;
const OBJECT_ELEMENTS = new Set(["ETag", "Key", "LastModifiedTime", "Size", "VersionId"]);
const FACT_ELEMENTS = ["Size", "LastModifiedTime"] as const;

export const deleteObject: Handler<"object"> = async (exchange) => {
  const { request, services } = exchange;
  const { bucket } = openedBucket(exchange);
  if (request.header("if-none-match") !== undefined) throw notImplementedHeader("If-None-Match");
  checkVersionId(request.query.get("versionId"));
  const condition = writeConditionOf(request);
  const facts = deleteFacts(request.header(FACT_HEADERS[0]), request.header(FACT_HEADERS[1]), FACT_HEADERS);
  await deleteOne(services, bucket, exchange.key, condition, facts);
  return emptyReply(204);
};

/** @throws S3Error PreconditionFailed, NoSuchKey, NoSuchBucket, ConditionalRequestConflict */
async function deleteOne(
  services: S3Services,
  bucket: Bucket,
  key: string,
  condition: WriteCondition,
  facts: DeleteFacts | undefined,
): Promise<void> {
  const alive = services.buckets.aliveGuard(bucket);
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const guards: Guard[] = [alive];
    if (condition !== undefined || facts !== undefined) {
      const view = await services.kv.group(bucket.bucket).snapshot();
      if (condition !== undefined) guards.push(await decideWrite(view, bucket, key, condition));
      if (facts !== undefined) guards.push(await decideDelete(view, bucket, key, facts));
    }
    const outcome = await transactGuarded(services.kv.group(bucket.bucket), guards, [
      { kind: "delete", key: objectKey(bucket, key) },
    ]);
    if (outcome.kind === "committed") return;
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", key]] });
}

interface Target {
  readonly key: string;
  readonly versionId: string | undefined;
  readonly condition: WriteCondition;
  facts: DeleteFacts | undefined;
  /** Error of this key, from the checks before all deletes or from the delete itself. */
  error: S3Error | undefined;
}

export const deleteObjects: Handler<"bucket"> = async (exchange) => {
  const { services } = exchange;
  const { quiet, targets } = await readRequest(exchange);
  const { bucket } = openedBucket(exchange);
  await deleteAll(services, bucket, targets);
  // No client repeats a key that has a 503 within a 200, but every client repeats a request that has a 503. A
  // repeated delete is harmless, unless the first delete has removed the object that met a condition.
  const later = targets.find((target) => target.error?.status === 503);
  if (later !== undefined && targets.every(({ condition }) => condition === undefined)) throw later.error;
  return xmlReply(document("DeleteResult", targets.map((target) => resultOf(target, quiet)).join("")));
};

async function readRequest(exchange: BucketExchange): Promise<{ quiet: boolean; targets: Target[] }> {
  const { request, services, auth } = exchange;
  const body = openBody(request, auth, { hashes: services.hashes, maxLength: LIST_DOCUMENT_BYTES_MAX });
  let root: XmlElement;
  try {
    if (request.header("content-md5") === undefined && body.checksumAlgorithm === undefined) {
      throw new S3Error("InvalidRequest", {
        message: "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
      });
    }
    root = parseXml(await body.readAll(LIST_DOCUMENT_BYTES_MAX), "Delete");
  } finally {
    body.abort();
  }
  const objects = root.children("Object");
  if (objects.length === 0 || objects.length > DELETE_OBJECTS_MAX) throw new S3Error("MalformedXML");
  const quiet = root.childText("Quiet")?.trim().toLowerCase() === "true";
  return { quiet, targets: objects.map((object) => targetOf(exchange, object)) };
}

function targetOf(exchange: BucketExchange, object: XmlElement): Target {
  const key = object.childText("Key");
  if (key === undefined || key === "") throw new S3Error("MalformedXML");
  // An unknown element may be a condition of a later version of S3.
  if (object.names.some((name) => !OBJECT_ELEMENTS.has(name))) throw new S3Error("MalformedXML");
  const versionId = object.childText("VersionId");
  const etag = object.childText("ETag");
  const target: Target = {
    key,
    versionId,
    condition: etag === undefined ? undefined : { kind: "matches", etag },
    facts: undefined,
    error: undefined,
  };
  try {
    authorizeKey(exchange, { bucket: exchange.bucket, key, versionId });
    if (Buffer.byteLength(key) > KEY_BYTES_MAX) throw new S3Error("KeyTooLongError");
    target.facts = deleteFacts(
      object.childText(FACT_ELEMENTS[0]),
      object.childText(FACT_ELEMENTS[1]),
      FACT_ELEMENTS,
    );
    // In a list, a wrong version is an error of its key only (recorded in the source of `checkVersionId` too).
    if (versionId !== undefined && versionId !== "null") {
      throw new S3Error("NoSuchVersion", { message: "The specified version does not exist." });
    }
  } catch (error) {
    target.error = toS3Error(error);
  }
  return target;
}

function isPlain({ condition, facts }: Target): boolean {
  return condition === undefined && facts === undefined;
}

/** Unconditional deletes run in batches; each conditional delete has its own transaction. */
async function deleteAll(services: S3Services, bucket: Bucket, targets: readonly Target[]): Promise<void> {
  const plain = targets.filter((target) => target.error === undefined && isPlain(target));
  const tasks: (() => Promise<void>)[] = [];
  for (let i = 0; i < plain.length; i += DELETES_PER_ENTRY) {
    tasks.push(() => deleteBatch(services, bucket, plain.slice(i, i + DELETES_PER_ENTRY)));
  }
  for (const target of targets) {
    if (target.error !== undefined || isPlain(target)) continue;
    tasks.push(async () => {
      try {
        await deleteOne(services, bucket, target.key, target.condition, target.facts);
      } catch (error) {
        target.error = toS3Error(error);
      }
    });
  }
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await task();
  };
  await Promise.all(Array.from({ length: Math.min(BATCHES_IN_FLIGHT, tasks.length) }, worker));
}

async function deleteBatch(services: S3Services, bucket: Bucket, batch: readonly Target[]): Promise<void> {
  // The same key twice in one transaction would be two mutations of one row.
  const keys = new Set(batch.map((target) => target.key));
  try {
    await transactGuarded(
      services.kv.group(bucket.bucket),
      [services.buckets.aliveGuard(bucket)],
      [...keys].map((key) => ({ kind: "delete", key: objectKey(bucket, key) })),
    );
  } catch (error) {
    const refused = toS3Error(error);
    if (refused.code === "NoSuchBucket") throw refused;
    for (const target of batch) target.error = refused;
  }
}

function resultOf(target: Target, quiet: boolean): string {
  const name = tag("Key", target.key) + tag("VersionId", target.versionId);
  if (target.error !== undefined) {
    return element("Error", name + tag("Code", target.error.code) + tag("Message", target.error.message));
  }
  return quiet ? "" : element("Deleted", name);
}
