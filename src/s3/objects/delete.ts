/** DeleteObject and DeleteObjects. */
import { openBody } from "../body/open-body.ts";
import type { Bucket } from "../buckets/directory.ts";
import { S3Error, toS3Error } from "../errors.ts";
import { bucketOf, type Exchange, type Handler, keyOf, type S3Services } from "../exchange.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../guarded.ts";
import { notImplementedHeader } from "../headers/values.ts";
import { objectKey } from "../keys.ts";
import { emptyReply, xmlReply } from "../replies.ts";
import { MAX_KEY_BYTES } from "../request.ts";
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

export const DELETE_OBJECTS_MAX = 1000;
const DELETE_BODY_BYTES_MAX = 2 * 1024 * 1024;
/** Payload-free operations in one Raft entry (docs/design/contract.md, section 5). */
const DELETES_PER_ENTRY = 64;
/** Batches of one DeleteObjects under way at a time. */
const BATCHES_IN_FLIGHT = 4;
const FACT_HEADERS = ["x-amz-if-match-size", "x-amz-if-match-last-modified-time"] as const;
const OBJECT_ELEMENTS = new Set(["ETag", "Key", "LastModifiedTime", "Size", "VersionId"]);
const FACT_ELEMENTS = ["Size", "LastModifiedTime"] as const;

export const deleteObject: Handler = async (exchange) => {
  const { request, services } = exchange;
  if (request.header("if-none-match") !== undefined) throw notImplementedHeader("If-None-Match");
  checkVersionId(request.query.get("versionId"));
  const condition = writeConditionOf(request);
  const facts = deleteFacts(request.header(FACT_HEADERS[0]), request.header(FACT_HEADERS[1]), FACT_HEADERS);
  const bucket = await services.buckets.forWrite(bucketOf(exchange));
  await deleteOne(services, bucket, keyOf(exchange), condition, facts);
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
      const view = await services.kv.snapshot();
      if (condition !== undefined) guards.push(await decideWrite(view, bucket, key, condition));
      if (facts !== undefined) guards.push(await decideDelete(view, bucket, key, facts));
    }
    const outcome = await transactGuarded(services.kv, guards, [
      { kind: "delete", key: objectKey(bucket, key) },
    ]);
    if (outcome.kind === "committed") return;
  }
  throw new S3Error("ConditionalRequestConflict", { extra: [["Key", key]] });
}

interface Victim {
  readonly key: string;
  readonly versionId: string | undefined;
  readonly condition: WriteCondition;
  facts: DeleteFacts | undefined;
  /** Decided before anything is deleted. */
  error: S3Error | undefined;
}

export const deleteObjects: Handler = async (exchange) => {
  const { services } = exchange;
  const { quiet, victims } = await readRequest(exchange);
  const bucket = await services.buckets.forWrite(bucketOf(exchange));
  await deleteAll(services, bucket, victims);
  // A 503 of one key within a 200 is repeated by no client, that of the whole request by all. Deleting twice is deleting,
  // unless a condition was met by an object that the first time has deleted.
  const later = victims.find((victim) => victim.error?.status === 503);
  if (later !== undefined && victims.every(({ condition }) => condition === undefined)) throw later.error;
  return xmlReply(document("DeleteResult", victims.map((victim) => resultOf(victim, quiet)).join("")));
};

async function readRequest(exchange: Exchange): Promise<{ quiet: boolean; victims: Victim[] }> {
  const { request, services, auth } = exchange;
  const body = openBody(request, auth, { hashes: services.hashes, maxLength: DELETE_BODY_BYTES_MAX });
  let root: XmlElement;
  try {
    if (request.header("content-md5") === undefined && body.checksumAlgorithm === undefined) {
      throw new S3Error("InvalidRequest", {
        message: "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
      });
    }
    root = parseXml(await body.readAll(DELETE_BODY_BYTES_MAX), "Delete");
  } finally {
    body.abort();
  }
  const objects = root.children("Object");
  if (objects.length === 0 || objects.length > DELETE_OBJECTS_MAX) throw new S3Error("MalformedXML");
  const quiet = root.childText("Quiet")?.trim().toLowerCase() === "true";
  return { quiet, victims: objects.map(victimOf) };
}

function victimOf(object: XmlElement): Victim {
  const key = object.childText("Key");
  if (key === undefined || key === "") throw new S3Error("MalformedXML");
  // What is not understood may be a condition of tomorrow.
  if (object.names.some((name) => !OBJECT_ELEMENTS.has(name))) throw new S3Error("MalformedXML");
  const versionId = object.childText("VersionId");
  const etag = object.childText("ETag");
  const victim: Victim = {
    key,
    versionId,
    condition: etag === undefined ? undefined : { kind: "matches", etag },
    facts: undefined,
    error: undefined,
  };
  try {
    if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error("KeyTooLongError");
    victim.facts = deleteFacts(
      object.childText(FACT_ELEMENTS[0]),
      object.childText(FACT_ELEMENTS[1]),
      FACT_ELEMENTS,
    );
    // In a list it is a key's own error (recorded there too).
    if (versionId !== undefined && versionId !== "null") {
      throw new S3Error("NoSuchVersion", { message: "The specified version does not exist." });
    }
  } catch (error) {
    victim.error = toS3Error(error);
  }
  return victim;
}

function isPlain({ condition, facts }: Victim): boolean {
  return condition === undefined && facts === undefined;
}

/** Unconditional deletes go in batches, conditional ones each on its own. */
async function deleteAll(services: S3Services, bucket: Bucket, victims: readonly Victim[]): Promise<void> {
  const plain = victims.filter((victim) => victim.error === undefined && isPlain(victim));
  const tasks: (() => Promise<void>)[] = [];
  for (let i = 0; i < plain.length; i += DELETES_PER_ENTRY) {
    tasks.push(() => deleteBatch(services, bucket, plain.slice(i, i + DELETES_PER_ENTRY)));
  }
  for (const victim of victims) {
    if (victim.error !== undefined || isPlain(victim)) continue;
    tasks.push(async () => {
      try {
        await deleteOne(services, bucket, victim.key, victim.condition, victim.facts);
      } catch (error) {
        victim.error = toS3Error(error);
      }
    });
  }
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await task();
  };
  await Promise.all(Array.from({ length: Math.min(BATCHES_IN_FLIGHT, tasks.length) }, worker));
}

async function deleteBatch(services: S3Services, bucket: Bucket, batch: readonly Victim[]): Promise<void> {
  // The same key twice in one transaction would be two mutations of one row.
  const keys = new Set(batch.map((victim) => victim.key));
  try {
    await transactGuarded(
      services.kv,
      [services.buckets.aliveGuard(bucket)],
      [...keys].map((key) => ({ kind: "delete", key: objectKey(bucket, key) })),
    );
  } catch (error) {
    const refused = toS3Error(error);
    if (refused.code === "NoSuchBucket") throw refused;
    for (const victim of batch) victim.error = refused;
  }
}

function resultOf(victim: Victim, quiet: boolean): string {
  const name = tag("Key", victim.key) + tag("VersionId", victim.versionId);
  if (victim.error !== undefined) {
    return element("Error", name + tag("Code", victim.error.code) + tag("Message", victim.error.message));
  }
  return quiet ? "" : element("Deleted", name);
}
