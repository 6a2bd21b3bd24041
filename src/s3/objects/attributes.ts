/** Facts about an object besides its bytes: access, attributes. */

import type { Handler, ObjectExchange } from "../context/exchange.ts";
import { ownerOfBucket } from "../context/owners.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { listElements } from "../protocol/header-values.ts";
import { LIST_PARTS_MAX, PART_NUMBER_MAX } from "../protocol/limits.ts";
import { httpDate, xmlReply } from "../protocol/replies.ts";
import { decodePartTable } from "../records/manifest.ts";
import { versionHeaders } from "../versions/current.ts";
import { document, element, tag } from "../xml/builder.ts";
import { accessPolicy } from "./acl.ts";
import { checksumElements, elementName } from "./checksums.ts";
import { type CurrentObject, currentObject } from "./current.ts";

export const getObjectAcl: Handler<"object"> = async (exchange) => {
  await currentObject(exchange, "meta");
  return xmlReply(accessPolicy(ownerOfBucket(exchange)));
};

/** S3 no longer supports torrents (recorded 2026-09-29, us-east-1: brekkylab/backlot, tests). */
export const getObjectTorrent: Handler<"object"> = async () => {
  throw new S3Error("MethodNotAllowed", {
    extra: [
      ["Method", "GET"],
      ["ResourceType", "TORRENT"],
    ],
  });
};

/** No object is ever archived: "List of error codes", InvalidObjectState. */
export const restoreObject: Handler<"object"> = async (exchange) => {
  const { manifest } = await currentObject(exchange, "meta");
  throw new S3Error("InvalidObjectState", {
    message: "Restore is not allowed for the object's current storage class",
    extra: [["StorageClass", manifest.storageClass]],
  });
};

const ATTRIBUTES = new Set(["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]);

export const getObjectAttributes: Handler<"object"> = async (exchange) => {
  const wanted = wantedAttributes(exchange);
  const object = await currentObject(exchange, wanted.has("ObjectParts") ? "with-payload" : "meta");
  const { manifest } = object;
  const partCount = manifest.content.kind === "parts" ? manifest.content.partCount : undefined;
  let inner = "";
  if (wanted.has("ETag")) inner += tag("ETag", manifest.etag);
  if (wanted.has("Checksum") && manifest.checksum !== undefined) {
    inner += element("Checksum", checksumElements(manifest.checksum, undefined));
  }
  if (wanted.has("ObjectParts") && partCount !== undefined)
    inner += partsElement(exchange, object, partCount);
  if (wanted.has("StorageClass")) inner += tag("StorageClass", manifest.storageClass);
  if (wanted.has("ObjectSize")) inner += tag("ObjectSize", manifest.size);
  return xmlReply(document("GetObjectAttributesResponse", inner), [
    ["Last-Modified", httpDate(manifest.modifiedMs)],
    ...versionHeaders(object.bucket, manifest),
  ]);
};

/** @throws S3Error InvalidRequest, InvalidArgument */
function wantedAttributes(exchange: ObjectExchange): Set<string> {
  const wanted = new Set(listElements(exchange.request, "x-amz-object-attributes"));
  if (wanted.size === 0) {
    throw new S3Error("InvalidRequest", {
      message:
        "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty",
    });
  }
  for (const name of wanted) {
    if (!ATTRIBUTES.has(name)) {
      throw invalidArgument("x-amz-object-attributes", name, "Invalid attribute name specified.");
    }
  }
  return wanted;
}

function partsElement(exchange: ObjectExchange, object: CurrentObject, partCount: number): string {
  const max = bounded(exchange, "x-amz-max-parts", LIST_PARTS_MAX, LIST_PARTS_MAX);
  const marker = bounded(exchange, "x-amz-part-number-marker", 0, PART_NUMBER_MAX);
  const { checksum } = object.manifest;
  const parts = decodePartTable(object.row.payload ?? new Uint8Array(0));
  const after = parts.filter((part) => part.number > marker);
  const page = after.slice(0, max);
  let inner = tag("PartsCount", partCount) + tag("PartNumberMarker", marker);
  const last = page[page.length - 1];
  inner += tag("NextPartNumberMarker", last?.number ?? 0);
  inner += tag("MaxParts", max) + tag("IsTruncated", page.length < after.length);
  // S3 lists single parts only when the parts have checksums.
  if (checksum !== undefined) {
    for (const part of page) {
      const value =
        part.checksum.byteLength === 0 ? undefined : Buffer.from(part.checksum).toString("base64");
      inner += element(
        "Part",
        tag("PartNumber", part.number) + tag("Size", part.size) + tag(elementName(checksum.algorithm), value),
      );
    }
  }
  return element("ObjectParts", inner);
}

function bounded(exchange: ObjectExchange, header: string, fallback: number, max: number): number {
  const text = exchange.request.header(header);
  if (text === undefined) return fallback;
  if (!/^\d{1,9}$/.test(text)) throw invalidArgument(header, text);
  return Math.min(Number(text), max);
}
