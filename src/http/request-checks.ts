import { edgeAnswer } from "./edge-answer.ts";
import type { Exchange } from "./exchange.ts";
import type { EdgeLimits } from "./options.ts";
import { refusedTarget, targetAuthority } from "./request-target.ts";
import type { EdgeReply } from "./types.ts";

/**
 * Refuses requests that node:http accepts and no application should see: no Host or several, more headers than the
 * limit, a transfer coding other than plain chunked. Returns the answer, or undefined for a valid request.
 *
 * @param anyHost the answer does not depend on the name, so HTTP/1.0 may omit Host (RFC 9112 section 3.2: 1.1 must
 * send one)
 */
export function refusal(exchange: Exchange, limits: EdgeLimits, anyHost: boolean): EdgeReply | undefined {
  const { rawHeaders, requestId } = exchange;
  if (rawHeaders.length > 2 * limits.maxHeaderCount) {
    return edgeAnswer(400, "RequestHeaderSectionTooLarge", "Too many request headers.", requestId);
  }
  // Bun's parser refuses such a target, but not on connections that were given to it.
  const refused = refusedTarget(exchange.method, exchange.rawTarget);
  if (refused !== undefined) {
    const { status, code, message, allow } = refused;
    const reply = edgeAnswer(Number.parseInt(status, 10), code, message, requestId);
    return allow === undefined ? reply : { ...reply, headers: [...reply.headers, ["Allow", allow]] };
  }
  if (targetAuthority(exchange.rawTarget) === "") {
    return edgeAnswer(400, "InvalidURI", "The authority of the request target is not valid.", requestId);
  }
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
    else if (name.length === 17 && name.toLowerCase() === "transfer-encoding") {
      const coding = rawHeaders[i + 1] as string;
      if (coding.toLowerCase() !== "chunked") {
        return edgeAnswer(
          501,
          "NotImplemented",
          "Only the chunked transfer coding is implemented.",
          requestId,
        );
      }
      if (exchange.request.httpVersionMinor === 0) {
        return edgeAnswer(400, "InvalidRequest", "HTTP/1.0 has no transfer codings.", requestId);
      }
    }
  }
  if (hosts === 1) return undefined;
  if (hosts === 0 && anyHost && exchange.request.httpVersionMinor === 0) return undefined;
  const what = hosts === 0 ? "The Host header is missing." : "There is more than one Host header.";
  return edgeAnswer(400, "InvalidRequest", what, requestId);
}
