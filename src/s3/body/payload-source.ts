import type { BodyReader } from "../../http/types.ts";

/** Payload bytes without wire framing, in order. */
export interface PayloadSource {
  /** The next non-empty piece; undefined when the payload and its framing have ended as they must. @throws S3Error */
  next(): Promise<Uint8Array | undefined>;
  /** Trailing headers by lower-case name, once `next` returned undefined. */
  readonly trailers: ReadonlyMap<string, string>;
  /** All signatures inside the framing hold. @throws S3Error SignatureDoesNotMatch */
  verified(): Promise<void>;
}

const NO_TRAILERS: ReadonlyMap<string, string> = new Map();

/** The body is the payload: lengths are the edge's business. */
export class PlainSource implements PayloadSource {
  readonly trailers = NO_TRAILERS;
  readonly #body: BodyReader;

  constructor(body: BodyReader) {
    this.#body = body;
  }

  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const piece = await this.#body.read();
      if (piece === undefined || piece.length > 0) return piece;
    }
  }

  verified(): Promise<void> {
    return Promise.resolve();
  }
}
