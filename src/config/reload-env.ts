/** The files of variables that a reload reads again (`env-files`): a running process keeps its environment. */
import { readFileSync } from "node:fs";
import { ConfigError } from "./config.ts";
import { parseEnvFile } from "./env-file.ts";
import type { Environment } from "./load.ts";
import { SETTINGS, variableOf } from "./settings.ts";

type LogLevel = (typeof SETTINGS.logLevel)["default"];

export interface ReloadedSettings {
  /** undefined: no file sets it. */
  readonly logLevel: LogLevel | undefined;
  /** Variables whose value in the files is not the one that this process was started with; a restart takes them. */
  readonly needRestart: readonly string[];
}

/**
 * Reads the files; a later file wins, and a missing file counts as empty, as `EnvironmentFile=-` of systemd.
 * @throws ConfigError naming file and line, or the value that is wrong
 */
export function readReloadedSettings(files: readonly string[], started: Environment): ReloadedSettings {
  const variables = new Map<string, string>();
  for (const file of files) for (const [name, value] of variablesOf(file)) variables.set(name, value);
  const levelName = variableOf(SETTINGS.logLevel);
  const text = variables.get(levelName);
  const needRestart = [...variables]
    .filter(
      ([name, value]) =>
        name.startsWith("ELASTICKV_") && name !== levelName && value !== (started[name] ?? ""),
    )
    .map(([name]) => name);
  return { logLevel: text === undefined || text === "" ? undefined : levelOf(levelName, text), needRestart };
}

function variablesOf(file: string): ReadonlyMap<string, string> {
  try {
    return parseEnvFile(readFileSync(file, "utf8"), file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return new Map();
    throw new ConfigError(`${file}: cannot read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function levelOf(name: string, text: string): LogLevel {
  try {
    return SETTINGS.logLevel.type.parse(text);
  } catch (error) {
    throw new ConfigError(
      `${name}: ${JSON.stringify(text)} ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
