/**
 * Variables for the service as an operator writes them for an update, `KEY=VALUE KEY=VALUE`, and the
 * EnvironmentFile of systemd (systemd.exec(5)) that gives the service exactly these values.
 */
import { ConfigError } from "./config.ts";

const KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** White space of ASCII alone: in UTF-8, other blanks are bytes of a value. */
const BLANKS = /[ \t\n\v\f\r]+/;
/** The unit takes these out of the environment (UnsetEnvironment): they would not arrive. */
const TAKEN_OUT = ["BUN_OPTIONS", "BUN_BE_BUN", "NODE_OPTIONS"];
/** systemd sets these for the service (systemd.exec(5)), and a file would override them. */
const OF_SYSTEMD = [
  "CREDENTIALS_DIRECTORY",
  "NOTIFY_SOCKET",
  "RUNTIME_DIRECTORY",
  "STATE_DIRECTORY",
  "SYSTEMD_EXEC_PID",
  "WATCHDOG_PID",
  "WATCHDOG_USEC",
];
/** Between double quotes, systemd treats exactly these characters as special (src/config/env-file.ts). */
const SPECIAL = /["\\`$]/g;

/**
 * @param bytes pairs in UTF-8, with white space between them; a later pair of the same key wins.
 * @returns the values by key, in the order of their first mention.
 * @throws ConfigError that names the pair, by its key where it has one: a value may be a secret.
 */
export function parseExtraEnv(bytes: Uint8Array): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const [index, pair] of textOf(bytes).split(BLANKS).filter(Boolean).entries()) {
    const equals = pair.indexOf("=");
    const key = pair.slice(0, Math.max(equals, 0));
    if (equals < 0) throw new ConfigError(`EXTRA_ENV: pair ${index + 1} is no KEY=VALUE: it has no "="`);
    if (!KEY.test(key)) {
      throw new ConfigError(
        `EXTRA_ENV: ${JSON.stringify(key)} is no name of a variable: letters, digits and _`,
      );
    }
    if (TAKEN_OUT.includes(key)) {
      throw new ConfigError(`EXTRA_ENV: ${key}: the unit of the service takes this variable out`);
    }
    if (OF_SYSTEMD.includes(key)) {
      throw new ConfigError(`EXTRA_ENV: ${key}: systemd sets this variable for the service`);
    }
    variables.set(key, pair.slice(equals + 1));
  }
  return variables;
}

function textOf(bytes: Uint8Array): string {
  if (bytes.includes(0)) {
    throw new ConfigError("EXTRA_ENV: contains a NUL byte, and the value of a variable ends there");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ConfigError("EXTRA_ENV: is not UTF-8, and systemd would leave such a variable out");
  }
}

/** @returns lines of an EnvironmentFile; parseEnvFile and systemd read the same values from them. */
export function formatEnvFile(variables: ReadonlyMap<string, string>): string {
  return [...variables].map(([key, value]) => `${key}="${value.replace(SPECIAL, "\\$&")}"\n`).join("");
}
