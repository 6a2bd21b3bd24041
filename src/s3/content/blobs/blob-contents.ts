/** Builds both paths of content: blobs beside the log, and the path through the log as the fallback. */
import type { ExtentKind } from "../../records/extent-kind.ts";
import { CHUNK_BYTES } from "../chunk-buffers.ts";
import { Contents } from "../contents.ts";
import { logPath } from "../log/log-contents.ts";
import { inlineBytesMax, type LogSinkDeps } from "../log/writer.ts";
import type { ContentSink, ContentSource } from "../types.ts";
import { BlobSource, type BlobSourceDeps } from "./source.ts";
import { type BlobSinkDeps, BlobWrite } from "./writer.ts";

export type BlobContentsDeps = LogSinkDeps &
  Omit<BlobSinkDeps, "chunkBytes"> &
  BlobSourceDeps & { readonly chunkBytes?: number };

/**
 * The contents of a node that stores blobs. Small objects are in the row of their manifest; larger content takes the
 * path of blobs while every member has it (`blobs.open` at the beginning of the write), else the path through the log.
 */
export function blobContents(deps: BlobContentsDeps): Contents {
  const log = logPath(deps);
  const inline = inlineBytesMax(deps.inlineBytesMax, deps.kv.system);
  const blobDeps = { ...deps, chunkBytes: deps.chunkBytes ?? CHUNK_BYTES };
  const sink: ContentSink = {
    open: (target, protocol, signal) => new BlobWrite(blobDeps, target, protocol, signal),
  };
  return new Contents({
    sinkFor: (length) => (length > inline && deps.blobs.open ? sink : log.sink),
    sources: new Map<ExtentKind, ContentSource>([
      ["chunks", log.source],
      ["blobs", new BlobSource(deps)],
    ]),
    chunkBytes: log.chunkBytes,
  });
}
