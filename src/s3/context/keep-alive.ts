/**
 * Answers that may take minutes (completing thousands of parts, copying gigabytes). As in S3, the answer begins with
 * status 200 and the XML declaration, white space keeps the connection alive, and the result or an error document
 * follows at the end. Work that ends or fails quickly gets an ordinary answer.
 */
import type { EdgeReply, RequestFacts } from "../../http/types.ts";
import { within } from "../../platform/timers.ts";
import { renderErrorXml, toS3Error } from "../protocol/errors.ts";
import { type HeaderPair, xmlReply } from "../protocol/replies.ts";
import { documentBody, XML_DECLARATION } from "../xml/builder.ts";
import type { Exchange } from "./exchange.ts";

export interface SlowResult {
  /** Root element. */
  readonly root: string;
  readonly inner: string;
  /** Sent when the answer has not begun before its end. */
  readonly headers?: readonly HeaderPair[];
}

/**
 * More bytes than seconds between two writes of white space: a client may measure bytes a second
 * (DEFAULT_KEEP_ALIVE_AFTER_MS).
 */
const WHITE_SPACE = Buffer.from(" ".repeat(16));

export async function withKeepAlive(exchange: Exchange, work: Promise<SlowResult>): Promise<EdgeReply> {
  const { services } = exchange;
  const first = await within(work, services.timers, services.keepAliveAfterMs);
  if (first !== undefined) {
    return xmlReply(XML_DECLARATION + documentBody(first.root, first.inner), first.headers);
  }
  const facts: RequestFacts = {};
  return {
    status: 200,
    headers: [["Content-Type", "application/xml"]],
    body: { kind: "unsized", chunks: whiteSpace(exchange, work, facts) },
    facts,
  };
}

async function* whiteSpace(
  exchange: Exchange,
  work: Promise<SlowResult>,
  facts: RequestFacts,
): AsyncGenerator<Uint8Array> {
  const { services, request } = exchange;
  yield Buffer.from(XML_DECLARATION);
  try {
    for (;;) {
      const done = await within(work, services.timers, services.keepAliveAfterMs);
      if (done !== undefined) {
        yield Buffer.from(documentBody(done.root, done.inner), "utf8");
        return;
      }
      yield WHITE_SPACE;
    }
  } catch (cause) {
    const error = toS3Error(cause);
    facts.errorCode = error.code;
    if (error.status >= 500) services.onInternalError(cause, request.requestId);
    const { requestId, resource } = request;
    const xml = renderErrorXml(error, { requestId, resource, hostId: services.hostId });
    yield Buffer.from(xml.slice(XML_DECLARATION.length), "utf8");
  } finally {
    // The client may have disconnected: the work continues, and its failure must not be an unhandled rejection.
    work.catch(() => {});
  }
}
