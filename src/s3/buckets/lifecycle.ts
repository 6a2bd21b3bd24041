/** CreateBucket, HeadBucket, DeleteBucket, ListBuckets. */

import { keyAfter, prefixEnd } from "../../store/key-encoding.ts";
import { encodeGarbage } from "../../txn/garbage.ts";
import type { ReadView } from "../../txn/types.ts";
import { type Contents, garbageBesideLog } from "../content/contents.ts";
import {
  type BucketExchange,
  type Handler,
  openedBucket,
  type S3Services,
  type ServiceExchange,
} from "../context/exchange.ts";
import { askerOf, ownerIdOf, rowOfAsker } from "../context/owners.ts";
import { notImplementedHeader } from "../headers/values.ts";
import { documentBytes } from "../objects/document.ts";
import { decodeToken, encodeToken } from "../protocol/continuation-token.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { LIST_BUCKETS_MAX } from "../protocol/limits.ts";
import { emptyReply, type HeaderPair, xmlReply } from "../protocol/replies.ts";
import { deleteConfigurations } from "../records/bucket-configuration.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import { type BucketRecord, decodeBucket, encodeBucket } from "../records/bucket-record.ts";
import { DECISION_ATTEMPTS_MAX, type Guard, transactGuarded } from "../records/guarded.ts";
import {
  aliveKey,
  BUCKETS_PREFIX,
  type BucketRef,
  bucketKey,
  bucketPartsPrefix,
  objectsPrefix,
  parseBucketKey,
  uploadsPrefix,
  versionsPrefix,
} from "../records/keys.ts";
import { aliveState } from "../records/versioning.ts";
import { document, element, isoTime, tag } from "../xml/builder.ts";
import { ownerElement } from "../xml/owner.ts";
import { parseXml } from "../xml/reader.ts";
import { checkBucketName } from "./name.ts";
import { regionOf, regionOfNew } from "./region.ts";

const UNIMPLEMENTED = new Set(["Bucket", "Location", "Tags"]);
const SCAN_PAGE = 1000;

export const createBucket: Handler<"bucket"> = async (exchange) => {
  const { services } = exchange;
  const name = exchange.bucket;
  checkBucketName(name);
  const region = regionOfNew(exchange, await locationConstraint(exchange));
  const kv = services.kv.group(name);
  const objectLock = exchange.request.header("x-amz-bucket-object-lock-enabled")?.toLowerCase() === "true";
  if (objectLock) checkVersionsKnown(services);
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const view = await kv.snapshot();
    const existing = await view.getMeta(bucketKey(name));
    if (existing !== undefined) return existsAlready(exchange, decodeBucket(existing.value));
    // Every earlier bucket of this name was created at a lower read timestamp, and deleted before this view.
    const ref: BucketRef = { bucket: name, generation: view.readTs };
    const absent: Guard = { condition: { kind: "must-not-exist", key: bucketKey(name) }, onFail: "retry" };
    const record = {
      generation: ref.generation,
      createdMs: services.clock.nowMs(),
      region,
      owner: rowOfAsker(exchange),
      versioning: objectLock ? "enabled" : "off",
      objectLock,
    } as const;
    const outcome = await transactGuarded(
      kv,
      [absent],
      [
        { kind: "put", key: bucketKey(name), value: encodeBucket(record) },
        {
          kind: "put",
          key: aliveKey(ref, aliveState(record)),
          value: new Uint8Array(0),
          garbage: bucketGarbage(services.content, ref),
        },
      ],
    );
    if (outcome.kind === "committed") return emptyReply(200, [["Location", `/${name}`]]);
  }
  throw new S3Error("OperationAborted");
};

/** @throws S3Error ServiceUnavailable */
export function checkVersionsKnown({ versioningOpen }: S3Services): void {
  if (versioningOpen()) return;
  throw new S3Error("ServiceUnavailable", {
    message:
      "Not every node of the cluster knows versions yet, or one of them was not reached since this node started. Please try again when all nodes run this release.",
  });
}

/** What an empty bucket leaves behind: unfinished uploads, and chunks that are not collected yet. */
export function bucketGarbage(content: Contents, ref: BucketRef): Uint8Array {
  return encodeGarbage([
    { kind: "prefix", prefix: uploadsPrefix(ref) },
    { kind: "prefix", prefix: bucketPartsPrefix(ref) },
    ...content.garbageOfAny({ of: "bucket", ref }),
  ]);
}

/**
 * In us-east-1, S3 lets an owner create an existing bucket again; in other regions S3 returns an error.
 * @throws S3Error BucketAlreadyExists (another user's), BucketAlreadyOwnedByYou
 */
function existsAlready(exchange: BucketExchange, existing: BucketRecord): ReturnType<typeof emptyReply> {
  const name = exchange.bucket;
  if (ownerIdOf(exchange.services, existing) !== askerOf(exchange).id) {
    throw new S3Error("BucketAlreadyExists", { extra: [["BucketName", name]] });
  }
  if (regionOf(exchange, existing) === "us-east-1") return emptyReply(200, [["Location", `/${name}`]]);
  throw new S3Error("BucketAlreadyOwnedByYou", { extra: [["BucketName", name]] });
}

/** "" = none. @throws S3Error MalformedXML, NotImplemented */
async function locationConstraint(exchange: BucketExchange): Promise<string> {
  const { request } = exchange;
  if (request.edge.body.declaredLength === 0) return "";
  const bytes = await documentBytes(exchange);
  if (bytes.byteLength === 0) return "";
  const root = parseXml(bytes, "CreateBucketConfiguration");
  for (const name of root.names) {
    if (UNIMPLEMENTED.has(name)) throw notImplementedHeader(name);
    if (name !== "LocationConstraint") throw new S3Error("MalformedXML");
  }
  return root.childText("LocationConstraint")?.trim() ?? "";
}

export const headBucket: Handler<"bucket"> = async (exchange) => {
  const headers: HeaderPair[] = [
    ["x-amz-bucket-region", regionOf(exchange, openedBucket(exchange).bucket)],
    ["x-amz-access-point-alias", "false"],
    ["Content-Type", "application/xml"],
  ];
  return emptyReply(200, headers);
};

/**
 * The store decides at apply whether the bucket is empty: a concurrent PUT either keeps the bucket, or fails because
 * the bucket is deleted.
 */
export const deleteBucket: Handler<"bucket"> = async (exchange) => {
  const { services } = exchange;
  const name = exchange.bucket;
  const kv = services.kv.group(name);
  const alive = services.buckets.aliveGuard(openedBucket(exchange).bucket);
  const notEmpty = (): S3Error => bucketNotEmpty(alive.bucket);
  for (let attempt = 0; attempt < DECISION_ATTEMPTS_MAX; attempt++) {
    const { bucket } = alive;
    const outcome = await transactGuarded(
      kv,
      [
        alive,
        { condition: { kind: "prefix-empty", prefix: objectsPrefix(bucket) }, onFail: notEmpty },
        { condition: { kind: "prefix-empty", prefix: versionsPrefix(bucket) }, onFail: notEmpty },
      ],
      [
        { kind: "delete", key: bucketKey(name) },
        { kind: "delete", key: aliveKey(bucket, aliveState(bucket)) },
        ...deleteConfigurations(bucket),
        ...garbageBesideLog(services.content, { of: "bucket", ref: bucket }),
      ],
    );
    if (outcome.kind === "committed") return emptyReply(204);
  }
  throw new S3Error("OperationAborted");
};

function bucketNotEmpty({ bucket, versioning }: Bucket): S3Error {
  const extra = [["BucketName", bucket]] as const;
  if (versioning === "off") return new S3Error("BucketNotEmpty", { extra });
  const message = "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";
  return new S3Error("BucketNotEmpty", { message, extra });
}

export const listBuckets: Handler<"service"> = async (exchange) => {
  const { request, services } = exchange;
  const prefix = request.query.get("prefix") ?? "";
  const region = request.query.get("bucket-region");
  const token = request.query.get("continuation-token");
  const max = maxBuckets(request.query.get("max-buckets"));
  const after = token === undefined || token === "" ? undefined : decodeToken("", token);
  const asker = askerOf(exchange);
  const seesAll = asker.id === services.iam.root.id;
  const wanted = (name: string, place: string, record: BucketRecord): boolean =>
    name.startsWith(prefix) &&
    (region === undefined || place === region) &&
    (seesAll || ownerIdOf(services, record) === asker.id);
  const found: ListedBucket[] = [];
  for (const group of services.kv.groups) {
    found.push(...(await bucketsOf(exchange, await group.snapshot(), after, wanted, max + 1)));
  }
  // Each group returns its own buckets in order. Names are ASCII, so strings and keys have the same order.
  found.sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = found.slice(0, max);
  const truncated = found.length > page.length;
  const buckets = page.map(({ name, createdMs, place }) =>
    element(
      "Bucket",
      tag("Name", name) + tag("CreationDate", isoTime(createdMs)) + tag("BucketRegion", place),
    ),
  );
  const inner =
    ownerElement("Owner", askerOf(exchange)) +
    element("Buckets", buckets.join("")) +
    tag("ContinuationToken", truncated ? encodeToken("", page.at(-1)?.name ?? "") : undefined) +
    tag("Prefix", prefix === "" ? undefined : prefix);
  return xmlReply(document("ListAllMyBucketsResult", inner));
};

interface ListedBucket {
  readonly name: string;
  readonly createdMs: number;
  readonly place: string;
}

/** The first `limit` wanted buckets of one group after the name `after`, in order. */
async function bucketsOf(
  exchange: ServiceExchange,
  view: ReadView,
  after: string | undefined,
  wanted: (name: string, place: string, record: BucketRecord) => boolean,
  limit: number,
): Promise<ListedBucket[]> {
  const end = prefixEnd(BUCKETS_PREFIX);
  const found: ListedBucket[] = [];
  for (let start = after === undefined ? BUCKETS_PREFIX : keyAfter(bucketKey(after)); ; ) {
    const page = await view.scan(start, end, { limit: SCAN_PAGE });
    for (const row of page) {
      const name = parseBucketKey(row.key);
      const record = decodeBucket(row.value);
      const place = regionOf(exchange, record);
      if (!wanted(name, place, record)) continue;
      found.push({ name, createdMs: record.createdMs, place });
      if (found.length === limit) return found;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < SCAN_PAGE) return found;
    start = keyAfter(last.key);
  }
}

/** @throws S3Error InvalidArgument */
function maxBuckets(text: string | undefined): number {
  if (text === undefined) return LIST_BUCKETS_MAX;
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value >= 1 && value <= LIST_BUCKETS_MAX) return value;
  throw invalidArgument(
    "max-buckets",
    text,
    `max-buckets must be an integer between 1 and ${LIST_BUCKETS_MAX}.`,
  );
}
