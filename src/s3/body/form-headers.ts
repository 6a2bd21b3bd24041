/** The headers of forms: the boundary of the whole, and names in its parts (RFC 7578 sections 4.1 and 4.2). */

/** RFC 2046 section 5.1.1: 1 to 70 characters, none of which is a control character. */
const BOUNDARY = /^[\x20-\x7e]{0,69}[\x21-\x7e]$/;
const PARAMETER = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^";]*))/g;

/** The boundary in a Content-Type; undefined when there is none. */
export function boundaryOf(contentType: string): string | undefined {
  const boundary = parametersOf(contentType).get("boundary");
  return boundary !== undefined && BOUNDARY.test(boundary) ? boundary : undefined;
}

/**
 * Name and file name of a part. @param headers lines with CRLF between them. @returns undefined when the part has no
 * name
 */
export function parseDisposition(
  headers: string,
): { readonly name: string; readonly fileName: string | undefined } | undefined {
  for (const line of headers.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon < 0 || line.slice(0, colon).trim().toLowerCase() !== "content-disposition") continue;
    const value = line.slice(colon + 1);
    if (!/^\s*form-data\s*(?:;|$)/i.test(value)) return undefined;
    const parameters = parametersOf(value);
    const name = parameters.get("name");
    return name === undefined ? undefined : { name, fileName: parameters.get("filename") };
  }
  return undefined;
}

function parametersOf(header: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", quoted, bare = ""] of header.matchAll(PARAMETER)) {
    // Browsers escape nothing but the quotation mark: other backslashes belong to paths of Windows.
    const value = quoted === undefined ? bare.trim() : quoted.replaceAll('\\"', '"');
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), value);
  }
  return found;
}
