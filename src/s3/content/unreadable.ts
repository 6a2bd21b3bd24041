import { S3Error } from "../protocol/errors.ts";

/**
 * The row is whole, and names content of a kind that this node has no source for: a newer release wrote it. Repeating the
 * request here cannot help, so it is not one of the errors that clients repeat.
 */
export function unreadableContent(kind: string): S3Error {
  return new S3Error("NotImplemented", {
    message:
      "This object was stored by a newer release, in a way that this node cannot read. Ask another node, or update this one.",
    extra: [["ContentKind", kind]],
    reported: true,
  });
}
