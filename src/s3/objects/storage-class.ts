import { S3Error } from "../protocol/errors.ts";
import type { S3Request } from "../protocol/request.ts";
import { isStorageClass, type StorageClass } from "../records/storage-class.ts";

export const STORAGE_CLASS_HEADER = "x-amz-storage-class";

/** S3 reads objects of these classes only after a RestoreObject, and this server implements no restore. */
const ARCHIVES = new Set(["GLACIER", "DEEP_ARCHIVE"]);

/**
 * The storage class of a PUT, copy or new upload. All classes are stored alike; the name is kept and returned.
 * Classes of other kinds of buckets (EXPRESS_ONEZONE, OUTPOSTS, SNOW, FSX_*) are as invalid here as in a general
 * purpose bucket of S3. @throws S3Error InvalidStorageClass
 */
export function requestedClass(request: S3Request): StorageClass {
  const text = request.header(STORAGE_CLASS_HEADER);
  if (text === undefined) return "STANDARD";
  if (isStorageClass(text)) return text;
  throw new S3Error("InvalidStorageClass", {
    ...(ARCHIVES.has(text)
      ? {
          message: `The storage class you specified is not valid: ${text} is an archive, and this server keeps every object readable. Use STANDARD or GLACIER_IR.`,
        }
      : {}),
    extra: [["StorageClassRequested", text.slice(0, 200)]],
  });
}
