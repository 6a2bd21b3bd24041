/** The body of a request that configures a bucket or an object: a small document. */
import { openBody } from "../body/open-body.ts";
import type { Exchange } from "../context/exchange.ts";
import { CONFIGURATION_BYTES_MAX } from "../protocol/limits.ts";

/** Returns the whole body, verified; empty when there is none. @throws S3Error MaxMessageLengthExceeded and others */
export async function readDocument({ request, services, auth }: Exchange): Promise<Uint8Array> {
  const body = openBody(request, auth, { hashes: services.hashes });
  try {
    return await body.readAll(CONFIGURATION_BYTES_MAX);
  } finally {
    body.abort();
  }
}
