/** The XML document of a request that sets something. */
import { openBody } from "../body/open-body.ts";
import type { BucketExchange, ObjectExchange } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { CONFIGURATION_BYTES_MAX } from "../protocol/limits.ts";
import { parseXml, type XmlElement } from "../xml/reader.ts";

/** @throws S3Error MissingRequestBodyError, MalformedXML and the errors of a bad body */
export async function readDocument(
  { auth, request, services }: BucketExchange | ObjectExchange,
  root: string,
): Promise<XmlElement> {
  const body = openBody(request, auth, { hashes: services.hashes, maxLength: CONFIGURATION_BYTES_MAX });
  try {
    const bytes = await body.readAll(CONFIGURATION_BYTES_MAX);
    if (bytes.byteLength === 0) throw new S3Error("MissingRequestBodyError");
    return parseXml(bytes, root);
  } finally {
    body.abort();
  }
}
