import type { EdgeReply } from "../../http/types.ts";
import { openBody } from "../body/open-body.ts";
import type { PayloadReader, PayloadResult } from "../body/types.ts";
import { ATTEMPT_ID_BYTES } from "../content/attempts.ts";
import { ContentWriter } from "../content/writer.ts";
import { type Exchange, type Handler, ownerOf } from "../context/exchange.ts";
import { refuseLock } from "../headers/check.ts";
import { S3Error } from "../protocol/errors.ts";
import { emptyReply, quoted } from "../protocol/replies.ts";
import type { StoredChecksum } from "../records/checksum.ts";
import { NULL_VERSION } from "../records/version-id.ts";
import { checksumHeaders } from "./checksums.ts";
import { commitObject, decideEarly } from "./commit.ts";
import { writeConditionOf } from "./conditions.ts";
import { invocationOf, WrittenBefore } from "./invocation.ts";
import { contentHeadersOf, userMetadataOf } from "./object-headers.ts";
import { requestedClass } from "./storage-class.ts";

const NO_PART_ATTEMPT = new Uint8Array(0);

export const putObject: Handler<"object"> = async (exchange) => {
  const { request, services } = exchange;
  const headers = contentHeadersOf(request);
  const metadata = userMetadataOf(request);
  const storageClass = requestedClass(request);
  const condition = writeConditionOf(request);
  const invocation = invocationOf(exchange, condition !== undefined);
  const key = exchange.key;
  const body = openPayload(exchange);
  let received: PayloadResult | undefined;
  try {
    const bucket = await services.buckets.forWrite(exchange.bucket);
    refuseLock(exchange.headers);
    const early = await decideEarly(services, bucket, key, condition, invocation);
    const attempt = services.random.bytes(ATTEMPT_ID_BYTES);
    const writer = new ContentWriter(
      services,
      services.plan,
      {
        ref: bucket,
        key,
        attempt,
        partNumber: 0,
        partAttempt: NO_PART_ATTEMPT,
        intent: attempt,
        inline: true,
        guards: [services.buckets.aliveGuard(bucket)],
      },
      body.chunked ? "chunked" : "fixed-length",
      () => request.edge.signal,
    );
    try {
      const content = await writer.write(body, body.decodedLength);
      received = await body.finish();
      const { digests, checksum: verified } = received;
      const etag = hexDigest(digests.md5);
      const checksum: StoredChecksum | undefined =
        verified === undefined ? undefined : { ...verified, type: "FULL_OBJECT" };
      await commitObject(services, {
        ref: bucket,
        key,
        condition,
        early,
        writer,
        manifest: {
          versionId: NULL_VERSION,
          size: body.decodedLength,
          etag,
          modifiedMs: services.clock.nowMs(),
          headers,
          metadata,
          checksum,
          owner: ownerOf(exchange),
          storageClass,
          content,
          invocation,
        },
      });
      return stored(etag, checksum);
    } catch (error) {
      await writer.abandon();
      throw error;
    } finally {
      writer.release();
    }
  } catch (error) {
    if (!(error instanceof WrittenBefore)) throw error;
    const { digests } = received ?? (await readAway(body));
    const { etag, checksum } = error.manifest;
    // An invocation has one body; another one under its name is another write.
    if (hexDigest(digests.md5) !== etag) throw new S3Error("PreconditionFailed");
    return stored(etag, checksum);
  } finally {
    body.abort();
  }
};

function stored(etag: string, checksum: StoredChecksum | undefined): EdgeReply {
  const extra = checksum === undefined ? [] : checksumHeaders(checksum, undefined);
  return emptyReply(200, [["ETag", quoted(etag)], ...extra]);
}

async function readAway(body: PayloadReader): Promise<PayloadResult> {
  while ((await body.read()) !== undefined) await body.settled();
  return body.finish();
}

/** Opens the body of an upload and asks for space at the door; no byte is read. @throws S3Error */
export function openPayload(exchange: Exchange, defaults?: Parameters<typeof openBody>[2]): PayloadReader {
  const { request, services, auth } = exchange;
  const body = openBody(request, auth, {
    hashes: services.hashes,
    digests: ["md5"],
    ...defaults,
  });
  try {
    services.admission.peekHeadroom(body.decodedLength, body.chunked ? "chunked" : "fixed-length");
  } catch (error) {
    body.abort();
    throw error;
  }
  return body;
}

export function hexDigest(md5: Uint8Array | undefined): string {
  if (md5?.byteLength !== 16) throw new Error("the body was not hashed with MD5");
  return Buffer.from(md5.buffer, md5.byteOffset, md5.byteLength).toString("hex");
}
