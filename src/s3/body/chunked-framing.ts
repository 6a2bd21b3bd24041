/**
 * aws-chunked, as in "Transferring payload in multiple chunks" and "Including trailing headers" of the S3 API:
 *
 *   chunk    = hex-size [";chunk-signature=" hex] CRLF data CRLF
 *   last     = "0" [";chunk-signature=" hex] CRLF
 *   trailer  = *(name ":" value CRLF) ["x-amz-trailer-signature:" hex CRLF] CRLF
 *
 * minio-go ends each trailing header with LF; then CRLF and the signature line follow, or, unsigned, CRLF CRLF.
 * The server accepts chunks of any size (S3 requires at least 8 KiB), and never holds a whole chunk.
 */
import type { BodyReader } from "../../http/types.ts";
import type { ChunkSigning } from "../auth/types.ts";
import { S3Error } from "../protocol/errors.ts";
import { SignatureChain } from "./chunk-signatures.ts";
import { type Line, WireReader } from "./wire-reader.ts";

/** Size, signature and further extensions of a client. */
const MAX_CHUNK_HEADER_BYTES = 1024;
const MAX_TRAILER_BYTES = 8 * 1024;
/** Up to 2^52 bytes: no payload is so large, and the number stays exact. */
const CHUNK_SIZE = /^[0-9a-fA-F]{1,13}$/;
const TRAILER_SIGNATURE = "x-amz-trailer-signature";
/** The JavaScript SDK sends this trailer for the algorithm MD5. */
const CONTENT_MD5 = "content-md5";

/**
 * Called at the end of a chunk; resolves with the SHA-256 of the payload since the last call.
 * @param filled bytes that the running `readInto` has written to its target so far
 */
export type ChunkCut = (filled: number) => Promise<Uint8Array>;

export interface ChunkedOptions {
  /** x-amz-decoded-content-length */
  readonly decodedLength: number;
  readonly trailer: boolean;
  /** The checksum that x-amz-trailer announced. */
  readonly expectedTrailer: string | undefined;
  /** Undefined: chunks carry no signatures. */
  readonly signing: ChunkSigning | undefined;
  readonly cut: ChunkCut;
}

/** Removes the framing from a body. */
export class ChunkedFraming {
  /** Trailing headers by lower-case name, complete when `readInto` has reached the end. */
  readonly trailers = new Map<string, string>();
  readonly #wire: WireReader;
  readonly #options: ChunkedOptions;
  readonly #chain: SignatureChain | undefined;
  #decoded = 0;
  /** Bytes of the current chunk that are not read yet. */
  #left = 0;
  /** Size of the current chunk; 0 for the last chunk, undefined before the first chunk. */
  #size: number | undefined;
  #signature = "";
  #ended = false;

  constructor(body: BodyReader, options: ChunkedOptions) {
    this.#wire = new WireReader(body);
    this.#options = options;
    this.#chain = options.signing === undefined ? undefined : new SignatureChain(options.signing);
  }

  /** Fills `target` unless the payload ends first; resolves with the bytes written. @throws S3Error; BodyError */
  async readInto(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length && !this.#ended) {
      if (this.#chain?.failure !== undefined) throw this.#chain.failure;
      if (this.#left === 0) {
        await this.#nextChunk(filled);
        continue;
      }
      const bytes = this.#wire.take(Math.min(this.#left, target.length - filled));
      if (bytes === undefined) {
        if (!(await this.#wire.more())) throw incomplete("The request body ended inside a chunk.");
        continue;
      }
      target.set(bytes, filled);
      filled += bytes.length;
      this.#left -= bytes.length;
    }
    return filled;
  }

  /** Resolves when all signatures inside the framing are valid. @throws S3Error SignatureDoesNotMatch */
  async verified(): Promise<void> {
    await this.#chain?.settled();
  }

  async #nextChunk(filled: number): Promise<void> {
    if (this.#size !== undefined) {
      this.#chain?.chunk(this.#signature, this.#options.cut(filled));
      if (this.#size === 0) return this.#finish();
      await this.#endOfData();
    }
    await this.#header();
  }

  async #header(): Promise<void> {
    const { text } = await this.#line(MAX_CHUNK_HEADER_BYTES, "chunk header");
    const semicolon = text.indexOf(";");
    const digits = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
    if (!CHUNK_SIZE.test(digits)) throw malformed(`'${digits.slice(0, 40)}' is not a chunk size`);
    const size = Number.parseInt(digits, 16);
    this.#decoded += size;
    const { decodedLength, signing } = this.#options;
    if (this.#decoded > decodedLength) {
      throw incomplete(
        `The chunks hold more than the x-amz-decoded-content-length of ${decodedLength} bytes.`,
      );
    }
    this.#signature = signing === undefined ? "" : chunkSignature(text, semicolon);
    this.#size = size;
    this.#left = size;
  }

  async #endOfData(): Promise<void> {
    // A longer "line" is payload beyond the size in the chunk header.
    const line = this.#wire.lineHere(1) ?? (await this.#wire.line(1));
    if (line === undefined || line === "cut") throw incomplete("The request body ended after a chunk.");
    if (line === "too-long" || line.text !== "") throw malformed("a chunk is longer than its header says");
  }

  async #finish(): Promise<void> {
    this.#ended = true;
    if (this.#decoded !== this.#options.decodedLength) {
      throw incomplete(
        `The chunks hold ${this.#decoded} bytes, x-amz-decoded-content-length is ${this.#options.decodedLength}.`,
      );
    }
    if (this.#options.trailer) await this.#readTrailers();
    else if ((await this.#line(2, "end of the last chunk")).text !== "")
      throw malformed("text follows the last chunk");
    if (await this.#wire.more()) throw malformed("bytes follow the last chunk");
  }

  async #readTrailers(): Promise<void> {
    let canonical = "";
    let signature: string | undefined;
    let bytes = 0;
    let endsInLf = false;
    for (;;) {
      const { text, crlf } = await this.#line(MAX_TRAILER_BYTES, "trailer");
      bytes += text.length + 2;
      if (bytes > MAX_TRAILER_BYTES) throw malformedTrailer("the trailer is too long");
      if (text === "") {
        if (this.#chain === undefined) {
          if (endsInLf) await this.#secondBlankLine();
          break;
        }
        // After LF CRLF, a blank line precedes the signature, and the trailer does not end there.
        if (signature !== undefined) break;
        continue;
      }
      endsInLf = !crlf;
      const colon = text.indexOf(":");
      if (colon <= 0) throw malformedTrailer(`'${text.slice(0, 40)}' is not a trailing header`);
      if (signature !== undefined) throw malformedTrailer("a trailing header follows the signature");
      const name = text.slice(0, colon).trim().toLowerCase();
      const value = text.slice(colon + 1).trim();
      if (name === TRAILER_SIGNATURE) {
        signature = value;
        continue;
      }
      const checksum = name.startsWith("x-amz-checksum-") || name === CONTENT_MD5;
      if (checksum && name !== this.#options.expectedTrailer) {
        throw malformedTrailer(`'${name}' was not announced in x-amz-trailer`);
      }
      if (this.trailers.has(name)) throw malformedTrailer(`'${name}' is given twice`);
      this.trailers.set(name, value);
      canonical += `${name}:${value}\n`;
    }
    if (this.#chain !== undefined) this.#chain.trailer(signature ?? "", canonical);
  }

  /** Reads the second blank line, with which minio-go ends an unsigned trailer; the line may be missing. */
  async #secondBlankLine(): Promise<void> {
    const line = this.#wire.lineHere(1) ?? (await this.#wire.line(1));
    if (line === undefined || (typeof line === "object" && line.text === "")) return;
    throw malformed("bytes follow the last chunk");
  }

  async #line(limit: number, what: string): Promise<Line> {
    const line = this.#wire.lineHere(limit) ?? (await this.#wire.line(limit));
    if (line === undefined || line === "cut") throw incomplete(`The request body ended before the ${what}.`);
    if (line === "too-long") throw malformed(`the ${what} is longer than ${limit} bytes`);
    return line;
  }
}

function chunkSignature(header: string, semicolon: number): string {
  const extensions = semicolon < 0 ? [] : header.slice(semicolon + 1).split(";");
  for (const extension of extensions) {
    const text = extension.trim();
    if (text.startsWith("chunk-signature=")) return text.slice(16);
  }
  throw malformed("a chunk carries no chunk-signature");
}

function incomplete(message: string): S3Error {
  return new S3Error("IncompleteBody", { message, close: true });
}

function malformed(what: string): S3Error {
  return new S3Error("InvalidRequest", {
    message: `The aws-chunked body is malformed: ${what}.`,
    close: true,
  });
}

function malformedTrailer(what: string): S3Error {
  return new S3Error("MalformedTrailerError", { message: `The trailer is malformed: ${what}.`, close: true });
}
