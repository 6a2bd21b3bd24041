import { S3Error } from "../protocol/errors.ts";
import type { ByteSource } from "./types.ts";

/**
 * Fills the whole view, and returns its length. A source that may end early is read to its end: the result is less.
 * @throws S3Error IncompleteBody when any other source ends first
 */
export async function fill(source: ByteSource, view: Uint8Array): Promise<number> {
  const read = await source.readInto(view);
  if (read !== view.byteLength && source.mayEndEarly !== true) {
    throw new S3Error("IncompleteBody", { close: true });
  }
  return read;
}
