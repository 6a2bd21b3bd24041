/** `response-*`: headers of the answer that the URL asks for (API reference, GetObject, "Overriding response header values"). */

import type { Exchange } from "../context/exchange.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import type { HeaderPair } from "../protocol/replies.ts";

const OVERRIDES: readonly (readonly [parameter: string, header: string])[] = [
  ["response-content-type", "Content-Type"],
  ["response-content-language", "Content-Language"],
  ["response-expires", "Expires"],
  ["response-cache-control", "Cache-Control"],
  ["response-content-disposition", "Content-Disposition"],
  ["response-content-encoding", "Content-Encoding"],
];
/** CR and LF would begin a header or a body that the caller chooses. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a header must not hold these characters
const UNSENDABLE = /[\u0000-\u0008\u000a-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the first half of Latin-1
const BEYOND_LATIN1 = /[^\u0000-\u00ff]/;
const QUOTED_MAX = 1024;

/**
 * Headers are sent as Latin-1 (`EdgeReply.headers`), so text up to U+00FF is sent unchanged. S3 refuses other text,
 * as recorded in CartoDB/cartodb#10701 and guardian/grid#1716.
 * @throws S3Error InvalidArgument; InvalidRequest for anonymous callers, because an unsigned link could send any
 *   header to another user
 */
export function responseOverrides(exchange: Exchange): ReadonlyMap<string, string> | undefined {
  const { query } = exchange.request;
  if (query.size === 0) return undefined;
  let overrides: Map<string, string> | undefined;
  for (const [parameter, header] of OVERRIDES) {
    const value = query.get(parameter);
    if (value === undefined) continue;
    if (exchange.auth.method === "anonymous") {
      throw new S3Error("InvalidRequest", {
        message: "Request specific response headers cannot be used for anonymous GET requests.",
      });
    }
    if (UNSENDABLE.test(value)) {
      throw refused(parameter, value, "A response header override holds control characters.");
    }
    if (BEYOND_LATIN1.test(value)) {
      throw refused(parameter, value, "Header value cannot be represented using ISO-8859-1.");
    }
    overrides ??= new Map();
    overrides.set(header, value);
  }
  return overrides;
}

function refused(parameter: string, value: string, message: string): S3Error {
  return invalidArgument(parameter, value.slice(0, QUOTED_MAX), message);
}

export function override(
  headers: readonly HeaderPair[],
  overrides: ReadonlyMap<string, string>,
): HeaderPair[] {
  return [...headers.filter(([name]) => !overrides.has(name)), ...overrides];
}
