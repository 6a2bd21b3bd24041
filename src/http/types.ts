/** The seam between the HTTP edge (node:http) and the application above it. */

export interface EdgeRequest {
  readonly method: string;
  /** The request target exactly as it stood on the request line: never decoded, never normalised. */
  readonly rawTarget: string;
  /** Name, value, name, value ... in wire order and case; values are latin1. Host is that of an absolute-form target. */
  readonly rawHeaders: readonly string[];
  /** First value of a header by lower-case name, latin1; undefined when absent. */
  header(lowerName: string): string | undefined;
  readonly remoteAddress: string;
  readonly requestId: string;
  readonly body: BodyReader;
  /** Aborted when the client goes away before the response ended. */
  readonly signal: AbortSignal;
}

/** Pull-style request body with real backpressure. `100 Continue` goes out at the first read, never before. */
export interface BodyReader {
  /** Content-Length; undefined for chunked transfer coding; 0 when there is no body. */
  readonly declaredLength: number | undefined;
  /** Bytes read so far. */
  readonly received: number;
  /**
   * Resolves with the next piece, in the size it came from the socket, or undefined at the end. The view is gone with the
   * next call. @throws BodyError TRUNCATED (client gone or short body), TOO_LONG, MALFORMED, TIMEOUT.
   */
  read(): Promise<Uint8Array | undefined>;
  /** Fills `target` unless the body ends first; resolves with the bytes written. @throws BodyError as `read` */
  readInto(target: Uint8Array): Promise<number>;
}

export interface EdgeReply {
  readonly status: number;
  /** Sent in this order and case. Content-Length is added by the edge. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: EdgeBody;
  /** Answer, then close the connection (always done when the body was not read to its end). */
  readonly close?: boolean;
  readonly facts?: RequestFacts;
}

/** What the application knows of a request, for the access log; it may still learn something until the answer has ended. */
export interface RequestFacts {
  operation?: string;
  bucket?: string | undefined;
  key?: string | undefined;
  /** Whose signature it was. */
  accessKey?: string | undefined;
  /** Also of an error that a 200 carries in its body. */
  errorCode?: string;
}

/** How a request ended. */
export interface RequestOutcome {
  readonly remoteAddress: string;
  /** 499: the client left before it could be told one. */
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** From the head, or from its turn behind others of its connection. */
  readonly totalMs: number;
  /** The same, until the answer was begun. */
  readonly firstByteMs: number;
  /** Why the answer was broken off. */
  readonly aborted: string | undefined;
  readonly facts: RequestFacts | undefined;
}

/** A request that never was one: its parser gave up. */
export interface RefusedRequest {
  readonly requestId: string;
  readonly remoteAddress: string;
  readonly status: number;
  readonly code: string;
}

export type EdgeBody =
  | { readonly kind: "none" }
  /** HEAD, 304: the length is announced, no byte is sent. */
  | { readonly kind: "head"; readonly length: number }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Exactly `length` bytes, or the connection is destroyed. Each view may be reused by the producer once the next
   *  one is asked for. `return()` is called when the client goes away. */
  | { readonly kind: "stream"; readonly length: number; readonly chunks: AsyncIterable<Uint8Array> }
  /** Length not known in advance (CompleteMultipartUpload keep-alive white space): chunked transfer coding. */
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
