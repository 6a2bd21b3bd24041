/** The object that a copy reads. */
import type { HashAlgorithm, HashService, HashStream } from "../../hash/types.ts";
import type { ReadView } from "../../txn/types.ts";
import type { PutAdmission } from "../content/admission.ts";
import type { RangeReader } from "../content/reader.ts";
import type { ByteSource, ContentWrite, ExtentRange, WrittenContent } from "../content/types.ts";
import { authorizeSource, hidingAbsence, type ObjectName } from "../context/authorize.ts";
import { type ObjectExchange, openedBucket } from "../context/exchange.ts";
import { tagsForPolicies } from "../context/object-tags.ts";
import { personOf } from "../context/owners.ts";
import { checkOwner } from "../headers/owner.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { KEY_BYTES_MAX } from "../protocol/limits.ts";
import { decodeComponent } from "../protocol/percent.ts";
import type { HeaderPair } from "../protocol/replies.ts";
import type { Bucket, OpenedBucket } from "../records/bucket-directory.ts";
import type { VersionId } from "../records/version-id.ts";
import { type FoundVersion, noSuchKey, readVersion } from "../versions/current.ts";
import { requestedVersion } from "../versions/requested.ts";
import { checkCopySourceConditions } from "./conditions.ts";
import type { CurrentObject } from "./current.ts";

/** @throws S3Error InvalidArgument */
function parseCopySource(header: string): ObjectName {
  // The query begins at a raw `?`: a `?` of the key is escaped.
  const mark = header.indexOf("?");
  const path = mark < 0 ? header : header.slice(0, mark);
  const query = mark < 0 ? "" : header.slice(mark + 1);
  let versionId: string | undefined;
  if (query !== "") {
    if (!query.startsWith("versionId=")) throw badSource(header);
    versionId = decoded(query.slice("versionId=".length), header);
    requestedVersion(versionId);
  }
  // Some clients also escape the first slash, and the slash between bucket and key.
  const bare = path.replace(/^(?:\/|%2f)/i, "");
  const slash = bare.indexOf("/");
  const first = decoded(slash < 0 ? bare : bare.slice(0, slash), header);
  const inner = slash < 0 ? first.indexOf("/") : -1;
  const bucket = inner < 0 ? first : first.slice(0, inner);
  const key = slash >= 0 ? decoded(bare.slice(slash + 1), header) : inner < 0 ? "" : first.slice(inner + 1);
  if (bucket === "" || key === "" || bucket.startsWith("arn:")) throw badSource(header);
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) throw new S3Error("KeyTooLongError");
  return { bucket, key, versionId };
}

/**
 * A bad escape here is an error of an argument, not of the URI: versity/versitygw#1401. @throws S3Error
 * InvalidArgument
 */
function decoded(text: string, header: string): string {
  try {
    return decodeComponent(text);
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    throw invalidArgument("x-amz-copy-source", header.slice(0, 2048), "Invalid copy source encoding");
  }
}

function badSource(header: string): S3Error {
  return invalidArgument(
    "x-amz-copy-source",
    header.slice(0, 2048),
    "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
  );
}

export interface CopySource extends CurrentObject {
  readonly opened: OpenedBucket;
  /** The request names this version. */
  readonly versionId: VersionId | undefined;
  /** Headers of the answer. */
  readonly headers: readonly HeaderPair[];
}

/**
 * @throws S3Error NoSuchBucket, NoSuchKey, NoSuchVersion, AccessDenied, PreconditionFailed, InvalidArgument,
 *   InvalidRequest
 */
export async function copySource(exchange: ObjectExchange): Promise<CopySource> {
  const { request, services } = exchange;
  const source = parseCopySource(request.header("x-amz-copy-source") ?? "");
  const opened = await openSource(exchange, source.bucket);
  const tags = await tagsForPolicies(exchange, opened, source.key, source.versionId);
  authorizeSource(exchange, { ...source, tags }, opened);
  const { bucket, view } = opened;
  checkOwner(request, () => personOf(services, bucket.owner), "x-amz-source-expected-bucket-owner");
  const versionId = requestedVersion(source.versionId);
  const { at, manifest, row } = await hidingAbsence(exchange, opened, () =>
    readSource(view, bucket, source.key, versionId),
  );
  checkCopySourceConditions(request, manifest);
  const headers: HeaderPair[] =
    bucket.versioning === "off" ? [] : [["x-amz-copy-source-version-id", manifest.versionId]];
  return { at, bucket, key: source.key, manifest, row, opened, versionId, headers };
}

/** A copy answers with other errors than a read of the same version: API reference, CopyObject. */
async function readSource(
  view: ReadView,
  bucket: Bucket,
  key: string,
  versionId: VersionId | undefined,
): Promise<FoundVersion> {
  try {
    return await readVersion(view, bucket, key, versionId, "with-payload");
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    if (error.code === "NoSuchKey") throw noSuchKey(key);
    if (error.code !== "MethodNotAllowed") throw error;
    throw new S3Error("InvalidRequest", {
      message: "The source of a copy request may not specifically refer to a delete marker by version id.",
    });
  }
}

/** A source in the request's own bucket is in the bucket that the request is authorised for. */
async function openSource(exchange: ObjectExchange, name: string): Promise<OpenedBucket> {
  return name === exchange.bucket ? openedBucket(exchange) : exchange.services.buckets.open(name);
}

export function isSelf(exchange: ObjectExchange, source: CurrentObject): boolean {
  return source.bucket.bucket === exchange.bucket && source.key === exchange.key;
}

/**
 * Stores the bytes of `ranges` again. When the path of the write can refer to stored bytes, no byte is stored, and
 * bytes are read only to be hashed. @throws S3Error SlowDown when bytes have to be stored and memory is short
 */
export async function copyContent(
  write: ContentWrite,
  bytes: CopiedBytes,
  ranges: readonly ExtentRange[],
  size: number,
  admission: Pick<PutAdmission, "refuseWhenShort">,
): Promise<WrittenContent> {
  const adopted = await write.adopt?.(ranges);
  if (adopted === undefined) {
    if (size > 0) admission.refuseWhenShort("fixed-length");
    return write.write(bytes, size);
  }
  await bytes.hashAll();
  return adopted;
}

/** Reads an object's range into a writer's buffers, and hashes the bytes. */
export class CopiedBytes implements ByteSource {
  readonly #reader: RangeReader;
  readonly #hash: HashStream | undefined;

  constructor(
    reader: RangeReader,
    hashes: HashService,
    algorithms: readonly HashAlgorithm[],
    length: number,
  ) {
    this.#reader = reader;
    this.#hash = algorithms.length === 0 ? undefined : hashes.open(algorithms, length);
  }

  async readInto(target: Uint8Array): Promise<number> {
    const filled = await this.#reader.readInto(target);
    await this.#hash?.update(target.subarray(0, filled));
    return filled;
  }

  async settled(): Promise<void> {
    await this.#hash?.settled();
  }

  /** Reads and hashes the bytes that nobody reads; without an algorithm, reads nothing. */
  async hashAll(): Promise<void> {
    if (this.#hash === undefined) return;
    for await (const view of this.#reader) {
      await this.#hash.update(view);
      // The reader uses the memory of `view` again.
      await this.#hash.settled();
    }
  }

  async digests(): Promise<Awaited<ReturnType<HashStream["digest"]>>> {
    return (await this.#hash?.digest()) ?? {};
  }

  /** Idempotent, also after `digests`. */
  close(): void {
    this.#hash?.abort();
    void this.#reader.return();
  }
}
