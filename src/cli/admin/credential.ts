/** The token that the command line sends to an admin address. */
import { readFileSync } from "node:fs";
import { ConfigError } from "../../config/config.ts";
import type { Environment } from "../../config/load.ts";
import { readSecretFile } from "../../config/private-file.ts";
import { Secret } from "../../config/secret.ts";

const TOKEN_VARIABLE = "ELASTICKV_ADMIN_TOKEN";
const TOKEN_FILE_VARIABLE = "ELASTICKV_ADMIN_TOKEN_FILE";
const CA_FILE_VARIABLE = "ELASTICKV_ADMIN_CA_FILE";

/** @throws ConfigError when both variables are set, or the file is open to others or cannot be read */
export function adminCredential(environment: Environment): Secret | undefined {
  const text = environment[TOKEN_VARIABLE] || undefined;
  const file = environment[TOKEN_FILE_VARIABLE] || undefined;
  if (text !== undefined && file !== undefined) {
    throw new ConfigError(`${TOKEN_VARIABLE} and ${TOKEN_FILE_VARIABLE} are both set: only one is used`);
  }
  if (text !== undefined) return token(text, TOKEN_VARIABLE);
  return file === undefined
    ? undefined
    : token(readSecretFile(file, environment["CREDENTIALS_DIRECTORY"]), file);
}

/**
 * The authorities that the operator's file names, PEM; undefined: those of the system. @throws ConfigError when it
 * cannot be read
 */
export function adminAuthorities(environment: Environment): string | undefined {
  const file = environment[CA_FILE_VARIABLE] || undefined;
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`${CA_FILE_VARIABLE}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A header cannot carry other bytes; the message never shows the token. */
function token(text: string, source: string): Secret {
  const trimmed = text.trim();
  if (!/^[\x21-\x7e]+$/.test(trimmed)) throw new ConfigError(`${source} holds no token`);
  return new Secret(trimmed);
}

/** Headers of a request with the token. */
export function authorization(credential: Secret | undefined): Record<string, string> {
  return credential === undefined ? {} : { Authorization: `Bearer ${credential.reveal()}` };
}
