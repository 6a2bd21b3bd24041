/**
 * Continuation tokens, opaque to clients: version, checksum bound to the bucket, and the last entry of the previous
 * page.
 */
import { crc32 } from "node:zlib";
import { S3Error } from "./errors.ts";

const VERSION = 1;
const HEAD_BYTES = 5;

export function encodeToken(bucket: string, lastEntry: string): string {
  const entry = Buffer.from(lastEntry, "utf8");
  const token = Buffer.allocUnsafe(HEAD_BYTES + entry.byteLength);
  token.writeUInt8(VERSION, 0);
  token.writeUInt32BE(checksumOf(bucket, entry), 1);
  entry.copy(token, HEAD_BYTES);
  return token.toString("base64url");
}

/** @throws S3Error InvalidArgument for text that `encodeToken` did not make for this bucket */
export function decodeToken(bucket: string, text: string): string {
  const token = Buffer.from(text, "base64url");
  const entry = token.subarray(HEAD_BYTES);
  const genuine =
    token.byteLength >= HEAD_BYTES &&
    token.readUInt8(0) === VERSION &&
    token.readUInt32BE(1) === checksumOf(bucket, entry) &&
    token.toString("base64url") === text;
  if (!genuine) {
    // S3 sends no ArgumentValue.
    throw new S3Error("InvalidArgument", {
      message: "The continuation token provided is incorrect",
      extra: [["ArgumentName", "continuation-token"]],
    });
  }
  return entry.toString("utf8");
}

function checksumOf(bucket: string, entry: Uint8Array): number {
  return crc32(entry, crc32(bucket));
}
