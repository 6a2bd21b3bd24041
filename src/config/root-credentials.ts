import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../platform/random.ts";
import { type Config, ConfigError } from "./config.ts";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";
import { Secret } from "./secret.ts";

export interface RootCredentials {
  readonly accessKey: string;
  readonly secretKey: Secret;
  /**
   * `generated`: made now, at the first start. `sealed`: stored in the data directory, sealed with a node key that
   * is stored elsewhere (src/secrets/stored-credentials.ts).
   */
  readonly source: "environment" | "secret-files" | "data-directory" | "sealed" | "generated";
}

/** File in the data directory, mode 0600. Its lines are also valid for systemd's EnvironmentFile and for `source`. */
export const ROOT_CREDENTIALS_FILE = "root-credentials.env";

const ACCESS_VARIABLE = "ELASTICKV_ROOT_ACCESS_KEY";
const SECRET_VARIABLE = "ELASTICKV_ROOT_SECRET_KEY";

/** The access key is part of the credential scope, whose parts are separated by "/". */
export const ACCESS_KEY_RULE = /^[A-Za-z0-9._-]{3,128}$/;
export const SECRET_KEY_RULE = /^[\x21-\x7e]{8,256}$/;

const ACCESS_KEY_LENGTH = 20;
const SECRET_KEY_LENGTH = 40;
const UPPER_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ALPHANUMERIC = `${UPPER_ALPHANUMERIC}abcdefghijklmnopqrstuvwxyz0189`;

type CredentialSettings = Pick<
  Config,
  "dataDir" | "rootAccessKey" | "rootSecretKey" | "rootAccessKeyFile" | "rootSecretKeyFile"
>;

/**
 * Reads the keys from the environment or the secret files; undefined when neither has any. @throws ConfigError
 * naming the variable or the file: only one of the two given, both a variable and a file, too short, invalid
 * characters, file unreadable.
 */
export function configuredRootCredentials(settings: CredentialSettings): RootCredentials | undefined {
  const access = given(ACCESS_VARIABLE, settings.rootAccessKey, settings.rootAccessKeyFile);
  const secret = given(SECRET_VARIABLE, settings.rootSecretKey, settings.rootSecretKeyFile);
  if ((access === undefined) !== (secret === undefined)) {
    const [set, missing] =
      access === undefined ? [SECRET_VARIABLE, ACCESS_VARIABLE] : [ACCESS_VARIABLE, SECRET_VARIABLE];
    throw new ConfigError(`${set} is set but ${missing} is not: set both or neither`);
  }
  if (access === undefined || secret === undefined) return undefined;
  const source =
    access.fromFile === undefined && secret.fromFile === undefined ? "environment" : "secret-files";
  return checked(
    access.value,
    secret.value,
    source,
    access.fromFile ?? ACCESS_VARIABLE,
    secret.fromFile ?? SECRET_VARIABLE,
  );
}

/**
 * Reads the keys in the data directory. @throws ConfigError naming the file: unreadable, readable by others, or
 * changed.
 */
export function storedRootCredentials(
  settings: Pick<CredentialSettings, "dataDir">,
): RootCredentials | undefined {
  const path = join(settings.dataDir, ROOT_CREDENTIALS_FILE);
  const content = readPrivateFile(path);
  return content === undefined ? undefined : parse(path, content);
}

/** Stores the keys durably, readable for the owner alone. @throws StartError naming the file. */
export function storeRootCredentials(
  settings: Pick<CredentialSettings, "dataDir">,
  credentials: RootCredentials,
): void {
  writePrivateFile(join(settings.dataDir, ROOT_CREDENTIALS_FILE), render(credentials));
}

interface GivenKey {
  readonly value: string;
  readonly fromFile: string | undefined;
}

function given(variable: string, value: Secret | undefined, file: string | undefined): GivenKey | undefined {
  if (value !== undefined && file !== undefined) {
    throw new ConfigError(`${variable} and ${variable}_FILE are both set: set one of them`);
  }
  if (value !== undefined) return { value: value.reveal(), fromFile: undefined };
  if (file === undefined) return undefined;
  try {
    // The operator decides the mode of a mounted secret, so only its content is checked.
    return { value: readFileSync(file, "utf8").replace(/\r?\n$/, ""), fromFile: file };
  } catch (error) {
    throw new ConfigError(`${variable}_FILE: cannot read ${file}: ${(error as Error).message}`);
  }
}

/**
 * Checks keys from a sealed record. @param whose owner of the keys, for the message. @throws ConfigError for
 * invalid keys.
 */
export function checkRootCredentials(
  accessKey: string,
  secretKey: string,
  source: RootCredentials["source"] = "data-directory",
  whose = "the cluster's",
): RootCredentials {
  return checked(accessKey, secretKey, source, `${whose} access key`, `${whose} secret key`);
}

function checked(
  accessKey: string,
  secretKey: string,
  source: RootCredentials["source"],
  accessName: string,
  secretName: string,
): RootCredentials {
  if (!ACCESS_KEY_RULE.test(accessKey)) {
    throw new ConfigError(
      `${accessName}: an access key is 3 to 128 letters, digits, '.', '_' or '-' (this one has ${accessKey.length} characters)`,
    );
  }
  if (!SECRET_KEY_RULE.test(secretKey)) {
    // The error does not contain the key, because the line is logged.
    throw new ConfigError(
      `${secretName}: a secret key is 8 to 256 printable ASCII characters without blanks (this one has ${secretKey.length} characters)`,
    );
  }
  return Object.freeze({ accessKey, secretKey: new Secret(secretKey), source });
}

/** Makes a new pair, which is not stored yet. */
export function generateRootCredentials(random: Random): RootCredentials {
  return {
    accessKey: draw(UPPER_ALPHANUMERIC, ACCESS_KEY_LENGTH, random),
    secretKey: new Secret(draw(ALPHANUMERIC, SECRET_KEY_LENGTH, random)),
    source: "generated",
  };
}

/** Draws each character uniformly: bytes above the last whole multiple of the alphabet are drawn again. */
function draw(alphabet: string, length: number, random: Random): string {
  const ceiling = 256 - (256 % alphabet.length);
  let drawn = "";
  while (drawn.length < length) {
    for (const byte of random.bytes(length)) {
      if (byte < ceiling && drawn.length < length) drawn += alphabet[byte % alphabet.length];
    }
  }
  return drawn;
}

function render(credentials: RootCredentials): string {
  return [
    "# Root credentials of this elastickv node (or of its cluster), made at the first start. Keep them secret.",
    `${ACCESS_VARIABLE}=${credentials.accessKey}`,
    `${SECRET_VARIABLE}=${credentials.secretKey.reveal()}`,
    "",
  ].join("\n");
}

function parse(path: string, content: string): RootCredentials {
  const found = new Map<string, string>();
  for (const line of content.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const equals = line.indexOf("=");
    const name = line.slice(0, equals);
    if (equals < 0 || (name !== ACCESS_VARIABLE && name !== SECRET_VARIABLE) || found.has(name)) {
      throw damaged(path);
    }
    found.set(name, line.slice(equals + 1).trimEnd());
  }
  const accessKey = found.get(ACCESS_VARIABLE);
  const secretKey = found.get(SECRET_VARIABLE);
  if (accessKey === undefined || secretKey === undefined) throw damaged(path);
  return checked(
    accessKey,
    secretKey,
    "data-directory",
    `${path}: ${ACCESS_VARIABLE}`,
    `${path}: ${SECRET_VARIABLE}`,
  );
}

function damaged(path: string): ConfigError {
  return new ConfigError(
    `${path} is damaged: it must hold the two lines ${ACCESS_VARIABLE}=... and ${SECRET_VARIABLE}=...; ` +
      "restore it, or remove it to have new keys made at the next start",
  );
}
