/** Reading an object's row. */

import type { VersionedValue } from "../../store/types.ts";
import { type ObjectExchange, openedBucket } from "../context/exchange.ts";
import { invalidArgument, S3Error } from "../protocol/errors.ts";
import { PART_NUMBER_MAX } from "../protocol/limits.ts";
import type { S3Request } from "../protocol/request.ts";
import type { Bucket } from "../records/bucket-directory.ts";
import { objectKey } from "../records/keys.ts";
import { decodeManifest, type Manifest } from "../records/manifest.ts";

export interface CurrentObject {
  readonly bucket: Bucket;
  readonly key: string;
  readonly manifest: Manifest;
  readonly row: VersionedValue;
}

/** @throws S3Error NoSuchBucket, NoSuchKey, InvalidArgument */
export async function currentObject(
  exchange: ObjectExchange,
  payload: "with-payload" | "meta",
): Promise<CurrentObject> {
  checkVersionId(exchange.request.query.get("versionId"));
  const { bucket, view } = openedBucket(exchange);
  const key = exchange.key;
  const name = objectKey(bucket, key);
  const row = payload === "meta" ? await view.getMeta(name) : await view.get(name);
  if (row === undefined) throw noSuchKey(key);
  return { bucket, key, manifest: decodeManifest(row.value), row };
}

/**
 * Buckets are not versioned: `null` is the only version. As recorded of an unversioned bucket of AWS:
 * localstack/localstack, tests/aws/services/s3/test_s3_api.snapshot.json (21-01-2025). @throws S3Error
 * InvalidArgument
 */
export function checkVersionId(versionId: string | undefined): void {
  if (versionId === undefined || versionId === "null") return;
  if (versionId === "") throw invalidArgument("versionId", "", "Version id cannot be the empty string");
  throw invalidArgument("versionId", versionId.slice(0, 200), "Invalid version id specified");
}

export function noSuchKey(key: string): S3Error {
  return new S3Error("NoSuchKey", { extra: [["Key", key]] });
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
