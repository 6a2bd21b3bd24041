/** `elastickv config check`: the settings in force, the source of each, and every error in them. */
import { readFileSync } from "node:fs";
import { type Config, ConfigError, type SettingSource } from "../config/config.ts";
import { parseEnvFile } from "../config/env-file.ts";
import { type Environment, readConfig } from "../config/load.ts";
import { SETTING_ROWS, type Setting, variableOf } from "../config/settings.ts";
import { EXIT } from "../platform/exit-codes.ts";

export interface ConfigCheckRequest {
  /** Flags by name, without dashes. */
  readonly flags: ReadonlyMap<string, string>;
  readonly environment: Environment;
  /** Paths of env files; a later file overrides an earlier one. */
  readonly files: readonly string[];
  readonly json: boolean;
}

export interface ConfigCheckContext {
  print(text: string): void;
  complain(line: string): void;
  /** Checks that a start makes on settings that are valid one by one. @throws ConfigError */
  verify(config: Config): void;
}

interface EffectiveSetting {
  readonly value: string;
  readonly source: "flag" | "variable" | "file" | "default";
  /** The flag, the variable or the file that set the value; null: the default. */
  readonly from: string | null;
}

/** @returns the exit code. */
export function runConfigCheck(request: ConfigCheckRequest, context: ConfigCheckContext): number {
  const problems: string[] = [];
  /** The file that decides, for each variable that a file sets. */
  const origins = new Map<string, string>();
  const environment: Record<string, string | undefined> = { ...request.environment };
  for (const path of request.files) {
    for (const [name, value] of variablesOf(path, problems)) {
      environment[name] = value;
      origins.set(name, path);
    }
  }
  const { loaded, refused, renamed } = readConfig(request.flags, environment);
  // A start would use the default and warn; this command reports the warning as a problem.
  problems.push(
    ...refused,
    ...loaded.warnings
      .filter((warning) => !renamed.includes(warning))
      .map((warning) => warning.replace(/; using the default .*$/, "")),
  );
  if (refused.length === 0) problems.push(...verified(loaded.config, context));
  const settings = Object.fromEntries(
    SETTING_ROWS.map(([name, row]) => [
      row.flag,
      {
        value: shown(row, loaded.config[name]),
        ...originOf(row, loaded.sources[name], { flags: request.flags, environment, origins }),
      },
    ]),
  );
  const valid = problems.length === 0;
  if (request.json) context.print(`${JSON.stringify({ valid, settings, problems })}\n`);
  else context.print(table(settings));
  // A former name is still taken, so it is no problem; but whoever reads this can change it.
  for (const line of [...problems, ...renamed]) context.complain(`elastickv: ${line.replaceAll("\n", " ")}`);
  return valid ? EXIT.DONE : EXIT.USAGE;
}

function variablesOf(path: string, problems: string[]): ReadonlyMap<string, string> {
  try {
    return parseEnvFile(readFileSync(path, "utf8"), path);
  } catch (error) {
    problems.push(error instanceof ConfigError ? error.message : `--env-file: ${String(error)}`);
    return new Map();
  }
}

function verified(config: Config, { verify }: ConfigCheckContext): string[] {
  try {
    verify(config);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return [error.message];
    throw error;
  }
}

/** Secrets are never shown. */
function shown(row: Setting<unknown>, value: unknown): string {
  if (row.type.isSecret === true) return value === undefined ? "" : "(secret)";
  return row.type.format(value);
}

interface Given {
  readonly flags: ReadonlyMap<string, string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Variables that a file gave, and which file. */
  readonly origins: ReadonlyMap<string, string>;
}

function originOf(
  row: Setting<unknown>,
  source: SettingSource,
  { flags, environment, origins }: Given,
): Pick<EffectiveSetting, "source" | "from"> {
  if (source === "default") return { source: "default", from: null };
  const names = [row.flag, row.formerly ?? row.flag];
  if (source === "flag") return { source: "flag", from: `--${names.find((flag) => flags.has(flag))}` };
  const variables = names.map((flag) => variableOf({ flag }));
  const variable = variables.find((name) => (environment[name] ?? "") !== "") ?? variableOf(row);
  const file = origins.get(variable);
  return file === undefined ? { source: "variable", from: variable } : { source: "file", from: file };
}

function table(settings: Readonly<Record<string, EffectiveSetting>>): string {
  const rows = Object.entries(settings).map(([name, { value, from }]) => [
    name,
    value === "" ? "-" : value,
    from ?? "default",
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map(([name = "", value = "", from = ""]) =>
      `${name.padEnd(widths[0] ?? 0)}  ${value.padEnd(widths[1] ?? 0)}  ${from}`.concat("\n"),
    )
    .join("");
}
