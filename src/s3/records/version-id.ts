/** The version id in the row of an object. */
import { RecordError } from "./record-error.ts";

declare const opaque: unique symbol;

/**
 * `null`: the object was written while its bucket was not versioned. Any other id is opaque: only its writer knows
 * the meaning.
 */
export type VersionId = typeof NULL_VERSION | (string & { readonly [opaque]: true });

/** The version id of every write: no bucket is versioned yet. */
export const NULL_VERSION = "null";

/** Characters that need no escape in URLs and XML: RFC 3986 section 2.3, and the further characters of base64. */
const WELL_FORMED = /^[A-Za-z0-9._~+/=-]{1,1024}$/;

/** @throws RecordError for text that no writer has written */
export function versionIdOf(text: string): VersionId {
  if (WELL_FORMED.test(text)) return text as VersionId;
  throw new RecordError(`manifest of version ${JSON.stringify(text.slice(0, 100))}`);
}
