/**
 * The secret with which the nodes of a cluster prove membership (docs/operations/cluster.md, "The cluster secret"):
 * 32 random bytes as 64 hex digits. Several secrets may be listed while a secret is replaced: a node proves with
 * the first and accepts each.
 */
import { join } from "node:path";
import type { Random } from "../platform/random.ts";
import { type Config, ConfigError } from "./config.ts";
import { readPrivateFile, readSecretFile, writePrivateFile } from "./private-file.ts";
import { SETTINGS, variableOf } from "./settings.ts";

/**
 * File in the data directory, mode 0600. A node that began alone makes the file; otherwise an operator puts it
 * there. @internal
 */
export const CLUSTER_SECRET_FILE = "cluster-secret";

const SECRET_BYTES = 32;
const SECRET = /^[0-9a-f]{64}$/i;
/**
 * 64 random digits have fewer different digits with a probability of 10^-20, so such a secret was invented by a
 * person.
 */
const LEAST_DIFFERENT_DIGITS = 8;
/** The old secret, the new one, and two in reserve; each secret costs every handshake a little time. */
const MAX_SECRETS = 4;

type SecretSettings = Pick<Config, "dataDir" | "clusterSecret" | "clusterSecretFile">;

/**
 * Reads the secrets from the variable or file that the settings name, otherwise from the data directory; empty when
 * there is none.
 * @param credentialsDirectory systemd's directory: only the service can read its files, whatever their mode is
 * @throws ConfigError naming the variable or the file: both given, no secret in it, readable by others
 */
export function clusterSecrets(
  settings: SecretSettings,
  credentialsDirectory = process.env["CREDENTIALS_DIRECTORY"],
): readonly Uint8Array[] {
  const { clusterSecret, clusterSecretFile, dataDir } = settings;
  const variable = variableOf(SETTINGS.clusterSecret);
  if (clusterSecret !== undefined && clusterSecretFile !== undefined) {
    throw new ConfigError(
      `${variable} and ${variableOf(SETTINGS.clusterSecretFile)} are both set: set one of them`,
    );
  }
  if (clusterSecret !== undefined) return parseSecrets(clusterSecret.reveal(), variable);
  if (clusterSecretFile !== undefined) {
    return parseSecrets(readSecretFile(clusterSecretFile, credentialsDirectory), clusterSecretFile);
  }
  const path = join(dataDir, CLUSTER_SECRET_FILE);
  const stored = readPrivateFile(path);
  return stored === undefined ? [] : parseSecrets(stored, path);
}

/** Makes a secret in the form that `elastickv cluster secret` prints and every secret file contains. */
export function newClusterSecret(random: Random): string {
  return Buffer.from(random.bytes(SECRET_BYTES)).toString("hex");
}

/** Makes a secret and stores it in the data directory. @throws ConfigError naming the file */
export function makeClusterSecret(dataDir: string, random: Random): readonly Uint8Array[] {
  const secret = newClusterSecret(random);
  const path = join(dataDir, CLUSTER_SECRET_FILE);
  writePrivateFile(
    path,
    "# Secret of this cluster: each of its nodes needs a copy (--cluster-secret-file). Keep it secret.\n" +
      `${secret}\n`,
  );
  return parseSecrets(secret, path);
}

/**
 * Stores secrets that a member has handed to this node. @param secrets 64 hex digits each. @returns the file's name.
 * @throws StartError naming the file
 */
export function storeClusterSecrets(dataDir: string, secrets: readonly string[]): string {
  writePrivateFile(
    join(dataDir, CLUSTER_SECRET_FILE),
    `# Secrets of this cluster. Keep them secret.\n${secrets.join("\n")}\n`,
  );
  return CLUSTER_SECRET_FILE;
}

function parseSecrets(text: string, source: string): readonly Uint8Array[] {
  const words = text
    .split("\n")
    .map((line) => line.replace(/#.*/, ""))
    .join(" ")
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  if (words.length === 0)
    throw new ConfigError(`${source} holds no cluster secret: elastickv cluster secret prints one`);
  if (words.length > MAX_SECRETS) {
    throw new ConfigError(
      `${source} holds ${words.length} cluster secrets: at most ${MAX_SECRETS} are taken`,
    );
  }
  // The errors never contain the secret, because the lines are logged.
  for (const [i, word] of words.entries()) {
    const which = words.length === 1 ? "the cluster secret" : `cluster secret ${i + 1}`;
    if (!SECRET.test(word)) {
      throw new ConfigError(
        `${source}: ${which} is not 64 hex digits (it has ${word.length} characters): elastickv cluster secret prints one`,
      );
    }
    if (new Set(word.toLowerCase()).size < LEAST_DIFFERENT_DIGITS) {
      throw new ConfigError(`${source}: ${which} is not random: elastickv cluster secret prints one`);
    }
  }
  if (new Set(words.map((word) => word.toLowerCase())).size < words.length) {
    throw new ConfigError(`${source} holds the same cluster secret twice`);
  }
  return words.map((word) => new Uint8Array(Buffer.from(word, "hex")));
}
