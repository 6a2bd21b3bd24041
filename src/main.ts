import { banner } from "./cli/banner.ts";
import { runCli } from "./cli/run.ts";
import { readStandardInput } from "./cli/standard-input.ts";
import type { LoadedConfig } from "./config/config.ts";
import { describe } from "./config/describe.ts";
import { DEFAULT_REGION } from "./config/region.ts";
import { createLogger, sharedLogLevel } from "./monitoring/log.ts";
import { ThreadMetrics } from "./monitoring/thread-metrics.ts";
import { FORMATS } from "./node/formats.ts";
import { checkDistinctListeners } from "./node/listeners.ts";
import { Node } from "./node/node.ts";
import { reloadSettings } from "./node/reload.ts";
import { topologyOf } from "./node/topology.ts";
import { systemClock } from "./platform/clock.ts";
import { EXIT, type ExitCode } from "./platform/exit-codes.ts";
import { isJournal } from "./platform/journal.ts";
import { writeLastLine } from "./platform/last-line.ts";
import { unixSocketState } from "./platform/network/unix-socket.ts";
import { takeServiceManager } from "./platform/service-manager.ts";
import { systemTimers } from "./platform/timers.ts";

const STDOUT = 1;
const STDERR = 2;
/** New files and sockets are closed to other users, whatever umask the shell or the container had set. */
const PRIVATE_UMASK = 0o077;
/** Time beyond the grace of requests in flight that a stop may take before a node without memory ends all the same. */
const STOP_MARGIN_MS = 15_000;

/**
 * Written after all logging has ended, so that an operator of a service that does not restart sees this line first.
 */
let lastLine = "";

/** Runs a node until SIGTERM, SIGINT or a fatal error. @returns the exit code. */
async function serve(loaded: LoadedConfig): Promise<number> {
  // Every file sets its own mode too; files that a library makes (SQLite's -wal and -shm) depend on the umask
  // alone.
  process.umask(PRIVATE_UMASK);
  const { config } = loaded;
  const metrics = new ThreadMetrics("front");
  const lines = metrics.counter("logLines");
  const logLevel = sharedLogLevel(config.logLevel);
  const log = createLogger({
    thread: "front",
    level: logLevel,
    format: config.logFormat,
    journalPriority: isJournal(STDERR, process.env["JOURNAL_STREAM"]),
    onLine: (level) => lines.labels({ level }).inc(),
  });
  const ended = Promise.withResolvers<number>();
  // An unhandled rejection is a bug, and the process holds other people's data: the process logs the error and
  // ends.
  process.on("unhandledRejection", (error) => {
    log.error("unhandled rejection", { error });
    ended.resolve(EXIT.MAY_MEND);
  });
  process.on("uncaughtException", (error) => {
    log.error("uncaught exception", { error });
    ended.resolve(EXIT.MAY_MEND);
  });
  let serving: Node | undefined;
  let told = false;
  const stop = (signal: string): void => {
    log.info("signal", { signal });
    told = true;
    // A start has acknowledged nothing yet, so it may end at any point, as in a crash. Without a handler the signal
    // would end the process, or, for process 1 of a container, do nothing.
    if (serving === undefined) ended.resolve(EXIT.DONE);
    serving?.stop().then(
      () => ended.resolve(EXIT.DONE),
      (error: unknown) => {
        log.error("stop failed", { error });
        ended.resolve(EXIT.MAY_MEND);
      },
    );
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  // Without a handler the signal would end the process, also during the start.
  process.on("SIGHUP", () => {
    log.info("signal", { signal: "SIGHUP" });
    const settings = (): void => reloadSettings(loaded, process.env, logLevel, log);
    if (serving === undefined) settings();
    else serving.reload(settings);
  });
  for (const warning of loaded.warnings) log.warn(warning);
  for (const { message, fields } of describe(loaded)) log.info(message, fields);
  const end = (message: string, code: ExitCode): void => {
    lastLine = `elastickv: ${message.split("\n")[0]}\n`;
    ended.resolve(code);
  };
  const onFenced = (message: string, code: ExitCode): void => {
    if (serving === undefined) end(message, code);
    // The copy of a fenced node is of no use, so the exit code is the same whether the stop succeeds or fails.
    else
      serving.stop().then(
        () => end(message, code),
        (error: unknown) => {
          log.error("the stop of a fenced node failed", { error });
          end(message, code);
        },
      );
  };
  // A stop that an operator has asked for in the meantime is one of his: nothing starts the node again.
  const endForMemory = (message: string): void => end(message, told ? EXIT.DONE : EXIT.MEMORY);
  let exhausted = "";
  const onExhausted = (message: string): void => {
    exhausted = message;
    const late = systemTimers.later(() => {
      log.error("the stop took too long: the process ends without it");
      endForMemory(message);
    }, config.shutdownGraceMs + STOP_MARGIN_MS);
    const stopped = serving?.stop() ?? Promise.resolve();
    stopped
      .catch((error: unknown) => log.error("the stop of a node without memory failed", { error }))
      .then(() => {
        late();
        endForMemory(message);
      });
  };
  const onOverdue = (): void => endForMemory(exhausted);
  const onFatal = (message: string, code: ExitCode): void => {
    if (code === EXIT.MAY_MEND) ended.resolve(code);
    else end(message, code);
  };
  const serviceManager = takeServiceManager(process.env, process.pid);
  const starting = Node.start({
    config,
    log,
    metrics,
    onFatal,
    onFenced,
    onExhausted,
    onOverdue,
    serviceManager,
    logLevel,
  });
  // When a thread dies during the replay, the start would never finish.
  const node = await Promise.race([starting, ended.promise]);
  if (typeof node === "number") return node;
  serving = node;
  process.stdout.write(
    banner({
      s3: node.s3Address,
      admin: node.adminAddress,
      tls: { s3: config.s3TlsCertFile.length > 0, admin: config.adminTlsCertFile.length > 0 },
      region: config.region ?? DEFAULT_REGION,
      credentials: node.credentials,
      dataDir: config.dataDir,
      showSecret: !isJournal(STDOUT, process.env["JOURNAL_STREAM"]),
    }),
  );
  return ended.promise;
}

const code = await runCli({
  words: process.argv.slice(2),
  environment: process.env,
  formats: FORMATS,
  verify: (config) => checkDistinctListeners(config, topologyOf(config)),
  print: (text) => void process.stdout.write(text),
  readInput: readStandardInput,
  screen: {
    isTerminal: process.stderr.isTTY === true,
    write: (text) => void process.stderr.write(text),
  },
  complain: (line) => void process.stderr.write(`${line}\n`),
  serve,
  fetch: (url, init) => {
    // Admin requests must not use the proxy of the environment; fetch would use the proxy even for loopback.
    process.env["NO_PROXY"] = process.env["no_proxy"] = "*";
    return fetch(url, init);
  },
  listens: async (path) => (await unixSocketState(path)) === "listening",
  clock: systemClock,
  sleep: (ms) => Bun.sleep(ms),
}).catch((error: unknown) => {
  // The runtime would pass the error to the handlers above, and the process would hang or exit with code 0.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`elastickv: ${text}\n`);
  return EXIT.MAY_MEND;
});
if (lastLine !== "") writeLastLine(lastLine);
// Workers and timers would keep the process alive.
process.exit(code);
