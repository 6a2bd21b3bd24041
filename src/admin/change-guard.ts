/**
 * Keeps other web pages from changing anything here through a visitor's browser (CSRF): there is no login that they
 * would lack. A browser says where a request comes from, in `Origin` and `Sec-Fetch-Site`; and a page elsewhere cannot send
 * JSON, or DELETE anything, without asking first (a preflight), which is answered 405. Programs send neither header.
 */
export const JSON_TYPE = "application/json";

export interface ForeignChange {
  readonly status: 403 | 415;
  readonly message: string;
}

/** @param host the request's Host, known already (`host-guard.ts`). @returns undefined when the change may go on. */
export function foreignChange(method: string, headers: Headers, host: string): ForeignChange | undefined {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") {
    return { status: 403, message: `a page of another site (${site}) may not change anything here` };
  }
  const origin = headers.get("origin");
  if (origin !== null && !isSameHost(origin, host)) {
    return { status: 403, message: `a page of ${origin} may not change anything here` };
  }
  const type = (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (method === "POST" && type !== JSON_TYPE) {
    return { status: 415, message: `a change is sent as Content-Type: ${JSON_TYPE}` };
  }
  return undefined;
}

/** The scheme may differ: a TLS proxy in front of it ends that. */
function isSameHost(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === new URL(`${new URL(origin).protocol}//${host}`).host;
  } catch {
    return false; // "null", or no URL
  }
}
