/** GetObject and HeadObject. */
import type { EdgeReply } from "../../http/types.ts";
import { type Layout, layoutOf } from "../content/layout.ts";
import type { Handler, ObjectExchange } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import type { HeaderPair } from "../protocol/replies.ts";
import type { S3Request } from "../protocol/request.ts";
import type { Manifest } from "../records/manifest.ts";
import { versionHeaders } from "../versions/current.ts";
import { checksumHeaders, headerName, wantsChecksums } from "./checksums.ts";
import { checkReadConditions } from "./conditions.ts";
import { type CurrentObject, currentObject, readPartNumber } from "./current.ts";
import { lockHeaders } from "./lock.ts";
import { describe, refuseCustomerKeys } from "./object-headers.ts";
import { override, responseOverrides } from "./overrides.ts";
import { type ByteRange, contentRange, ifRangeHolds, parseRange } from "./ranges.ts";
import { tagCount } from "./tags.ts";

export const getObject: Handler<"object"> = async (exchange) => {
  const { request, services } = exchange;
  refuseCustomerKeys(request);
  const overrides = responseOverrides(exchange);
  const withChecksums = wantsChecksums(request);
  const object = await currentObject(exchange, "with-payload");
  checkReadConditions(request, object.manifest);
  const layout = layoutOf(object.bucket, object.key, object.manifest, object.row);
  const selection = select(request, object.manifest, () => layout);
  const headers = replyHeaders(exchange, withChecksums, object, selection, overrides);
  headers.push(...tagCount(exchange, object.manifest));
  const { start, end } = selection.range;
  if (layout.inline !== undefined) {
    const bytes = layout.inline.subarray(start, end);
    return { status: selection.status, headers, body: { kind: "bytes", bytes } };
  }
  const reader = services.content.read(layout, start, end);
  await reader.prime();
  return { status: selection.status, headers, body: { kind: "stream", length: end - start, chunks: reader } };
};

export const headObject: Handler<"object"> = async (exchange) => {
  const { request } = exchange;
  refuseCustomerKeys(request);
  const overrides = responseOverrides(exchange);
  const withChecksums = wantsChecksums(request);
  const needsParts = request.query.has("partNumber");
  const object = await currentObject(exchange, needsParts ? "with-payload" : "meta");
  checkReadConditions(request, object.manifest);
  const selection = select(request, object.manifest, () =>
    layoutOf(object.bucket, object.key, object.manifest, object.row),
  );
  const { start, end } = selection.range;
  return {
    status: selection.status,
    headers: [
      ...replyHeaders(exchange, withChecksums, object, selection, overrides),
      ...tagCount(exchange, object.manifest),
    ],
    body: { kind: "head", length: end - start },
  } satisfies EdgeReply;
};

/** The bytes of the object that the answer sends. */
interface Selection {
  readonly status: 200 | 206;
  readonly range: ByteRange;
  /** Defined when the request has partNumber. */
  readonly part: { readonly count: number | undefined; readonly checksum: Uint8Array } | undefined;
}

const NO_CHECKSUM = new Uint8Array(0);

function select(request: S3Request, manifest: Manifest, layout: () => Layout): Selection {
  const { size } = manifest;
  const partNumber = readPartNumber(request);
  const rangeHeader = request.header("range");
  if (partNumber === undefined) {
    const asked = ifRangeHolds(request.header("if-range"), manifest) ? rangeHeader : undefined;
    const range = parseRange(asked, size);
    if (range === undefined) return { status: 200, range: { start: 0, end: size }, part: undefined };
    return { status: 206, range, part: undefined };
  }
  if (rangeHeader !== undefined) {
    throw new S3Error("InvalidRequest", {
      message: "Cannot specify both Range header and partNumber query parameter",
    });
  }
  return selectPart(partNumber, size, layout().parts);
}

function selectPart(partNumber: number, size: number, parts: Layout["parts"]): Selection {
  if (parts === undefined) {
    if (partNumber !== 1) throw noSuchPart(partNumber, 1);
    const part = { count: undefined, checksum: NO_CHECKSUM };
    return { status: size === 0 ? 200 : 206, range: { start: 0, end: size }, part };
  }
  const index = partNumber - 1;
  const part = parts[index];
  if (part === undefined) throw noSuchPart(partNumber, parts.length);
  let start = 0;
  for (const before of parts.slice(0, index)) start += before.size;
  return {
    status: part.size === 0 ? 200 : 206,
    range: { start, end: start + part.size },
    part: { count: parts.length, checksum: part.checksum },
  };
}

function noSuchPart(partNumber: number, count: number): S3Error {
  return new S3Error("InvalidPartNumber", {
    extra: [
      ["PartNumberRequested", String(partNumber)],
      ["ActualPartCount", String(count)],
    ],
  });
}

function replyHeaders(
  exchange: ObjectExchange,
  withChecksums: boolean,
  { bucket, manifest }: CurrentObject,
  selection: Selection,
  overrides: ReadonlyMap<string, string> | undefined,
): HeaderPair[] {
  const headers = describe(manifest);
  headers.push(...versionHeaders(bucket, manifest), ...lockHeaders(exchange, manifest));
  const { part, range, status } = selection;
  if (status === 206) headers.push(["Content-Range", contentRange(range, manifest.size)]);
  if (part?.count !== undefined) headers.push(["x-amz-mp-parts-count", String(part.count)]);
  const whole = range.start === 0 && range.end === manifest.size;
  if (manifest.checksum !== undefined && withChecksums) {
    const count = manifest.content.kind === "parts" ? manifest.content.partCount : undefined;
    // A checksum of the whole object does not match a piece, and clients would check the piece with that checksum.
    if (part !== undefined && part.checksum.byteLength > 0) {
      headers.push([headerName(manifest.checksum.algorithm), Buffer.from(part.checksum).toString("base64")]);
      headers.push(["x-amz-checksum-type", manifest.checksum.type]);
    } else if (whole && (status === 200 || part !== undefined)) {
      headers.push(...checksumHeaders(manifest.checksum, count));
    }
  }
  return overrides === undefined ? headers : override(headers, overrides);
}
