/** The document of CompleteMultipartUpload. */

import { CHECKSUM_ALGORITHMS, checksumValue } from "../body/checksum-headers.ts";
import { openBody } from "../body/open-body.ts";
import type { Exchange } from "../context/exchange.ts";
import { elementName, headerName } from "../objects/checksums.ts";
import { unquoted } from "../objects/conditions.ts";
import { S3Error } from "../protocol/errors.ts";
import { LIST_DOCUMENT_BYTES_MAX, PART_NUMBER_MAX } from "../protocol/limits.ts";
import type { S3Request } from "../protocol/request.ts";
import type { ChecksumAlgorithm } from "../records/checksum.ts";
import { parseXml, type XmlElement } from "../xml/reader.ts";

export interface ListedPart {
  readonly number: number;
  readonly etag: string;
  /** Base64 by algorithm, as the client wrote it. */
  readonly checksums: ReadonlyMap<ChecksumAlgorithm, string>;
}

/** @throws S3Error MalformedXML, InvalidPartOrder, InvalidArgument and the errors of a bad body */
export async function readListedParts(exchange: Exchange): Promise<ListedPart[]> {
  const { request, services, auth } = exchange;
  // The x-amz-checksum-* headers of this request describe the object, not the document.
  const body = openBody(withoutObjectChecksums(request), auth, {
    hashes: services.hashes,
    maxLength: LIST_DOCUMENT_BYTES_MAX,
  });
  let root: XmlElement;
  try {
    root = parseXml(await body.readAll(LIST_DOCUMENT_BYTES_MAX), "CompleteMultipartUpload");
  } finally {
    body.abort();
  }
  const parts = root.children("Part").map(listedPart);
  if (parts.length === 0 || parts.length > PART_NUMBER_MAX) throw new S3Error("MalformedXML");
  for (let i = 1; i < parts.length; i++) {
    if ((parts[i] as ListedPart).number <= (parts[i - 1] as ListedPart).number)
      throw new S3Error("InvalidPartOrder");
  }
  return parts;
}

/** The same request without the headers that describe the object. */
function withoutObjectChecksums(request: S3Request): S3Request {
  const { edge } = request;
  const header = (name: string): string | undefined =>
    isObjectChecksum(name) ? undefined : request.header(name);
  return {
    edge: {
      method: edge.method,
      rawTarget: edge.rawTarget,
      rawHeaders: withoutChecksumLines(edge.rawHeaders),
      header,
      remoteAddress: edge.remoteAddress,
      tlsVersion: edge.tlsVersion,
      requestId: edge.requestId,
      body: edge.body,
      get signal() {
        return edge.signal;
      },
    },
    method: request.method,
    style: request.style,
    host: request.host,
    bucket: request.bucket,
    key: request.key,
    query: request.query,
    rawPath: request.rawPath,
    rawQuery: request.rawQuery,
    resource: request.resource,
    requestId: request.requestId,
    header,
  };
}

function isObjectChecksum(lowerName: string): boolean {
  return lowerName.startsWith("x-amz-checksum-");
}

function withoutChecksumLines(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (!isObjectChecksum(name.toLowerCase())) kept.push(name, rawHeaders[i + 1] as string);
  }
  return kept;
}

function listedPart(part: XmlElement): ListedPart {
  const number = part.childText("PartNumber")?.trim() ?? "";
  const etag = part.childText("ETag")?.trim() ?? "";
  if (!/^\d{1,5}$/.test(number) || etag === "") throw new S3Error("MalformedXML");
  if (Number(number) < 1 || Number(number) > PART_NUMBER_MAX) {
    throw new S3Error("InvalidArgument", {
      message: `PartNumber must be between 1 and ${PART_NUMBER_MAX}.`,
      extra: [
        ["ArgumentName", "partNumber"],
        ["ArgumentValue", number],
      ],
    });
  }
  const checksums = new Map<ChecksumAlgorithm, string>();
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = part.childText(elementName(algorithm));
    if (value !== undefined) checksums.set(algorithm, value.trim());
  }
  return { number: Number(number), etag: unquoted(etag), checksums };
}

/**
 * The object's checksum that the client expects, if the request has one: base64, with or without `-N`. @throws
 * S3Error InvalidRequest
 */
export function expectedChecksum(
  request: S3Request,
): { readonly algorithm: ChecksumAlgorithm; readonly text: string } | undefined {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const text = request.header(headerName(algorithm));
    if (text === undefined) continue;
    const trimmed = text.trim();
    // Text that is no checksum is InvalidRequest, not BadDigest.
    checksumValue(algorithm, trimmed.replace(/-\d{1,5}$/, ""), "header");
    return { algorithm, text: trimmed };
  }
  return undefined;
}
