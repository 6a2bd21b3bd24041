import { S3Error } from "../protocol/errors.ts";

/**
 * The row is intact, and names content of a kind for which this node has no source: a newer release wrote the row. A
 * repeated request to this node cannot succeed, so the error is none of the errors that clients repeat.
 */
export function unreadableContent(kind: string): S3Error {
  return new S3Error("NotImplemented", {
    message:
      "This object was stored by a newer release, in a way that this node cannot read. Ask another node, or update this one.",
    extra: [["ContentKind", kind]],
    reported: true,
  });
}
