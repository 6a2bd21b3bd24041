import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { EMPTY_BODY, type ReadAhead, SocketBody } from "./body-reader.ts";
import type { IdleWatch } from "./idle-watch.ts";
import { withTargetHost } from "./request-target.ts";
import type { BodyReader, EdgeRequest } from "./types.ts";

const SLASH = 0x2f;

/** One request and its response object. Expensive parts are made at the first use. */
export class Exchange implements EdgeRequest {
  readonly method: string;
  readonly rawTarget: string;
  readonly rawHeaders: readonly string[];
  readonly requestId: string;
  readonly body: BodyReader;
  /** `body` as a SocketBody, when there is a body to read. */
  readonly socketBody: SocketBody | undefined;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  #abort: AbortController | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    owesContinue: boolean,
    requestId: string,
    watch: IdleWatch,
    readAhead: ReadAhead,
    onBodyStart: (body: SocketBody, socket: Socket) => void,
  ) {
    this.request = request;
    this.response = response;
    this.method = request.method ?? "";
    this.rawTarget = request.url ?? "";
    this.rawHeaders =
      this.rawTarget.charCodeAt(0) === SLASH
        ? request.rawHeaders
        : withTargetHost(request.rawHeaders, this.rawTarget, request.httpVersionMinor === 0);
    this.requestId = requestId;
    const length = this.header("content-length");
    const chunked = length === undefined && this.header("transfer-encoding") !== undefined;
    if (chunked || (length !== undefined && length !== "0")) {
      const declared = length === undefined ? undefined : Number(length);
      this.socketBody = new SocketBody(
        request,
        response,
        declared,
        owesContinue,
        watch,
        readAhead,
        onBodyStart,
      );
      this.body = this.socketBody;
    } else {
      this.socketBody = undefined;
      this.body = EMPTY_BODY;
    }
  }

  header(lowerName: string): string | undefined {
    return findHeader(this.rawHeaders, lowerName);
  }

  get remoteAddress(): string {
    return this.request.socket.remoteAddress ?? "";
  }

  get tlsVersion(): string | undefined {
    const { socket } = this.request;
    return socket instanceof TLSSocket ? (socket.getProtocol() ?? "").replace(/^TLSv/, "") : undefined;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      const { response, socketBody } = this;
      const gone = (): void => {
        if (!response.writableFinished || socketBody?.clientGone === true) abort.abort();
      };
      if (response.closed || socketBody?.clientGone === true) gone();
      else {
        // A body that is being read is informed first; an answer to its error may then "finish" although the client
        // is gone.
        if (socketBody !== undefined) socketBody.onClientGone = gone;
        response.once("close", gone);
      }
    }
    return this.#abort.signal;
  }
}

/** First value in a raw header list. @internal */
export function findHeader(rawHeaders: readonly string[], lowerName: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === lowerName.length && (name === lowerName || name.toLowerCase() === lowerName)) {
      return rawHeaders[i + 1];
    }
  }
  return undefined;
}
