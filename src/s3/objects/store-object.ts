/** The bytes of one request become an object: the body of a PUT, or the file of a form. */
import type { PayloadReader, PayloadResult } from "../body/types.ts";
import { type Exchange, type ObjectExchange, openedBucket } from "../context/exchange.ts";
import { ownerOfObject } from "../context/owners.ts";
import { S3Error } from "../protocol/errors.ts";
import { type HeaderPair, quoted } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import type { StoredChecksum } from "../records/checksum.ts";
import type { Manifest } from "../records/manifest.ts";
import { writtenHeaders } from "../versions/current.ts";
import { checksumHeaders } from "./checksums.ts";
import { commitObject, decideEarly } from "./commit.ts";
import type { WriteCondition } from "./conditions.ts";
import { requestedLock } from "./lock.ts";
import { contentHeadersOf, userMetadataOf } from "./object-headers.ts";
import { hexDigest, openWrite, protocolOf } from "./payload.ts";
import { requestedRedirect } from "./redirect.ts";
import { requestedClass } from "./storage-class.ts";
import { requestedTags } from "./tags.ts";

/** What the headers say of the object. */
export type ObjectFacts = Pick<Manifest, "headers" | "metadata" | "redirect" | "storageClass" | "tags">;

/** Called before the first byte of the body is read. @throws S3Error of a bad header */
export function objectFactsOf(request: S3Request): ObjectFacts {
  return {
    headers: contentHeadersOf(request),
    metadata: userMetadataOf(request),
    storageClass: requestedClass(request),
    tags: requestedTags(request),
    redirect: requestedRedirect(request),
  };
}

export type StoredObject = Pick<Manifest, "checksum" | "etag" | "versionId">;

export interface ObjectSource {
  readonly body: PayloadReader;
  /** Ends the body, whose bytes are verified then. @throws S3Error */
  readonly finish: () => Promise<PayloadResult>;
  readonly condition: WriteCondition;
  readonly invocation: Uint8Array | undefined;
}

/** @throws S3Error; WrittenBefore; KvError */
export async function storeObject(
  exchange: ObjectExchange,
  facts: ObjectFacts,
  { body, condition, finish, invocation }: ObjectSource,
): Promise<StoredObject> {
  const { key, services } = exchange;
  const { bucket, view } = openedBucket(exchange);
  const lock = requestedLock(exchange, bucket);
  if (lock !== undefined) requireVerified(exchange, body);
  if (facts.tags !== undefined || facts.redirect !== undefined) await services.newRows.allow();
  const early = await decideEarly(view, bucket, key, condition, invocation);
  const alive = services.buckets.aliveGuard(bucket);
  const target = { ref: bucket, key, guards: [alive] };
  const write = openWrite(exchange, target, body.decodedLength, protocolOf(body));
  try {
    const content = await write.write(body, body.decodedLength);
    const { digests, checksum: verified } = await finish();
    const etag = hexDigest(digests.md5);
    const checksum: StoredChecksum | undefined =
      verified === undefined ? undefined : { ...verified, type: "FULL_OBJECT" };
    const manifest = {
      ...facts,
      size: body.received,
      etag,
      modifiedMs: services.clock.nowMs(),
      checksum,
      owner: ownerOfObject(exchange),
      content,
      invocation,
      lock,
    };
    const versionId = await commitObject(services, { alive, key, condition, early, write, manifest });
    return { checksum, etag, versionId };
  } catch (error) {
    await write.abandon();
    throw error;
  } finally {
    write.release();
  }
}

/** Headers of the answer about the object. */
export function storedHeaders({ checksum, etag, versionId }: StoredObject): readonly HeaderPair[] {
  const extra = checksum === undefined ? [] : checksumHeaders(checksum, undefined);
  return [["ETag", quoted(etag)], ...writtenHeaders(versionId), ...extra];
}

/** API reference, PutObject: who locks an object must say what it is. @throws S3Error InvalidRequest */
function requireVerified({ request }: Exchange, { checksumAlgorithm }: PayloadReader): void {
  if (request.header("content-md5") !== undefined || checksumAlgorithm !== undefined) return;
  throw new S3Error("InvalidRequest", {
    message:
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
  });
}
