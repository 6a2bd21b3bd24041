import { elastickv as gen } from "../../gen/s3.js";

/**
 * How the bytes of one write are stored: as rows of the keyspace, or beside the log with references in the keyspace.
 */
export type ExtentKind = "chunks" | "blobs";

const Kind = gen.s3.PartContent;

/** The content field of a part; absent for chunks, so that rows of chunks keep their original form. */
export function encodeExtentKind(kind: ExtentKind | "unknown"): { content?: gen.s3.PartContent } {
  if (kind === "unknown") throw new Error("a part with content of an unknown kind cannot be written anew");
  return kind === "blobs" ? { content: Kind.PART_BLOBS } : {};
}

/** `unknown`: a kind of a newer release. */
export function extentKindOf(number: gen.s3.PartContent): ExtentKind | "unknown" {
  if (number === Kind.PART_CHUNKS) return "chunks";
  return number === Kind.PART_BLOBS ? "blobs" : "unknown";
}
