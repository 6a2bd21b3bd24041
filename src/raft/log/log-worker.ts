/** The log thread as a Worker. It blocks in fdatasync, so no other work runs in it. */
import { createLogger, type Logger } from "../../monitoring/log.ts";
import { answerMetrics } from "../../monitoring/port-source.ts";
import { ThreadMetrics } from "../../monitoring/thread-metrics.ts";
import { realDisk } from "../../platform/disk/real-disk.ts";
import { maybeSlowSync } from "../../platform/disk/slow-sync.ts";
import { codesOf } from "../../platform/exit-codes.ts";
import { PortChannel } from "../../threads/channel.ts";
import { hostThread } from "../../threads/worker-host.ts";
import { WalError } from "./errors.ts";
import { LogThread } from "./log-thread.ts";
import type { LogReply, LogRequest, LogWorkerInit } from "./messages.ts";
import { logThreadMetrics } from "./metrics.ts";
import type { WalEvent } from "./types.ts";
import { Wal } from "./wal.ts";

hostThread<LogWorkerInit>((init, fatal) => {
  const log = createLogger({ thread: "log", level: init.logLevel, format: init.logFormat });
  const metrics = new ThreadMetrics("log");
  answerMetrics(metrics, init.metricsPort);
  const channel = new PortChannel<LogRequest, LogReply>(init.port);
  const { wal, recovered } = openOrTell(init, log, channel);
  const thread = new LogThread({
    wal,
    recovered,
    channel,
    metrics: logThreadMetrics(metrics, recovered, () => wal.stats().segments),
    later: (task, delayMs) => void setTimeout(task, delayMs),
    fatal,
  });
  thread.start();
  const { firstIndex, lastIndex, segments, created } = recovered;
  log.info("log open", { directory: init.directory, firstIndex, lastIndex, segments, created });
  return { firstIndex, lastIndex, segments };
});

/** Opens the log. On an error, the thread that waits for the log gets the reason. */
function openOrTell(init: LogWorkerInit, log: Logger, channel: PortChannel<LogRequest, LogReply>) {
  const { directory, identity, create, segmentBytes } = init;
  try {
    return Wal.open({
      disk: maybeSlowSync(realDisk, process.env),
      directory,
      identity,
      create,
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
      onEvent: (event) => logEvent(log, event),
    });
  } catch (error) {
    const code = error instanceof WalError ? error.code : "INTERNAL";
    const message = error instanceof Error ? error.message : String(error);
    channel.send({ kind: "failed", code, codes: codesOf(error), message });
    channel.flush();
    throw error;
  }
}

function logEvent(log: Logger, event: WalEvent): void {
  const { kind, ...fields } = event;
  switch (kind) {
    case "torn-tail":
      log.warn("the log had a torn tail: cut, nothing acknowledged is in it", fields);
      break;
    case "watermark-lost":
      log.warn("the log's watermark is damaged: a torn tail cannot be told from damage this once", fields);
      break;
    case "segment-extended":
      log.warn("the newest log segment was too short: extended again", fields);
      break;
    case "prepare-failed":
      log.warn("no space to prepare the next log segment", fields);
      break;
    case "segment-cut":
      log.debug("log segment begun", fields);
      break;
    case "segment-removed":
      log.debug("log segment removed", fields);
      break;
  }
}
