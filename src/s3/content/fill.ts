import { S3Error } from "../protocol/errors.ts";
import type { ByteSource } from "./types.ts";

/** Fills the whole view. @throws S3Error IncompleteBody when the source ends first */
export async function fill(source: ByteSource, view: Uint8Array): Promise<void> {
  const read = await source.readInto(view);
  if (read !== view.byteLength) throw new S3Error("IncompleteBody", { close: true });
}
