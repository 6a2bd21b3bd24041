/**
 * Reads multipart/form-data (RFC 7578, RFC 2046 section 5.1) up to its file: the fields before the file in memory, the
 * file as a body that is read piece by piece. S3 ignores what follows the file. A parser of our own, because the readers
 * of bodies pull bytes after admission was granted, and the parsers in packages push them (docs/decisions/175-browser-forms.md).
 */
import type { BodyReader } from "../../http/types.ts";
import { S3Error } from "../protocol/errors.ts";
import { FORM_FIELDS_BYTES_MAX } from "../protocol/limits.ts";
import { parseDisposition } from "./form-headers.ts";

interface FormField {
  /** As sent. */
  readonly name: string;
  readonly value: string;
}

export interface Form {
  /** The fields before the file, in order. */
  readonly fields: readonly FormField[];
  /** Name of the file as the client gave it; undefined: the file has no name. */
  readonly fileName: string | undefined;
  /** `declaredLength` is the length of the file when nothing but the last boundary follows it, else more. */
  readonly file: BodyReader & { readonly declaredLength: number };
}

const EMPTY = Buffer.alloc(0);
const CRLF = Buffer.from("\r\n");
const HEADERS_END = Buffer.from("\r\n\r\n");
const FILE = "file";

/** @throws S3Error MalformedPOSTRequest, MaxPostPreDataLengthExceeded, InvalidArgument (no file); BodyError */
export async function readForm(
  body: BodyReader & { readonly declaredLength: number },
  boundary: string,
): Promise<Form> {
  const head = new FormHead(body, Buffer.from(`\r\n--${boundary}`, "latin1"));
  const fields: FormField[] = [];
  await head.skipTo();
  for (;;) {
    if (await head.isClosed()) throw noFile();
    const { name, fileName } = await head.disposition();
    if (name === FILE) return { fields, fileName, file: head.file() };
    fields.push({ name, value: utf8(await head.skipTo()) });
  }
}

/** The bytes before the file. A line end before them makes the first boundary like every other. */
class FormHead {
  readonly #body: BodyReader & { readonly declaredLength: number };
  readonly #delimiter: Buffer;
  /** Bytes that were read and not used. */
  #bytes: Buffer = CRLF;
  #used = 0;

  constructor(body: BodyReader & { readonly declaredLength: number }, delimiter: Buffer) {
    this.#body = body;
    this.#delimiter = delimiter;
  }

  /** Goes behind the next delimiter; returns the bytes before it. */
  async skipTo(): Promise<Buffer> {
    const before = await this.#before(this.#delimiter);
    this.#take(before.byteLength + this.#delimiter.byteLength);
    return before;
  }

  /** Reads the end of a delimiter's line. */
  async isClosed(): Promise<boolean> {
    while (this.#bytes.byteLength < 2) await this.#more();
    if (this.#bytes[0] === 0x2d && this.#bytes[1] === 0x2d) return true;
    const padding = await this.#before(CRLF);
    if (padding.some((byte) => byte !== 0x20 && byte !== 0x09)) throw malformed();
    // The line end stays: a part without headers begins with an empty line.
    this.#take(padding.byteLength);
    return false;
  }

  async disposition(): Promise<{ readonly name: string; readonly fileName: string | undefined }> {
    const headers = await this.#before(HEADERS_END);
    this.#take(headers.byteLength + HEADERS_END.byteLength);
    const found = parseDisposition(utf8(headers));
    if (found === undefined) throw malformed();
    return found;
  }

  file(): FormFile {
    return new FormFile(this.#body, this.#bytes, this.#delimiter);
  }

  async #before(mark: Buffer): Promise<Buffer> {
    for (;;) {
      const at = this.#bytes.indexOf(mark);
      if (at >= 0) {
        this.#checkUsed(at);
        return this.#bytes.subarray(0, at);
      }
      this.#checkUsed(this.#bytes.byteLength);
      await this.#more();
    }
  }

  #take(length: number): void {
    this.#used += length;
    this.#bytes = this.#bytes.subarray(length);
  }

  #checkUsed(more: number): void {
    if (this.#used + more <= FORM_FIELDS_BYTES_MAX) return;
    throw new S3Error("MaxPostPreDataLengthExceeded", {
      extra: [["MaxPostPreDataLengthBytes", String(FORM_FIELDS_BYTES_MAX)]],
    });
  }

  async #more(): Promise<void> {
    const piece = await this.#body.read();
    if (piece === undefined) throw malformed();
    this.#bytes = Buffer.concat([this.#bytes, piece]);
  }
}

/** The file, up to the delimiter behind it. */
class FormFile implements BodyReader {
  readonly declaredLength: number;
  received = 0;
  readonly #body: BodyReader;
  readonly #delimiter: Buffer;
  /** Bytes of the file, in memory of their own. */
  #data: Uint8Array = EMPTY;
  /** Bytes behind `#data` that may begin the delimiter. */
  #rest: Buffer;
  #ended = false;
  #first = true;

  constructor(body: BodyReader & { readonly declaredLength: number }, rest: Buffer, delimiter: Buffer) {
    this.#body = body;
    this.#rest = rest;
    this.#delimiter = delimiter;
    const left = body.declaredLength - body.received + rest.byteLength;
    // Behind the file come at least the delimiter and two hyphens, and usually a line end.
    this.declaredLength = Math.max(0, left - delimiter.byteLength - 2);
  }

  async read(): Promise<Uint8Array | undefined> {
    if (!(await this.#hasData())) return undefined;
    const data = this.#data;
    this.#data = EMPTY;
    this.received += data.byteLength;
    return data;
  }

  async readInto(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.byteLength && (await this.#hasData())) {
      const part = this.#data.subarray(0, target.byteLength - filled);
      target.set(part, filled);
      filled += part.byteLength;
      this.#data = this.#data.subarray(part.byteLength);
    }
    this.received += filled;
    return filled;
  }

  async #hasData(): Promise<boolean> {
    while (this.#data.byteLength === 0 && !this.#ended) await this.#more();
    return this.#data.byteLength > 0;
  }

  /** @throws S3Error MalformedPOSTRequest when the body ends without a delimiter */
  async #more(): Promise<void> {
    let window: Buffer = this.#rest;
    if (this.#first) {
      this.#first = false;
    } else {
      const piece = await this.#body.read();
      if (piece === undefined) throw malformed();
      window = Buffer.concat([this.#rest, piece]);
    }
    const at = window.indexOf(this.#delimiter);
    if (at >= 0) {
      this.#data = window.subarray(0, at);
      this.#rest = EMPTY;
      this.#ended = true;
      await this.#readAway();
      return;
    }
    const safe = Math.max(0, window.byteLength - this.#delimiter.byteLength + 1);
    this.#data = window.subarray(0, safe);
    this.#rest = window.subarray(safe);
  }

  /** What follows the file is read, so that the connection can carry another request. */
  async #readAway(): Promise<void> {
    while ((await this.#body.read()) !== undefined) {}
  }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
  } catch {
    throw malformed();
  }
}

function malformed(): S3Error {
  return new S3Error("MalformedPOSTRequest", { close: true });
}

/** As recorded of S3: rowanwins/vue-dropzone#303, boto/boto3#934. */
function noFile(): S3Error {
  return new S3Error("InvalidArgument", {
    message: "POST requires exactly one file upload per request.",
    extra: [
      ["ArgumentName", FILE],
      ["ArgumentValue", "0"],
    ],
  });
}
