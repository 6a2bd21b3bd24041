/** What a reload (SIGHUP) takes from the files of variables: the log level. */
import { ConfigError, type LoadedConfig } from "../config/config.ts";
import type { Environment } from "../config/load.ts";
import { readReloadedSettings } from "../config/reload-env.ts";
import { type Logger, type SharedLogLevel, setSharedLogLevel } from "../monitoring/log.ts";

/** A file that is wrong changes nothing, and is told in the log. */
export function reloadSettings(
  { config, sources }: Pick<LoadedConfig, "config" | "sources">,
  started: Environment,
  shared: SharedLogLevel,
  log: Pick<Logger, "info" | "warn">,
): void {
  try {
    const { logLevel, needRestart } = readReloadedSettings(config.envFiles, started);
    // The lines are written before the level changes, because the new level may hide them.
    if (needRestart.length > 0)
      log.warn("changed settings are taken at the next restart", { variables: needRestart });
    if (logLevel === undefined) return;
    if (sources.logLevel === "flag") {
      log.warn("the log level is set by a flag, and the files do not change it");
      return;
    }
    log.info("log level reloaded", { logLevel });
    setSharedLogLevel(shared, logLevel);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    log.warn("the files of variables cannot be used, the log level stays", { problem: error.message });
  }
}
