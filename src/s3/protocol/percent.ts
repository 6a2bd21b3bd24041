/** Percent-encoding as S3 and SigV4 use it: decoded once, encoded once, nothing normalised. */
import { S3Error } from "./errors.ts";

/** Only these characters stay unescaped in SigV4's canonical form (RFC 3986 "unreserved"). */
const ONLY_UNRESERVED = /^[A-Za-z0-9\-._~]*$/;
const ONLY_UNRESERVED_OR_SLASH = /^[A-Za-z0-9\-._~/]*$/;
/** encodeURIComponent does not escape these characters, but SigV4 does. */
const LEFT_ALONE = /[!'()*]/;
const LEFT_ALONE_ALL = /[!'()*]/g;

/**
 * Decodes `%XX` once and reads the bytes as UTF-8.
 * @param raw a piece of a request target or of x-amz-copy-source: latin1 characters that stand for bytes. Bun's parser
 *   refuses targets with bytes above 0x7f; the header may hold such bytes.
 * @throws S3Error InvalidURI for a bad escape or bytes that are not UTF-8.
 */
export function decodeComponent(raw: string): string {
  if (ONLY_UNRESERVED_OR_SLASH.test(raw)) return raw;
  try {
    return decodeURIComponent(hasHighCharacter(raw) ? escapeHigh(raw) : raw);
  } catch (cause) {
    throw new S3Error("InvalidURI", {
      message: "Couldn't parse the specified URI: a bad percent-escape, or bytes that are not UTF-8.",
      cause,
    });
  }
}

/** Like decodeComponent, with `+` for a space, as in a query string. */
export function decodeQueryComponent(raw: string): string {
  if (ONLY_UNRESERVED_OR_SLASH.test(raw)) return raw;
  return decodeComponent(raw.includes("+") ? raw.replaceAll("+", " ") : raw);
}

/** SigV4's UriEncode of a decoded string, `/` included. */
export function encodeComponent(text: string): string {
  if (ONLY_UNRESERVED.test(text)) return text;
  const encoded = encodeURIComponent(text);
  return LEFT_ALONE.test(encoded) ? encoded.replace(LEFT_ALONE_ALL, encodeAscii) : encoded;
}

/** SigV4's canonical URI of a raw path: the same text when the client already sent the canonical form. */
export function canonicalPath(rawPath: string): string {
  if (ONLY_UNRESERVED_OR_SLASH.test(rawPath)) return rawPath;
  return encodeComponent(decodeComponent(rawPath)).replaceAll("%2F", "/");
}

function encodeAscii(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function hasHighCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return true;
  return false;
}

/** Raw bytes above 0x7f become escapes, so that decodeURIComponent checks whether the bytes are UTF-8. */
function escapeHigh(text: string): string {
  return text.replace(/[\u0080-\u00ff]/g, encodeAscii);
}
