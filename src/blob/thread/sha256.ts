import { sameBytes } from "../../platform/bytes.ts";

/** 0.6 ms for 1 MiB, where the processor has instructions for SHA-256. */
export function hasSha256(bytes: Uint8Array, sha256: Uint8Array): boolean {
  return sameBytes(new Bun.CryptoHasher("sha256").update(bytes).digest(), sha256);
}
