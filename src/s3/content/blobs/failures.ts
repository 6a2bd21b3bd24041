/** Failures of blobs as answers to clients. */
import type { Random } from "../../../platform/random.ts";
import { KvError } from "../../../txn/types.ts";
import { retryHeaders, S3Error } from "../../protocol/errors.ts";
import { BlobServiceError } from "./types.ts";

/**
 * @param bodyRead the client is sending the body and must stop, so the server closes the connection
 * @returns an S3Error or a KvError; any other error unchanged
 */
export function answerFor(error: unknown, random: Random, bodyRead: boolean): unknown {
  if (!(error instanceof BlobServiceError)) return error;
  switch (error.code) {
    case "TOO_FEW_COPIES":
      return new S3Error("SlowDown", {
        message: "Too few nodes can store the object now. Please try again.",
        headers: retryHeaders(random),
        close: bodyRead,
        cause: error,
      });
    case "UNREACHABLE":
      return new S3Error("ServiceUnavailable", {
        message: "A node that may hold the object cannot be reached. Please try again.",
        headers: retryHeaders(random),
        close: bodyRead,
        cause: error,
      });
    case "DISK_FULL":
      // As for content that goes through the log.
      return new KvError("DISK_FULL", error.message, { cause: error });
    case "CLOSED":
      return new KvError("CLOSED", error.message, { cause: error });
    case "NOT_FOUND":
    case "IO":
      return new S3Error("InternalError", { close: bodyRead, cause: error, reported: true });
  }
}
