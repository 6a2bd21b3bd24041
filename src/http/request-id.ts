import { type Random, systemRandom } from "../platform/random.ts";

const ID_BYTES = 8;
const BATCH = 512;

/**
 * Returns a source of request ids: 16 upper-case hex digits, unpredictable. Ids are drawn in batches, because every
 * request needs one.
 */
export function requestIds(random: Random = systemRandom): () => string {
  let hex = "";
  let at = 0;
  return () => {
    if (at >= hex.length) {
      hex = Buffer.from(random.bytes(ID_BYTES * BATCH))
        .toString("hex")
        .toUpperCase();
      at = 0;
    }
    const id = hex.slice(at, at + ID_BYTES * 2);
    at += ID_BYTES * 2;
    return id;
  };
}
