/** Which version of an object a row is. */
import { RecordError } from "./record-error.ts";

declare const opaque: unique symbol;

/** `null`: written while its bucket was not versioned. Any other id is opaque: what it says is its writer's business. */
export type VersionId = typeof NULL_VERSION | (string & { readonly [opaque]: true });

/** What every write gives its object: no bucket is versioned yet. */
export const NULL_VERSION = "null";

/** What URLs and XML carry as it is: RFC 3986 section 2.3, and what base64 has beside it. */
const WELL_FORMED = /^[A-Za-z0-9._~+/=-]{1,1024}$/;

/** @throws RecordError for what no writer has written */
export function versionIdOf(text: string): VersionId {
  if (WELL_FORMED.test(text)) return text as VersionId;
  throw new RecordError(`manifest of version ${JSON.stringify(text.slice(0, 100))}`);
}
