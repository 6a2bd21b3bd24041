/** The interface between the HTTP edge (node:http) and the application. */

export interface EdgeRequest {
  readonly method: string;
  /** The request target exactly as on the request line: never decoded, never normalised. */
  readonly rawTarget: string;
  /**
   * Name, value, name, value ... in wire order and case; values are latin1. The authority of an absolute-form
   * target replaces Host.
   */
  readonly rawHeaders: readonly string[];
  /** First value of a header by lower-case name, latin1; undefined when absent. */
  header(lowerName: string): string | undefined;
  readonly remoteAddress: string;
  /** `1.2`, `1.3`; undefined: the request came without TLS. */
  readonly tlsVersion: string | undefined;
  readonly requestId: string;
  readonly body: BodyReader;
  /** Aborted when the client disconnects before the response has ended. */
  readonly signal: AbortSignal;
}

/** Pull-style request body with real backpressure. `100 Continue` is sent at the first read, never before. */
export interface BodyReader {
  /** Content-Length; undefined for chunked transfer coding; 0 when there is no body. */
  readonly declaredLength: number | undefined;
  /** Bytes read so far. */
  readonly received: number;
  /**
   * Resolves with the next piece, in the size in which the socket delivered it, or undefined at the end. The view
   * is valid until the next call. @throws BodyError TRUNCATED (client gone or short body), TOO_LONG, MALFORMED,
   * TIMEOUT.
   */
  read(): Promise<Uint8Array | undefined>;
  /** Fills `target` unless the body ends first; resolves with the bytes written. @throws BodyError as `read` */
  readInto(target: Uint8Array): Promise<number>;
}

export interface EdgeReply {
  readonly status: number;
  /** Headers in the order and case in which they are sent. The edge adds Content-Length. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: EdgeBody;
  /** True: the connection is closed after the answer (always done when the body was not read to its end). */
  readonly close?: boolean;
  readonly facts?: RequestFacts;
}

/** Facts of a request for the access log. The application may add facts until the answer has ended. */
export interface RequestFacts {
  operation?: string;
  bucket?: string | undefined;
  key?: string | undefined;
  /** Access key of the signature. */
  accessKey?: string | undefined;
  /** S3 error code; also of an error in the body of a 200. */
  errorCode?: string;
}

/** How a request ended. */
export interface RequestOutcome {
  readonly remoteAddress: string;
  /** 499: the client disconnected before a status was sent. */
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Time from the head, or from the request's turn on its connection, to the end. */
  readonly totalMs: number;
  /** Time from the same start to the first byte of the answer. */
  readonly firstByteMs: number;
  /** The reason why the answer was aborted. */
  readonly aborted: string | undefined;
  readonly facts: RequestFacts | undefined;
}

/** Bytes that the parser refused as a request. */
export interface RefusedRequest {
  readonly requestId: string;
  readonly remoteAddress: string;
  readonly status: number;
  readonly code: string;
}

export type EdgeBody =
  | { readonly kind: "none" }
  /** HEAD, 304: the length is in the header, and no byte is sent. */
  | { readonly kind: "head"; readonly length: number }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /**
   * Exactly `length` bytes; otherwise the connection is destroyed. The producer may reuse a view once the next view
   * is requested. `return()` is called when the client disconnects.
   */
  | { readonly kind: "stream"; readonly length: number; readonly chunks: AsyncIterable<Uint8Array> }
  /** The length is not known in advance (white space of CompleteMultipartUpload): chunked transfer coding. */
  | { readonly kind: "unsized"; readonly chunks: AsyncIterable<Uint8Array> };

export type EdgeApplication = (request: EdgeRequest) => Promise<EdgeReply>;

export type BodyErrorCode = "TRUNCATED" | "TOO_LONG" | "MALFORMED" | "TIMEOUT";

export class BodyError extends Error {
  readonly code: BodyErrorCode;
  constructor(code: BodyErrorCode, message: string) {
    super(message);
    this.name = "BodyError";
    this.code = code;
  }
}
