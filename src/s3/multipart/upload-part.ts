/** UploadPart and UploadPartCopy. */
import type { Digests, HashAlgorithm } from "../../hash/types.ts";
import type { AdmissionProtocol } from "../content/admission.ts";
import { layoutOf } from "../content/layout.ts";
import type { ContentWrite, WrittenContent } from "../content/types.ts";
import { type Handler, type ObjectExchange, openedBucket } from "../context/exchange.ts";
import { type SlowResult, withKeepAlive } from "../context/keep-alive.ts";
import { checksumElements, headerName } from "../objects/checksums.ts";
import { CopiedBytes, type CopySource, copyContent, copySource } from "../objects/copy-source.ts";
import { hexDigest, openPayload, openWrite, protocolOf } from "../objects/payload.ts";
import type { ByteRange } from "../objects/ranges.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { PART_NUMBER_MAX, REQUEST_BYTES_MAX } from "../protocol/limits.ts";
import { emptyReply, quoted } from "../protocol/replies.ts";
import type { ChecksumAlgorithm, StoredChecksum } from "../records/checksum.ts";
import { transactUnchanged } from "../records/guarded.ts";
import { partKey, uploadAttempt } from "../records/keys.ts";
import type { Manifest } from "../records/manifest.ts";
import { encodePart, type PartRecord } from "../records/upload.ts";
import { isoTime, tag } from "../xml/builder.ts";
import { type CurrentUpload, currentUpload, uploadGuard } from "./upload.ts";

export const uploadPart: Handler<"object"> = async (exchange) => {
  const { services } = exchange;
  const partNumber = partNumberOf(exchange);
  const upload = await currentUpload(exchange, openedBucket(exchange).view);
  const body = openPayload(exchange, {
    hashes: services.hashes,
    digests: ["md5"],
    defaultChecksum: defaultChecksum(upload),
  });
  try {
    checkAlgorithm(upload, body.checksumAlgorithm);
    const write = openPart(exchange, upload, partNumber, body.decodedLength, protocolOf(body));
    try {
      const content = await write.write(body, body.decodedLength);
      const { digests, checksum: verified } = await body.finish();
      const checksum: StoredChecksum | undefined =
        verified === undefined ? undefined : { ...verified, type: "FULL_OBJECT" };
      const etag = hexDigest(digests.md5);
      await commitPart(exchange, upload, partNumber, write, content, {
        size: body.decodedLength,
        md5: Buffer.from(etag, "hex"),
        checksum,
        modifiedMs: services.clock.nowMs(),
      });
      const value = checksum === undefined ? undefined : Buffer.from(checksum.value).toString("base64");
      return emptyReply(200, [
        ["ETag", quoted(etag)],
        ...(checksum === undefined || value === undefined
          ? []
          : [[headerName(checksum.algorithm), value] as const]),
      ]);
    } catch (error) {
      await write.abandon();
      throw error;
    } finally {
      write.release();
    }
  } finally {
    body.abort();
  }
};

/** @throws S3Error InvalidArgument */
function partNumberOf(exchange: ObjectExchange): number {
  const text = exchange.request.query.get("partNumber") ?? "";
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number >= 1 && number <= PART_NUMBER_MAX) return number;
  throw invalidArgument(
    "partNumber",
    text,
    `Part number must be an integer between 1 and ${PART_NUMBER_MAX}, inclusive`,
  );
}

/** For an upload with a FULL_OBJECT checksum, S3 computes the checksums of the parts when the client sends none. */
function defaultChecksum({ upload }: CurrentUpload): ChecksumAlgorithm | undefined {
  return upload.checksumType === "FULL_OBJECT" ? upload.checksumAlgorithm : undefined;
}

/** @throws S3Error InvalidRequest */
function checkAlgorithm({ upload }: CurrentUpload, algorithm: ChecksumAlgorithm | undefined): void {
  if (upload.checksumAlgorithm === undefined || upload.checksumAlgorithm === algorithm) return;
  throw new S3Error("InvalidRequest", {
    message: `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksumAlgorithm}, actual checksum Type: ${algorithm ?? "null"}`,
  });
}

function openPart(
  exchange: ObjectExchange,
  { bucket, key, uploadId, upload }: CurrentUpload,
  number: number,
  length: number,
  protocol: AdmissionProtocol,
): ContentWrite {
  const part = { upload: uploadAttempt(uploadId), number, chunkSize: upload.chunkSize };
  const guards = [exchange.services.buckets.aliveGuard(bucket), uploadGuard(bucket, key, uploadId)];
  return openWrite(exchange, { ref: bucket, key, part, guards }, length, protocol);
}

/**
 * Writes the rest of the content and the part's row in one transaction; an earlier part of the same number becomes
 * garbage.
 */
async function commitPart(
  exchange: ObjectExchange,
  { bucket, key, uploadId }: CurrentUpload,
  partNumber: number,
  write: ContentWrite,
  content: WrittenContent,
  facts: Omit<PartRecord, "kind" | "attempt">,
): Promise<void> {
  if (content.kind === "inline") throw new Error("a part was stored in a row that it does not have");
  const { kind, attempt } = content;
  const { guards, mutations } = await write.finish({
    key: partKey(bucket, key, uploadId, partNumber),
    value: encodePart({ kind, attempt, ...facts }),
  });
  await transactUnchanged(exchange.services.kv.group(bucket.bucket), guards, mutations);
}

export const uploadPartCopy: Handler<"object"> = async (exchange) => {
  const { request } = exchange;
  const partNumber = partNumberOf(exchange);
  const upload = await currentUpload(exchange, openedBucket(exchange).view);
  const source = await copySource(exchange);
  const range = copyRange(request.header("x-amz-copy-source-range"), source.manifest.size);
  return withKeepAlive(exchange, copyPart(exchange, upload, partNumber, source, range));
};

async function copyPart(
  exchange: ObjectExchange,
  upload: CurrentUpload,
  partNumber: number,
  source: CopySource,
  range: ByteRange,
): Promise<SlowResult> {
  const { services } = exchange;
  const algorithm = upload.upload.checksumAlgorithm;
  const size = range.end - range.start;
  const layout = layoutOf(source.bucket, source.key, source.manifest, source.row);
  const known = knownDigests(source.manifest, range);
  const wanted: HashAlgorithm[] = known.md5 === undefined ? ["md5"] : [];
  if (algorithm !== undefined && known[algorithm] === undefined && algorithm !== "md5")
    wanted.push(algorithm);
  const reader = services.content.read(layout, range.start, range.end);
  const bytes = new CopiedBytes(reader, services.hashes, wanted, size);
  const write = openPart(exchange, upload, partNumber, size, "fixed-length");
  try {
    const extents = layout.extents(range.start, range.end);
    const content = await copyContent(write, bytes, extents, size, services.admission);
    const digests = { ...known, ...(await bytes.digests()) };
    const etag = hexDigest(digests.md5);
    const value = algorithm === undefined ? undefined : digests[algorithm];
    const checksum: StoredChecksum | undefined =
      algorithm === undefined || value === undefined ? undefined : { algorithm, type: "FULL_OBJECT", value };
    const modifiedMs = services.clock.nowMs();
    const md5 = Buffer.from(etag, "hex");
    await commitPart(exchange, upload, partNumber, write, content, { size, md5, checksum, modifiedMs });
    const inner =
      tag("LastModified", isoTime(modifiedMs)) +
      tag("ETag", quoted(etag)) +
      checksumElements(checksum, undefined);
    return { root: "CopyPartResult", inner, headers: source.headers };
  } catch (error) {
    await write.abandon();
    throw error;
  } finally {
    write.release();
    bytes.close();
  }
}

/** The digests that the source's row names already, when all of the source is copied. */
function knownDigests({ content, size, etag, checksum }: Manifest, range: ByteRange): Digests {
  if (range.start !== 0 || range.end !== size) return {};
  return {
    ...(checksum?.type === "FULL_OBJECT" ? { [checksum.algorithm]: checksum.value } : {}),
    ...(content.kind === "parts" ? {} : { md5: Buffer.from(etag, "hex") }),
  };
}

/** Unlike the range of a read, the range of a copy must be exact. @throws S3Error InvalidArgument, InvalidRequest */
function copyRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined) {
    if (size > REQUEST_BYTES_MAX) throw tooLarge();
    return { start: 0, end: size };
  }
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header);
  if (match === null) {
    throw invalidArgument(
      "x-amz-copy-source-range",
      header,
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
    );
  }
  const range = { start: Number(match[1]), end: Number(match[2]) + 1 };
  if (range.start >= range.end || range.end > size) {
    throw invalidArgument(
      "x-amz-copy-source-range",
      header,
      `Range specified is not valid for source object of size: ${size}`,
    );
  }
  if (range.end - range.start > REQUEST_BYTES_MAX) throw tooLarge();
  return range;
}

function tooLarge(): S3Error {
  return new S3Error("InvalidRequest", {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${REQUEST_BYTES_MAX}`,
  });
}
