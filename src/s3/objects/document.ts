/** The document of a request that sets something. */
import { openBody } from "../body/open-body.ts";
import type { Exchange } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { CONFIGURATION_BYTES_MAX } from "../protocol/limits.ts";
import { parseXml, type XmlElement } from "../xml/reader.ts";

/** The whole body, verified; empty when there is none. @throws S3Error MaxMessageLengthExceeded, and of a bad body */
export async function documentBytes({ auth, request, services }: Exchange): Promise<Uint8Array> {
  const body = openBody(request, auth, { hashes: services.hashes });
  try {
    return await body.readAll(CONFIGURATION_BYTES_MAX);
  } finally {
    body.abort();
  }
}

/** @throws S3Error MissingRequestBodyError, MalformedXML and the errors of a bad body */
export async function readDocument(exchange: Exchange, root: string): Promise<XmlElement> {
  const bytes = await documentBytes(exchange);
  if (bytes.byteLength === 0) throw new S3Error("MissingRequestBodyError");
  return parseXml(bytes, root);
}
