import { invalidArgument } from "../protocol/errors.ts";
import type { ChunkSigning, PayloadMode } from "./types.ts";

const UNSIGNED: PayloadMode = { kind: "unsigned" };
const HEX_SHA256 = /^[0-9a-f]{64}$/;

/**
 * The payload mode that `x-amz-content-sha256` declares. `signing` is defined when the request was signed.
 * @throws S3Error InvalidArgument
 */
export function payloadMode(value: string, signing: ChunkSigning | undefined): PayloadMode {
  switch (value) {
    case "UNSIGNED-PAYLOAD":
      return UNSIGNED;
    case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
      return { kind: "chunked", trailer: true, signing: undefined };
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
    case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
      // Without a signature there is no chain to check the chunks against.
      if (signing === undefined) break;
      return { kind: "chunked", trailer: value.endsWith("-TRAILER"), signing };
    default: {
      const hash = value.toLowerCase();
      if (HEX_SHA256.test(hash)) return { kind: "signed", sha256: hash };
    }
  }
  throw invalidArgument(
    "x-amz-content-sha256",
    value,
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a supported STREAMING- value, or a valid sha256 value.",
  );
}
