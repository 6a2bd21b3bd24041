import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { SocketBody } from "./body-reader.ts";
import type { Connection } from "./connection.ts";
import { rawEdgeAnswer } from "./edge-answer.ts";
import type { EdgeMetrics } from "./metrics.ts";
import { METHOD_NOT_ALLOWED, type RefusedLine, refusedLine } from "./request-target.ts";
import type { RefusedRequest } from "./types.ts";

/** node:http keeps the response in progress here (undocumented, the same in Bun; a test depends on it). */
interface HttpSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null;
}

/**
 * Handles a connection that the parser has refused (`clientError`). A request that is being read gets a BodyError,
 * and its answer ends the connection. A response that is being written is not changed, because an error answer
 * would mix with its bytes. Otherwise the client gets a small XML document.
 */
export function answerParseError(
  error: Error,
  connection: Connection,
  body: SocketBody | undefined,
  requestId: () => string,
  metrics: EdgeMetrics,
): RefusedRequest | undefined {
  const { socket } = connection;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    // The client gets no answer: it may have opened the connection before it needs one.
    metrics.parseError("timeout");
    socket.destroy();
    return undefined;
  }
  if (code === "ECONNRESET" || code === "EPIPE") {
    // A client that disconnected has not broken the protocol.
    body?.fail("TRUNCATED", "the connection was reset inside the body");
    socket.destroy();
    return undefined;
  }
  // A body that has arrived completely is valid: the error is after it.
  const reading = body !== undefined && !body.finished && !body.arrived;
  const ended = code === "HPE_INVALID_EOF_STATE";
  // The invalid request may still wait for its turn.
  connection.broken = ended
    ? { code: "TRUNCATED", message: "the connection ended inside the body" }
    : { code: "MALFORMED", message: `the body's transfer coding is malformed (${code})` };
  if (reading && ended) {
    body.fail(connection.broken.code, connection.broken.message);
    return undefined;
  }
  const tooLarge = code === "HPE_HEADER_OVERFLOW" || code === "HPE_CHUNK_EXTENSIONS_OVERFLOW";
  metrics.parseError(tooLarge ? "headers-too-large" : "malformed");
  if (reading) {
    body.fail(connection.broken.code, connection.broken.message);
    return undefined;
  }
  if (endAfterAnswers(socket)) return undefined;
  if (!socket.writable) {
    socket.destroy();
    return undefined;
  }
  // The bytes that the parser received last. They begin with the invalid line, unless the line came in pieces.
  const { rawPacket } = error as Error & { readonly rawPacket?: Uint8Array };
  const why = tooLarge ? TOO_LARGE : (refusedLine(rawPacket) ?? MALFORMED);
  return answerRaw(connection, why, requestId());
}

const TOO_LARGE: RefusedLine = {
  status: "400 Bad Request",
  code: "RequestHeaderSectionTooLarge",
  message: "The request headers exceed the maximum allowed size.",
};
const MALFORMED: RefusedLine = {
  status: "400 Bad Request",
  code: "BadRequest",
  message: "The HTTP request is malformed.",
};

/** Refuses CONNECT, which asks for a tunnel; node:http passes its socket here. */
export function refuseTunnel(connection: Connection, requestId: () => string): RefusedRequest | undefined {
  const { socket } = connection;
  connection.closing = true;
  // While a request is in progress, the client would take this answer for the answer to that request.
  if (connection.inProgress > 0 && endAfterAnswers(socket)) return undefined;
  if (socket.writable) return answerRaw(connection, METHOD_NOT_ALLOWED, requestId());
  socket.destroy();
  return undefined;
}

/** Refuses HTTP in clear text on a TLS listener, and drops what the client still sends. */
export function answerPlainHttp(connection: Connection, requestId: string): RefusedRequest {
  connection.closing = true;
  connection.socket.on("data", () => {});
  return answerRaw(connection, PLAIN_HTTP, requestId);
}

const PLAIN_HTTP: RefusedLine = {
  status: "400 Bad Request",
  code: "BadRequest",
  message: "This port speaks TLS: use https:// instead of http://.",
};

function answerRaw(connection: Connection, why: RefusedLine, requestId: string): RefusedRequest {
  const { socket, remoteAddress } = connection;
  // Later bytes may be refused again.
  connection.closing = true;
  const { status, code, message, allow } = why;
  socket.end(rawEdgeAnswer(status, code, message, requestId, allow));
  return { requestId, remoteAddress, status: Number.parseInt(status, 10), code };
}

/** When answers are not written yet: ends the connection after the last answer and returns true. */
function endAfterAnswers(socket: HttpSocket): boolean {
  const answer = socket._httpMessage;
  if (answer === undefined || answer === null) return false;
  answer.once("close", () => {
    // The next pipelined answer takes the socket right after this event.
    setImmediate(() => {
      if (!endAfterAnswers(socket)) socket.end();
    });
  });
  return true;
}
