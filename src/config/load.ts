import { type Config, ConfigError, type LoadedConfig, type SettingSource } from "./config.ts";
import { didYouMean } from "./did-you-mean.ts";
import { SETTING_ROWS, type Setting, type SettingName, variableOf } from "./settings.ts";
import { formatSize } from "./units.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = "ELASTICKV_";

/**
 * Prefixes of variables that are no settings of a node: the test and bench harness and the command line use them.
 */
const FOREIGN_PREFIXES = [
  "ELASTICKV_TEST_",
  "ELASTICKV_BENCH_",
  "ELASTICKV_ADMIN_TOKEN",
  "ELASTICKV_ADMIN_CA_FILE",
];

/**
 * Makes a Config from flags (by flag name, without dashes) and environment. A flag overrides its variable; an empty
 * variable counts as not set.
 * @throws ConfigError for an invalid value, except in the variable of a tuning setting: then the default is used,
 * and a warning is given.
 */
export function loadConfig(flags: ReadonlyMap<string, string>, environment: Environment): LoadedConfig {
  const { loaded, refused } = readConfig(flags, environment);
  const [first] = refused;
  if (first !== undefined) throw new ConfigError(first);
  return loaded;
}

/** As `loadConfig`, but collects every invalid value. A refused setting has its default in `loaded`. */
export function readConfig(
  flags: ReadonlyMap<string, string>,
  environment: Environment,
): {
  readonly loaded: LoadedConfig;
  readonly refused: readonly string[];
  /** Settings given under a former name; `loaded.warnings` has these lines too. */
  readonly renamed: readonly string[];
} {
  const values = new Map<SettingName, unknown>();
  const sources = new Map<SettingName, SettingSource>();
  const warnings: string[] = [];
  const refused: string[] = [];
  const renamed: string[] = [];

  for (const [name, row] of SETTING_ROWS) {
    const given = find(row, flags, environment) ?? findFormer(row, flags, environment, renamed);
    values.set(name, row.default);
    sources.set(name, "default");
    if (given === undefined) continue;
    try {
      values.set(name, row.type.parse(given.text));
      sources.set(name, given.source);
    } catch (error) {
      const problem = describeProblem(row, given, error);
      // The operator who typed a flag reads the error at once; a variable may come from a template of another
      // release.
      if (row.tuning !== true || given.source === "flag") refused.push(problem);
      else warnings.push(`${problem}; using the default ${row.type.format(row.default)}`);
    }
  }
  const config = Object.fromEntries(values) as Config;
  const sourceRecord = Object.fromEntries(sources) as Record<SettingName, SettingSource>;
  const related = applyRelations(config, sourceRecord, { warnings, refused });
  warnings.push(...unknownVariables(environment));
  const loaded = Object.freeze({
    config: Object.freeze(related),
    sources: Object.freeze(sourceRecord),
    warnings: Object.freeze([...warnings, ...renamed]),
  });
  return { loaded, refused, renamed };
}

interface Given {
  readonly text: string;
  readonly source: "flag" | "environment";
}

function find(
  row: Setting<unknown>,
  flags: ReadonlyMap<string, string>,
  env: Environment,
): Given | undefined {
  const flag = flags.get(row.flag);
  if (flag !== undefined) return { text: flag, source: "flag" };
  const variable = env[variableOf(row)];
  return variable === undefined || variable === "" ? undefined : { text: variable, source: "environment" };
}

/** Under the name that the setting had in earlier releases: an upgrade must not end with a node that does not start. */
function findFormer(
  row: Setting<unknown>,
  flags: ReadonlyMap<string, string>,
  env: Environment,
  renamed: string[],
): Given | undefined {
  if (row.formerly === undefined) return undefined;
  const given = find({ ...row, flag: row.formerly }, flags, env);
  if (given?.source === "flag") renamed.push(`--${row.formerly} is now called --${row.flag}`);
  if (given?.source === "environment") {
    renamed.push(`${variableOf({ flag: row.formerly })} is now called ${variableOf(row)}`);
  }
  return given;
}

function describeProblem(row: Setting<unknown>, given: Given, error: unknown): string {
  const name = given.source === "flag" ? `--${row.flag}` : variableOf(row);
  const value = row.type.isSecret === true ? "" : ` ${JSON.stringify(given.text)}`;
  return `${name}:${value} ${error instanceof Error ? error.message : String(error)}`;
}

/** Checks relations between settings. The defaults must satisfy each relation too. */
function applyRelations(
  config: Config,
  sources: Record<SettingName, SettingSource>,
  said: { readonly warnings: string[]; readonly refused: string[] },
): Config {
  if (config.raftMaxInflightBytes >= config.raftMaxSizePerMsg) return config;
  const row = SETTING_ROWS.find(([name]) => name === "raftMaxInflightBytes")?.[1];
  const fallback = row?.default as number;
  // The default (64 MiB) is the upper bound of raft-max-size-per-msg, so the default always satisfies the relation.
  if (fallback < config.raftMaxSizePerMsg) {
    throw new Error(`default raft-max-inflight-bytes ${fallback} is below ${config.raftMaxSizePerMsg}`);
  }
  const below = `"${formatSize(config.raftMaxInflightBytes)}" is below raft-max-size-per-msg (${formatSize(config.raftMaxSizePerMsg)})`;
  if (sources.raftMaxInflightBytes === "flag") said.refused.push(`--raft-max-inflight-bytes: ${below}`);
  else
    said.warnings.push(
      `ELASTICKV_RAFT_MAX_INFLIGHT_BYTES: ${below}; using the default ${formatSize(fallback)}`,
    );
  sources.raftMaxInflightBytes = "default";
  return { ...config, raftMaxInflightBytes: fallback };
}

function unknownVariables(environment: Environment): string[] {
  const known = SETTING_ROWS.map(([, row]) => variableOf(row));
  const former = SETTING_ROWS.flatMap(([, row]) => row.formerly ?? []).map((flag) => variableOf({ flag }));
  const warnings: string[] = [];
  for (const variable of Object.keys(environment).sort()) {
    if (!variable.startsWith(PREFIX) || known.includes(variable) || former.includes(variable)) continue;
    if (FOREIGN_PREFIXES.some((prefix) => variable.startsWith(prefix))) continue;
    const hint = didYouMean(variable, known);
    warnings.push(`${variable}: no such setting${hint === undefined ? "" : `; did you mean ${hint}?`}`);
  }
  return warnings;
}
