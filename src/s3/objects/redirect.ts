import { S3Error } from "../protocol/errors.ts";
import { WEBSITE_REDIRECT_BYTES_MAX } from "../protocol/limits.ts";
import type { S3Request } from "../protocol/request.ts";

export const REDIRECT_HEADER = "x-amz-website-redirect-location";
const TARGET = /^(?:\/|https?:\/\/)/;

/**
 * Where a website would send the readers of the object: kept, and given back on reads (S3 User Guide, "Configuring a
 * webpage redirect"). A copy does not take it over. @throws S3Error InvalidRedirectLocation
 */
export function requestedRedirect(request: S3Request): string | undefined {
  const redirect = request.header(REDIRECT_HEADER);
  if (redirect === undefined) return undefined;
  if (TARGET.test(redirect) && redirect.length <= WEBSITE_REDIRECT_BYTES_MAX) return redirect;
  throw new S3Error("InvalidRedirectLocation");
}
