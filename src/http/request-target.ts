/** The forms of a request target (RFC 9112 section 3.2). */

const SCHEME = /^https?:\/\//i;
/** host[:port] without user information, which a server must refuse (RFC 9110 section 4.2.4). */
const AUTHORITY = /^(?:\[[0-9a-f:.%]+\]|[^\s:@[\]/?#]+)(?::\d{0,5})?$/i;

/** The authority of an absolute-form target; "" when the authority is invalid; undefined for any other form. */
export function targetAuthority(rawTarget: string): string | undefined {
  const scheme = SCHEME.exec(rawTarget);
  if (scheme === null) return undefined;
  const rest = rawTarget.slice(scheme[0].length);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  return AUTHORITY.test(authority) ? authority : "";
}

/**
 * The headers of a request. The authority of an absolute-form target replaces Host, because an origin server must
 * ignore the received Host (RFC 9112 section 3.2.2). HTTP/1.0 may omit Host; HTTP/1.1 must send Host in any case.
 */
export function withTargetHost(
  rawHeaders: readonly string[],
  rawTarget: string,
  http10: boolean,
): readonly string[] {
  const authority = targetAuthority(rawTarget);
  if (authority === undefined || authority === "") return rawHeaders;
  const headers = [...rawHeaders];
  let named = false;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== "host") continue;
    headers[i + 1] = authority;
    named = true;
  }
  if (!named && http10) headers.push("Host", authority);
  return headers;
}

/** The error of a request line that the parser refused. */
export interface RefusedLine {
  readonly status: string;
  readonly code: string;
  readonly message: string;
  readonly allow?: string;
}

const S3_METHODS = "GET, HEAD, PUT, POST, DELETE";
/** Methods that the parser accepts, or that HTTP defines (RFC 9110 section 9, RFC 5789). */
const KNOWN_METHODS = new Set([...S3_METHODS.split(", "), "OPTIONS", "TRACE", "CONNECT", "PATCH"]);
const LINE = /^\r?\n?([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/1\.[01]\r?\n/;

export const METHOD_NOT_ALLOWED: RefusedLine = {
  status: "405 Method Not Allowed",
  code: "MethodNotAllowed",
  message: "The specified method is not allowed against this resource.",
  allow: S3_METHODS,
};

/**
 * The reason why the parser may have refused these bytes, which begin with a request line; undefined when the line
 * is valid or is no request line. Methods are case-sensitive, and an unknown method is 501 (RFC 9110 sections 9.1
 * and 15.6.2).
 */
export function refusedLine(bytes: Uint8Array | undefined): RefusedLine | undefined {
  if (bytes === undefined) return undefined;
  const [, method, target] = LINE.exec(Buffer.from(bytes.subarray(0, 16_384)).toString("latin1")) ?? [];
  if (method === undefined || target === undefined) return undefined;
  // Bun writes the methods of parsed requests in lower case: this request is valid, and another one is invalid.
  if (!KNOWN_METHODS.has(method) && KNOWN_METHODS.has(method.toUpperCase())) return undefined;
  if (!KNOWN_METHODS.has(method)) {
    return {
      status: "501 Not Implemented",
      code: "NotImplemented",
      message: "This method is not implemented.",
    };
  }
  return refusedTarget(method, target);
}

/** The reason why no request may have this target; undefined for a path or an absolute URI. */
export function refusedTarget(method: string, target: string): RefusedLine | undefined {
  if (method === "OPTIONS" && target === "*") return METHOD_NOT_ALLOWED;
  if (target.startsWith("/") || SCHEME.test(target)) return undefined;
  const message = "The request target must be a path, or an absolute URI of http or https.";
  return { status: "400 Bad Request", code: "InvalidURI", message };
}
