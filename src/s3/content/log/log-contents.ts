/** Builds the path through the log: every byte is in a Raft entry, and then in a row of the keyspace. */
import type { ExtentKind } from "../../records/extent-kind.ts";
import { Contents } from "../contents.ts";
import type { ContentSink, ContentSource, ContentTarget } from "../types.ts";
import { type BatchPlan, planBatches } from "./batcher.ts";
import { LogSource } from "./source.ts";
import { type LogSinkDeps, LogWrite } from "./writer.ts";

/** The contents of a node that stores all content through the log. */
export function logContents(deps: LogSinkDeps): Contents {
  const { sink, source, chunkBytes } = logPath(deps);
  return new Contents({
    sinkFor: () => sink,
    sources: new Map<ExtentKind, ContentSource>([["chunks", source]]),
    chunkBytes,
  });
}

interface LogPath {
  readonly sink: ContentSink;
  readonly source: ContentSource;
  readonly chunkBytes: number;
}

export function logPath(deps: LogSinkDeps): LogPath {
  const plan = planBatches(deps.kv.system);
  return { sink: logSink(deps, plan), source: new LogSource(deps.kv), chunkBytes: plan.chunkBytes };
}

function logSink(deps: LogSinkDeps, plan: BatchPlan): ContentSink {
  return {
    open: (target, protocol, signal) =>
      new LogWrite(deps, planFor(plan, target.part), target, protocol, signal),
  };
}

/** All parts of an upload have chunks of one size, even when the node has restarted with other limits. */
function planFor(plan: BatchPlan, part: ContentTarget["part"]): BatchPlan {
  if (part === undefined || part.chunkSize === plan.chunkBytes) return plan;
  const chunkBytes = part.chunkSize;
  const perBatch = Math.floor((plan.chunkBytes * plan.chunksPerBatch) / (chunkBytes + 4096));
  return { chunkBytes, chunksPerBatch: Math.max(1, perBatch) };
}
