import { EXIT } from "../platform/exit-codes.ts";
import type { SETTINGS, Setting, SettingName } from "./settings.ts";

/** Every setting's value, validated and frozen. Sizes are bytes, durations (`...Ms`) milliseconds. */
export type Config = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never;
};

export type SettingSource = "default" | "environment" | "flag";

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: Readonly<Record<SettingName, SettingSource>>;
  /** Warnings for the log at start: defaults in place of invalid values, unknown variables. */
  readonly warnings: readonly string[];
}

/** A setting is invalid. The message is one line that names the setting. The process ends with code 2. */
export class ConfigError extends Error {
  readonly exitCode = EXIT.USAGE;
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}
