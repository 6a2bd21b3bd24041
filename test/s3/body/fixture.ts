import { createHash, createHmac } from "node:crypto";
import { hashersReady } from "../../../src/hash/hashers.ts";
import { HashPool } from "../../../src/hash/pool.ts";
import { spawnHashWorker } from "../../../src/hash/port.ts";
import type { BodyReader } from "../../../src/http/types.ts";
import { deriveSigningKey } from "../../../src/s3/auth/signing-keys.ts";
import type { AuthResult, ChunkSigning, PayloadMode } from "../../../src/s3/auth/types.ts";
import { openBody } from "../../../src/s3/body/open-body.ts";
import type { OpenBodyOptions, PayloadReader, PayloadResult } from "../../../src/s3/body/types.ts";
import { S3Error } from "../../../src/s3/protocol/errors.ts";
import { SECRET_KEY, s3Request } from "../auth/fixture.ts";
import { PiecesBody } from "../support/pieces-body.ts";

await hashersReady;

/** Shared by all files of a run; its Workers do not keep the process alive. */
export const workerPool = new HashPool({ spawn: spawnHashWorker(), workers: 2 });
export const inlinePool = new HashPool({ spawn: spawnHashWorker(), workers: 0 });

/** A body that arrives in the given pieces. */
export function bodyOf(pieces: readonly Uint8Array[], declaredLength?: number): BodyReader {
  const left = [...pieces];
  return new PiecesBody(declaredLength, async () => left.shift());
}

/** Cuts bytes into pieces of `size`. */
function piecesOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

export interface Upload {
  readonly wire: Uint8Array;
  readonly headers?: readonly string[];
  readonly mode?: PayloadMode;
  readonly pieceSize?: number;
  readonly options?: Partial<OpenBodyOptions>;
}

const UNSIGNED: PayloadMode = { kind: "unsigned" };

export function open(upload: Upload): PayloadReader {
  const { wire } = upload;
  const body = bodyOf(piecesOf(wire, upload.pieceSize ?? 100_000), wire.length);
  const headers = ["Host", "h", "Content-Length", String(wire.length), ...(upload.headers ?? [])];
  const request = s3Request({ method: "PUT", target: "/b/k", headers, body });
  const auth: AuthResult = {
    principal: { kind: "anonymous" },
    method: "anonymous",
    payload: upload.mode ?? UNSIGNED,
  };
  return openBody(request, auth, { hashes: inlinePool, digests: ["md5"], ...upload.options });
}

export interface Received {
  readonly payload: Buffer;
  readonly result: PayloadResult;
}

/** Reads bit by bit and finishes. */
export async function receive(upload: Upload): Promise<Received> {
  const reader = open(upload);
  const payload = await drain(reader);
  return { payload, result: await reader.finish() };
}

/** All of the payload, in targets of a size that suits no piece. */
export async function drain(reader: PayloadReader): Promise<Buffer> {
  const filled: Uint8Array[] = [];
  for (;;) {
    const target = new Uint8Array(77_777);
    const bytes = await reader.readInto(target);
    if (bytes === 0) return Buffer.concat(filled);
    filled.push(target.subarray(0, bytes));
  }
}

export async function refusal(work: () => unknown): Promise<S3Error> {
  try {
    await work();
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  throw new Error("was not refused");
}

export const md5Base64 = (data: Uint8Array): string => createHash("md5").update(data).digest("base64");
export const sha256Hex = (data: string | Uint8Array): string =>
  createHash("sha256").update(data).digest("hex");

export const SIGNING: ChunkSigning = {
  key: deriveSigningKey(SECRET_KEY, "20130524", "us-east-1", "s3"),
  timestamp: "20130524T000000Z",
  scope: "20130524/us-east-1/s3/aws4_request",
  seedSignature: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
};

/** aws-chunked, written from the documentation and not with the code under test. */
export function encodeChunked(
  payload: Uint8Array,
  options: {
    readonly chunkSize: number;
    readonly signing?: ChunkSigning;
    readonly trailers?: Readonly<Record<string, string>>;
  },
): Buffer {
  const { signing } = options;
  let previous = signing?.seedSignature ?? "";
  const sign = (kind: string, ...rest: string[]): string => {
    if (signing === undefined) return "";
    const text = [kind, signing.timestamp, signing.scope, previous, ...rest].join("\n");
    previous = createHmac("sha256", signing.key).update(text).digest("hex");
    return previous;
  };
  const parts: (string | Uint8Array)[] = [];
  for (const chunk of [...piecesOf(payload, options.chunkSize), new Uint8Array(0)]) {
    const signature = sign("AWS4-HMAC-SHA256-PAYLOAD", sha256Hex(""), sha256Hex(chunk));
    parts.push(chunk.length.toString(16), signature === "" ? "" : `;chunk-signature=${signature}`, "\r\n");
    if (chunk.length > 0) parts.push(chunk, "\r\n");
  }
  const trailers = Object.entries(options.trailers ?? {}).map(([name, value]) => `${name}:${value}`);
  for (const trailer of trailers) parts.push(trailer, "\r\n");
  if (signing !== undefined && options.trailers !== undefined) {
    const canonical = trailers.map((trailer) => `${trailer}\n`).join("");
    parts.push(`x-amz-trailer-signature:${sign("AWS4-HMAC-SHA256-TRAILER", sha256Hex(canonical))}\r\n`);
  }
  parts.push("\r\n");
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}
