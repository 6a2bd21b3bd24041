import type { EdgeReply } from "../../http/types.ts";
import { openBody } from "../body/open-body.ts";
import type { PayloadReader, PayloadResult } from "../body/types.ts";
import type { AdmissionProtocol } from "../content/admission.ts";
import type { ContentTarget, ContentWrite } from "../content/types.ts";
import { type Exchange, type Handler, openedBucket } from "../context/exchange.ts";
import { ownerOfObject } from "../context/owners.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, quoted } from "../protocol/replies.ts";
import type { StoredChecksum } from "../records/checksum.ts";
import type { VersionId } from "../records/version-id.ts";
import { writtenHeaders } from "../versions/current.ts";
import { checksumHeaders } from "./checksums.ts";
import { commitObject, decideEarly } from "./commit.ts";
import { writeConditionOf } from "./conditions.ts";
import { invocationOf, WrittenBefore } from "./invocation.ts";
import { requestedLock } from "./lock.ts";
import { contentHeadersOf, userMetadataOf } from "./object-headers.ts";
import { requestedRedirect } from "./redirect.ts";
import { requestedClass } from "./storage-class.ts";
import { requestedTags } from "./tags.ts";

export const putObject: Handler<"object"> = async (exchange) => {
  const { request, services } = exchange;
  const headers = contentHeadersOf(request);
  const metadata = userMetadataOf(request);
  const storageClass = requestedClass(request);
  const tags = requestedTags(request);
  const redirect = requestedRedirect(request);
  const condition = writeConditionOf(request);
  const invocation = invocationOf(exchange, condition !== undefined);
  const key = exchange.key;
  const body = openPayload(exchange);
  let received: PayloadResult | undefined;
  try {
    const { bucket } = openedBucket(exchange);
    const lock = requestedLock(exchange, bucket);
    if (lock !== undefined) requireVerified(exchange, body);
    if (tags !== undefined || redirect !== undefined) await services.newRows.allow();
    const early = await decideEarly(services, bucket, key, condition, invocation);
    const alive = services.buckets.aliveGuard(bucket);
    const target = { ref: bucket, key, guards: [alive] };
    const write = openWrite(exchange, target, body.decodedLength, protocolOf(body));
    try {
      const content = await write.write(body, body.decodedLength);
      received = await body.finish();
      const { digests, checksum: verified } = received;
      const etag = hexDigest(digests.md5);
      const checksum: StoredChecksum | undefined =
        verified === undefined ? undefined : { ...verified, type: "FULL_OBJECT" };
      const versionId = await commitObject(services, {
        alive,
        key,
        condition,
        early,
        write,
        manifest: {
          size: body.decodedLength,
          etag,
          modifiedMs: services.clock.nowMs(),
          headers,
          metadata,
          checksum,
          owner: ownerOfObject(exchange),
          storageClass,
          content,
          invocation,
          lock,
          tags,
          redirect,
        },
      });
      return stored(versionId, etag, checksum);
    } catch (error) {
      await write.abandon();
      throw error;
    } finally {
      write.release();
    }
  } catch (error) {
    if (!(error instanceof WrittenBefore)) throw error;
    const { digests } = received ?? (await readAway(body));
    const { etag, checksum, versionId } = error.manifest;
    // An invocation has one body; another body with the same invocation id is another write.
    if (hexDigest(digests.md5) !== etag) throw new S3Error("PreconditionFailed");
    return stored(versionId, etag, checksum);
  } finally {
    body.abort();
  }
};

/** API reference, PutObject: who locks an object must say what it is. @throws S3Error InvalidRequest */
export function requireVerified({ request }: Exchange, { checksumAlgorithm }: PayloadReader): void {
  if (request.header("content-md5") !== undefined || checksumAlgorithm !== undefined) return;
  throw new S3Error("InvalidRequest", {
    message:
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
  });
}

function stored(versionId: VersionId, etag: string, checksum: StoredChecksum | undefined): EdgeReply {
  const extra = checksum === undefined ? [] : checksumHeaders(checksum, undefined);
  return emptyReply(200, [["ETag", quoted(etag)], ...writtenHeaders(versionId), ...extra]);
}

async function readAway(body: PayloadReader): Promise<PayloadResult> {
  const bytes = new Uint8Array(64 * 1024);
  while ((await body.readInto(bytes)) > 0) await body.settled();
  return body.finish();
}

/** Opens the body of an upload and checks that there is space, before any byte is read. @throws S3Error */
export function openPayload(exchange: Exchange, defaults?: Parameters<typeof openBody>[2]): PayloadReader {
  const { request, services, auth } = exchange;
  const body = openBody(request, auth, {
    hashes: services.hashes,
    digests: ["md5"],
    ...defaults,
  });
  try {
    services.admission.peekHeadroom(body.decodedLength, protocolOf(body));
  } catch (error) {
    body.abort();
    throw error;
  }
  return body;
}

export function protocolOf(body: PayloadReader): AdmissionProtocol {
  return body.chunked ? "chunked" : "fixed-length";
}

/** Begins to store `length` bytes, on the path for writes of that length. */
export function openWrite(
  { services, request }: Exchange,
  target: ContentTarget,
  length: number,
  protocol: AdmissionProtocol,
): ContentWrite {
  return services.content.sinkFor(length).open(target, protocol, () => request.edge.signal);
}

export function hexDigest(md5: Uint8Array | undefined): string {
  if (md5?.byteLength !== 16) throw new Error("the body was not hashed with MD5");
  return Buffer.from(md5.buffer, md5.byteOffset, md5.byteLength).toString("hex");
}
