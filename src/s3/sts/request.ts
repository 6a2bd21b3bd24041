/** A request to STS: a form that is posted to the root of the S3 listener. */
import { BodyError, type EdgeRequest } from "../../http/types.ts";
import { parseS3Request, type S3Request } from "../protocol/request.ts";
import { StsError } from "./errors.ts";

/** Above a form with the longest session policy, escaped. */
const FORM_BYTES_MAX = 16 * 1024;
const FORM_TYPE = "application/x-www-form-urlencoded";

/** The request when it is one to STS: S3 has no operation that posts a form of this type to the root. */
export function stsRequestOf(edge: EdgeRequest, domains: readonly string[]): S3Request | undefined {
  if (edge.method !== "POST" || edge.rawTarget !== "/") return undefined;
  const type = (edge.header("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== FORM_TYPE) return undefined;
  const request = parseS3Request(edge, { domains });
  return request.bucket === undefined ? request : undefined;
}

/** @throws StsError when the body is too long, or was not sent to its end */
export async function readForm({ body }: EdgeRequest): Promise<Uint8Array> {
  const bytes = new Uint8Array(FORM_BYTES_MAX + 1);
  let length = 0;
  try {
    while (length < bytes.byteLength) {
      const filled = await body.readInto(bytes.subarray(length));
      if (filled === 0) return bytes.subarray(0, length);
      length += filled;
    }
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw new StsError("IncompleteBody", 400, "The request body was not sent to its end.");
  }
  throw new StsError("ValidationError", 400, `The request has more than ${FORM_BYTES_MAX} bytes.`);
}
