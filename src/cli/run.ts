import { ConfigError, type LoadedConfig } from "../config/config.ts";
import { formatEnvFile, parseExtraEnv } from "../config/extra-env.ts";
import type { Environment } from "../config/load.ts";
import { systemClock } from "../platform/clock.ts";
import { EXIT } from "../platform/exit-codes.ts";
import { systemRandom } from "../platform/random.ts";
import { StartError } from "../platform/start-error.ts";
import { adminHelp } from "./admin/help.ts";
import { runAdmin } from "./admin/run.ts";
import { type HelpTopic, parseCommandLine } from "./arguments.ts";
import { ClusterError } from "./cluster-client.ts";
import { clusterHelp, clusterVerbHelp } from "./cluster-help.ts";
import { runCluster } from "./cluster-run.ts";
import { type ConfigCheckContext, runConfigCheck } from "./config-check.ts";
import { showCredentials } from "./credentials.ts";
import { drainHelp, runDrain } from "./drain.ts";
import { configHelp, credentialsHelp, generalHelp, serveHelp } from "./help.ts";
import { isMaintenanceWord } from "./maintenance/arguments.ts";
import { maintenanceHelp } from "./maintenance/help.ts";
import { type MaintenanceContext, runMaintenance } from "./maintenance/run.ts";
import { policyHelp } from "./policy/help.ts";
import { runPolicy } from "./policy/run.ts";
import { setupHelp } from "./setup/help.ts";
import { realHost } from "./setup/host.ts";
import { type JoinContext, runJoin } from "./setup/join.ts";
import { runSetup } from "./setup/setup.ts";
import { userHelp } from "./users/help.ts";
import { runUsers } from "./users/run.ts";
import { type FormatVersions, versionJson, versionLine } from "./version.ts";

export interface CliContext extends MaintenanceContext, ConfigCheckContext {
  /** Words after the program's name. */
  readonly words: readonly string[];
  readonly environment: Environment;
  /** Formats for `version --json`. */
  readonly formats: FormatVersions;
  /** Writes the result to standard output. */
  print(text: string): void;
  /** Reads standard input to its end. */
  readInput(): Uint8Array;
  /** Writes one line about an error to standard error. */
  complain(line: string): void;
  /** Runs a node until it is told to stop. Returns the exit code. A `StartError` is shown as one line. */
  serve(loaded: LoadedConfig): Promise<number>;
}

/**
 * The whole command line. Exit codes: src/platform/exit-codes.ts.
 * Other errors than ConfigError, StartError and ClusterError are bugs: runCli throws them with their stack.
 */
export async function runCli(context: CliContext): Promise<number> {
  try {
    const command = parseCommandLine(context.words, context.environment);
    switch (command.kind) {
      case "help":
        context.print(helpOn(command.topic));
        return 0;
      case "cluster":
        return await runCluster(command.command, context);
      case "setup":
        return await runSetup(command.request, setupContext(context));
      case "join":
        return await runJoin(command.command, setupContext(context));
      case "drain":
        return await runDrain(command.command, context);
      case "maintenance":
        return await runMaintenance(command.command, context);
      case "admin":
        return await runAdmin(command.command, context);
      case "policy":
        return runPolicy(command.request, context);
      case "users":
        return await runUsers(command.command, context);
      case "credentials":
        context.print(showCredentials(command.loaded.config, context.environment));
        return EXIT.DONE;
      case "config":
        return runConfigCheck(command.request, context);
      case "extra-env":
        context.print(formatEnvFile(parseExtraEnv(context.readInput())));
        return EXIT.DONE;
      case "version":
        context.print(`${command.json ? versionJson(context.formats) : versionLine()}\n`);
        return 0;
      case "serve":
        return await context.serve(command.loaded);
    }
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof StartError || error instanceof ClusterError))
      throw error;
    context.complain(`elastickv: ${error.message.replaceAll("\n", " ")}`);
    return error.exitCode;
  }
}

function setupContext(context: CliContext): JoinContext {
  return {
    print: (text) => context.print(text),
    fetch: context.fetch,
    listens: (path) => context.listens(path),
    clock: context.clock,
    sleep: (ms) => context.sleep(ms),
    wallClock: systemClock,
    random: systemRandom,
    host: realHost(),
    isTerminal: process.stdin.isTTY === true,
    prompt: (text) => context.screen?.write(text),
  };
}

function helpOn(topic: HelpTopic): string {
  switch (topic) {
    case "general":
      return generalHelp();
    case "serve":
      return serveHelp();
    case "cluster":
      return clusterHelp();
    case "drain":
      return drainHelp();
    case "admin":
      return adminHelp();
    case "user":
    case "key":
    case "group":
    case "policy":
      return topic === "policy" ? `${userHelp(topic)}\n${policyHelp()}` : userHelp(topic);
    case "credentials":
      return credentialsHelp();
    case "config":
      return configHelp();
    case "setup":
    case "join":
      return setupHelp(topic);
    default:
      return isMaintenanceWord(topic) ? maintenanceHelp(topic) : clusterVerbHelp(topic);
  }
}
