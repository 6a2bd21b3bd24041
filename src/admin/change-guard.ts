/**
 * Prevents other web pages from making changes through a visitor's browser (CSRF). The API has no cookies, but a
 * browser on the machine may reach it. A
 * browser names the origin of a request in `Origin` and `Sec-Fetch-Site`. A page of another origin cannot send JSON
 * or DELETE without a preflight, which is answered with 405. Programs send neither header.
 */
export const JSON_TYPE = "application/json";
/** Pages send this type only after a preflight too (Fetch, section 3.2.5: CORS-safelisted content types). */
export const BYTES_TYPE = "application/octet-stream";

export interface ForeignChange {
  readonly status: 403 | 415;
  readonly message: string;
}

/**
 * @param host the request's Host, checked before by `host-guard.ts`. @returns undefined when the change is allowed.
 */
export function foreignChange(
  method: string,
  headers: Headers,
  host: string,
  wanted: string = JSON_TYPE,
): ForeignChange | undefined {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") {
    return { status: 403, message: `a page of another site (${site}) may not change anything here` };
  }
  const origin = headers.get("origin");
  if (origin !== null && !isSameHost(origin, host)) {
    return { status: 403, message: `a page of ${origin} may not change anything here` };
  }
  const type = (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (method === "POST" && type !== wanted) {
    return { status: 415, message: `a change is sent as Content-Type: ${wanted}` };
  }
  return undefined;
}

/** Compares hosts only: the scheme differs when a TLS proxy is in front of this listener. */
function isSameHost(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === new URL(`${new URL(origin).protocol}//${host}`).host;
  } catch {
    return false; // "null", or no URL
  }
}
