import { banner } from "./cli/banner.ts";
import { runCli } from "./cli/run.ts";
import type { LoadedConfig } from "./config/config.ts";
import { describe } from "./config/describe.ts";
import { DEFAULT_REGION } from "./config/region.ts";
import { createLogger } from "./monitoring/log.ts";
import { ThreadMetrics } from "./monitoring/thread-metrics.ts";
import { FORMATS } from "./node/formats.ts";
import { Node } from "./node/node.ts";
import { systemClock } from "./platform/clock.ts";
import { EXIT, type ExitCode } from "./platform/exit-codes.ts";
import { isJournal } from "./platform/journal.ts";
import { writeLastLine } from "./platform/last-line.ts";
import { unixSocketState } from "./platform/network/unix-socket.ts";
import { takeServiceManager } from "./platform/service-manager.ts";

const STDOUT = 1;
const STDERR = 2;
/** New files and sockets are nobody else's business, whatever the shell or the container had set. */
const PRIVATE_UMASK = 0o077;

/** Written when nothing else is logged any more: whoever looks at a service that does not come back sees it first. */
let lastLine = "";

/** Runs a node until it is told to stop (SIGTERM, SIGINT) or cannot go on. @returns the exit code. */
async function serve(loaded: LoadedConfig): Promise<number> {
  // Every file names its mode as well; what a library makes (SQLite its -wal and -shm) follows the umask alone.
  process.umask(PRIVATE_UMASK);
  const { config } = loaded;
  const metrics = new ThreadMetrics("front");
  const lines = metrics.counter("logLines");
  const log = createLogger({
    thread: "front",
    level: config.logLevel,
    format: config.logFormat,
    journalPriority: isJournal(STDERR, process.env["JOURNAL_STREAM"]),
    onLine: (level) => lines.labels({ level }).inc(),
  });
  const ended = Promise.withResolvers<number>();
  // A rejection that nobody handles is a bug in a process that holds other people's data: it ends here, in the log.
  process.on("unhandledRejection", (error) => {
    log.error("unhandled rejection", { error });
    ended.resolve(EXIT.MAY_MEND);
  });
  process.on("uncaughtException", (error) => {
    log.error("uncaught exception", { error });
    ended.resolve(EXIT.MAY_MEND);
  });
  let serving: Node | undefined;
  const stop = (signal: string): void => {
    log.info("signal", { signal });
    // A start has promised nothing to anybody yet: it may end anywhere, as in a crash. Without a handler it would end by
    // the signal, or, as process 1 of a container, not at all.
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
  for (const warning of loaded.warnings) log.warn(warning);
  for (const { message, fields } of describe(loaded)) log.info(message, fields);
  const end = (message: string, code: ExitCode): void => {
    lastLine = `elastickv: ${message.split("\n")[0]}\n`;
    ended.resolve(code);
  };
  const onFenced = (message: string, code: ExitCode): void => {
    if (serving === undefined) end(message, code);
    // Its copy is of no use to anybody: what still runs here is not worth a wait, and its end changes nothing.
    else serving.stop().finally(() => end(message, code));
  };
  const onFatal = (message: string, code: ExitCode): void => {
    if (code === EXIT.MAY_MEND) ended.resolve(code);
    else end(message, code);
  };
  const serviceManager = takeServiceManager(process.env, process.pid);
  const starting = Node.start({ config, log, metrics, onFatal, onFenced, serviceManager });
  // A thread that dies while the log is replayed leaves a start that would wait for it forever.
  const node = await Promise.race([starting, ended.promise]);
  if (typeof node === "number") return node;
  serving = node;
  process.stdout.write(
    banner({
      s3: node.s3Address,
      admin: node.adminAddress,
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
  print: (text) => void process.stdout.write(text),
  complain: (line) => void process.stderr.write(`${line}\n`),
  serve,
  fetch: (url, init) => {
    // An admin address is never beyond the proxy that the environment names; fetch would ask that one even for loopback.
    process.env["NO_PROXY"] = process.env["no_proxy"] = "*";
    return fetch(url, init);
  },
  listens: async (path) => (await unixSocketState(path)) === "listening",
  clock: systemClock,
  sleep: (ms) => Bun.sleep(ms),
}).catch((error: unknown) => {
  // Left to the runtime it would end in the handlers above: logged, and the process half alive or gone with code 0.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`elastickv: ${text}\n`);
  return EXIT.MAY_MEND;
});
if (lastLine !== "") writeLastLine(lastLine);
// Workers and timers would keep the process alive.
process.exit(code);
