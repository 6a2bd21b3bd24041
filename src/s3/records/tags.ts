/** Tags in rows. */
import { elastickv as gen } from "../../gen/s3.js";
import { NO_TAGS, type TagSet } from "../protocol/tags.ts";
import { decodeWith } from "./record-error.ts";

export function encodeTags(tags: TagSet): gen.s3.Tag.$Properties[] {
  return tags.map(({ key, value }) => ({ key, value }));
}

export function decodeTags(rows: readonly gen.s3.Tag.$Properties[] | null | undefined): TagSet {
  if (rows === null || rows === undefined || rows.length === 0) return NO_TAGS;
  return rows.map(({ key, value }) => ({ key: key ?? "", value: value ?? "" }));
}

/** The row of a bucket's tags. */
export function encodeTagging(tags: TagSet): Uint8Array {
  return gen.s3.Tagging.encode({ tags: encodeTags(tags) }).finish();
}

/** @throws RecordError */
export function decodeTagging(value: Uint8Array): TagSet {
  return decodeWith("tagging", () => decodeTags(gen.s3.Tagging.decode(value).tags));
}
