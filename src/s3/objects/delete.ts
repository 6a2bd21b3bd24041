/** DeleteObject and DeleteObjects. */

import { openBody } from "../body/open-body.ts";
import { authorizeKey } from "../context/authorize.ts";
import { type BucketExchange, type Handler, openedBucket, type S3Services } from "../context/exchange.ts";
import { ownerOfObject } from "../context/owners.ts";
import { notImplementedHeader } from "../headers/values.ts";
import { S3Error, toS3Error } from "../protocol/errors.ts";
import { DELETE_OBJECTS_MAX, KEY_BYTES_MAX, LIST_DOCUMENT_BYTES_MAX } from "../protocol/limits.ts";
import { emptyReply, type HeaderPair, xmlReply } from "../protocol/replies.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import type { RowOwner } from "../records/owner.ts";
import { NULL_VERSION, parseVersionId, type VersionId } from "../records/version-id.ts";
import { requestedVersion } from "../versions/requested.ts";
import { document, element, tag } from "../xml/builder.ts";
import { parseXml, type XmlElement } from "../xml/reader.ts";
import { type DeleteFacts, deleteFacts, type WriteCondition, writeConditionOf } from "./conditions.ts";
import { type Deleted, deleteBatch, deleteOne, type KeyDeletion } from "./delete-one.ts";
import { asksForBypass } from "./lock.ts";

/** Payload-free operations in one Raft entry (docs/design/contract.md, section 5). */
const DELETES_PER_ENTRY = 64;
/** Batches of one DeleteObjects that run at the same time. */
const BATCHES_IN_FLIGHT = 4;
/** Deciding about keys may hold the event loop this long. */
const TURN_MS = 5;
const FACT_HEADERS = ["x-amz-if-match-size", "x-amz-if-match-last-modified-time"] as const;
const OBJECT_ELEMENTS = new Set(["ETag", "Key", "LastModifiedTime", "Size", "VersionId"]);
const FACT_ELEMENTS = ["Size", "LastModifiedTime"] as const;

export const deleteObject: Handler<"object"> = async (exchange) => {
  const { request, services, key } = exchange;
  if (request.header("if-none-match") !== undefined) throw notImplementedHeader("If-None-Match");
  const versionId = requestedVersion(request.query.get("versionId"));
  const condition = writeConditionOf(request);
  const facts = deleteFacts(request.header(FACT_HEADERS[0]), request.header(FACT_HEADERS[1]), FACT_HEADERS);
  const alive = services.buckets.aliveGuard(openedBucket(exchange).bucket);
  const bypass = asksForBypass(request, alive.bucket);
  const deletion = { key, versionId, condition, facts, bypass };
  const deleted = await deleteOne(services, alive, deletion, ownerOfObject(exchange));
  return emptyReply(204, deletedHeaders(deleted));
};

function deletedHeaders(deleted: Deleted): HeaderPair[] {
  if (deleted.kind === "object" || deleted.kind === "locked") return [];
  const version: HeaderPair = ["x-amz-version-id", deleted.versionId];
  const isMarker = deleted.kind === "marked" || deleted.marker;
  return isMarker ? [version, ["x-amz-delete-marker", "true"]] : [version];
}

interface Target {
  readonly key: string;
  /** As the client wrote it. */
  readonly named: string | undefined;
  versionId: VersionId | undefined;
  readonly condition: WriteCondition;
  facts: DeleteFacts | undefined;
  /** Error of this key, from the checks before all deletes or from the delete itself. */
  error: S3Error | undefined;
  deleted: Deleted | undefined;
}

export const deleteObjects: Handler<"bucket"> = async (exchange) => {
  const { services } = exchange;
  const { quiet, targets } = await readRequest(exchange);
  const { bucket } = openedBucket(exchange);
  const bypass = asksForBypass(exchange.request, bucket);
  await deleteAll(services, bucket, targets, ownerOfObject(exchange), bypass);
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
  return { quiet, targets: await targetsOf(exchange, objects) };
}

/** The keys of one request, decided a turn at a time: a big policy must not keep other requests waiting. */
async function targetsOf(exchange: BucketExchange, objects: readonly XmlElement[]): Promise<Target[]> {
  const { clock, timers } = exchange.services;
  const targets: Target[] = [];
  let begunMs = clock.monotonicMs();
  for (const object of objects) {
    targets.push(targetOf(exchange, object));
    if (clock.monotonicMs() - begunMs < TURN_MS) continue;
    await new Promise<void>((resolve) => void timers.later(resolve, 0));
    begunMs = clock.monotonicMs();
  }
  return targets;
}

function targetOf(exchange: BucketExchange, object: XmlElement): Target {
  const key = object.childText("Key");
  if (key === undefined || key === "") throw new S3Error("MalformedXML");
  // An unknown element may be a condition of a later version of S3.
  if (object.names.some((name) => !OBJECT_ELEMENTS.has(name))) throw new S3Error("MalformedXML");
  const named = object.childText("VersionId");
  const etag = object.childText("ETag");
  const target: Target = {
    key,
    named,
    versionId: undefined,
    condition: etag === undefined ? undefined : { kind: "matches", etag },
    facts: undefined,
    error: undefined,
    deleted: undefined,
  };
  try {
    // First: what a policy costs grows with the length of the key.
    if (Buffer.byteLength(key) > KEY_BYTES_MAX) throw new S3Error("KeyTooLongError");
    authorizeKey(exchange, { bucket: exchange.bucket, key, versionId: named });
    target.facts = deleteFacts(
      object.childText(FACT_ELEMENTS[0]),
      object.childText(FACT_ELEMENTS[1]),
      FACT_ELEMENTS,
    );
    target.versionId = named === undefined ? undefined : parseVersionId(named);
    // In a list, a wrong version is an error of its key only (recorded in the source of `requestedVersion` too).
    if (named !== undefined && target.versionId === undefined) throw wrongVersion();
  } catch (error) {
    target.error = toS3Error(error);
  }
  return target;
}

function isPlain({ condition, facts }: Target): boolean {
  return condition === undefined && facts === undefined;
}

function wrongVersion(): S3Error {
  return new S3Error("NoSuchVersion", { message: "The specified version does not exist." });
}

/** Unconditional deletes run in batches; each conditional delete has its own transaction. */
async function deleteAll(
  services: S3Services,
  bucket: Bucket,
  targets: readonly Target[],
  owner: RowOwner,
  bypass: boolean,
): Promise<void> {
  const open = targets.filter((target) => target.error === undefined);
  const plain = open.filter(isPlain);
  // A batch has each key once. Versions go first, so that a marker of the same request stays.
  const versions = plain.filter(({ versionId }) => versionId !== undefined);
  const objects = plain.filter(({ versionId }) => versionId === undefined);
  for (const group of [versions, objects]) {
    const tasks: (() => Promise<void>)[] = [];
    for (let i = 0; i < group.length; i += DELETES_PER_ENTRY) {
      const batch = group.slice(i, i + DELETES_PER_ENTRY);
      tasks.push(() => deleteTargets(services, bucket, batch, owner));
    }
    await inParallel(tasks);
  }
  // A lock that keeps its version must not keep the other versions of the batch.
  const single = open.filter((target) => !isPlain(target) || target.deleted?.kind === "locked");
  await inParallel(
    single.map((target) => async () => {
      const alive = services.buckets.aliveGuard(bucket);
      try {
        target.deleted = await deleteOne(services, alive, { ...target, bypass }, owner);
      } catch (error) {
        target.error = toS3Error(error);
      }
    }),
  );
}

async function inParallel(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await task();
  };
  await Promise.all(Array.from({ length: Math.min(BATCHES_IN_FLIGHT, tasks.length) }, worker));
}

async function deleteTargets(
  services: S3Services,
  bucket: Bucket,
  batch: readonly Target[],
  owner: RowOwner,
): Promise<void> {
  const alive = services.buckets.aliveGuard(bucket);
  // The same key twice in one transaction would be two mutations of one row.
  const keys = new Map<string, KeyDeletion & { readonly versions: Set<VersionId> | undefined }>();
  for (const { key, versionId } of batch) {
    const known = keys.get(key);
    if (known === undefined)
      keys.set(key, { key, versions: versionId === undefined ? undefined : new Set([versionId]) });
    else if (versionId !== undefined) known.versions?.add(versionId);
  }
  try {
    const result = await deleteBatch(services, alive, [...keys.values()], owner);
    for (const target of batch) {
      target.deleted = result(target.key, target.versionId);
      // Without versioning the object has no other version.
      const { versionId } = target;
      if (target.deleted.kind === "object" && versionId !== undefined && versionId !== NULL_VERSION) {
        target.error = wrongVersion();
      }
    }
  } catch (error) {
    const refused = toS3Error(error);
    if (refused.code === "NoSuchBucket") throw refused;
    for (const target of batch) target.error = refused;
  }
}

function resultOf({ deleted, error, key, named }: Target, quiet: boolean): string {
  const name = tag("Key", key) + tag("VersionId", named);
  if (error !== undefined) {
    return element("Error", name + tag("Code", error.code) + tag("Message", error.message));
  }
  if (quiet) return "";
  const isMarker = deleted?.kind === "marked" || (deleted?.kind === "version" && deleted.marker);
  const marker = isMarker ? tag("DeleteMarker", true) + tag("DeleteMarkerVersionId", deleted.versionId) : "";
  return element("Deleted", name + marker);
}
