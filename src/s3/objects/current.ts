/** Reading an object's row. */

import type { VersionedValue } from "../../store/types.ts";
import { hidingAbsence } from "../context/authorize.ts";
import { type ObjectExchange, openedBucket } from "../context/exchange.ts";
import { S3Error } from "../protocol/errors.ts";
import { PART_NUMBER_MAX } from "../protocol/limits.ts";
import type { S3Request } from "../protocol/request.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import type { Manifest } from "../records/manifest.ts";
import { type Reading, readVersion } from "../versions/current.ts";
import { requestedVersion } from "../versions/requested.ts";

export interface CurrentObject {
  readonly bucket: Bucket;
  readonly key: string;
  readonly manifest: Manifest;
  readonly row: VersionedValue;
  /** Key of the row. */
  readonly at: Uint8Array;
}

/**
 * The current object, or the version that the request names.
 * @throws S3Error NoSuchKey, NoSuchVersion, MethodNotAllowed, InvalidArgument, AccessDenied
 */
export async function currentObject(exchange: ObjectExchange, reading: Reading): Promise<CurrentObject> {
  const versionId = requestedVersion(exchange.request.query.get("versionId"));
  const opened = openedBucket(exchange);
  const { bucket, view } = opened;
  const key = exchange.key;
  const found = await hidingAbsence(exchange, opened, () =>
    readVersion(view, bucket, key, versionId, reading),
  );
  return { bucket, key, ...found };
}

/** A positive part number of a read. @throws S3Error InvalidArgument */
export function readPartNumber(request: S3Request): number | undefined {
  const text = request.query.get("partNumber");
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number >= 1 && number <= PART_NUMBER_MAX) return number;
  throw new S3Error("InvalidArgument", {
    message: `Part number must be an integer between 1 and ${PART_NUMBER_MAX}, inclusive`,
    extra: [
      ["ArgumentName", "partNumber"],
      ["ArgumentValue", text],
    ],
  });
}
