import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import { S3Error } from "../protocol/errors.ts";

/** 12 hex digits of milliseconds, then 32 random hex digits: ids of one key sort by creation time. */
const UPLOAD_ID = /^[0-9a-f]{44}$/;

export function newUploadId(clock: Clock, random: Random): string {
  const time = clock.nowMs().toString(16).padStart(12, "0");
  return time + Buffer.from(random.bytes(16)).toString("hex");
}

export function isUploadId(text: string): boolean {
  return UPLOAD_ID.test(text);
}

/** @throws S3Error NoSuchUpload, also for an id of another form, which no upload has */
export function checkUploadId(uploadId: string | undefined): string {
  if (uploadId !== undefined && isUploadId(uploadId)) return uploadId;
  throw noSuchUpload(uploadId ?? "");
}

export function noSuchUpload(uploadId: string): S3Error {
  return new S3Error("NoSuchUpload", { extra: [["UploadId", uploadId.slice(0, 200)]] });
}
