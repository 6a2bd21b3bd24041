/**
 * The secret by which the nodes of a cluster know each other (docs/operations/cluster.md, "The cluster secret"): 32 random
 * bytes as 64 hex digits. Where it stands there may be several, for the days in which it is replaced: a node proves itself
 * with the first and takes each.
 */
import { join } from "node:path";
import type { Random } from "../platform/random.ts";
import { type Config, ConfigError } from "./config.ts";
import { readPrivateFile, readSecretFile, writePrivateFile } from "./private-file.ts";
import { SETTINGS, variableOf } from "./settings.ts";

/** In the data directory, mode 0600: of a node that began alone, or put there by hand. @internal */
export const CLUSTER_SECRET_FILE = "cluster-secret";

const SECRET_BYTES = 32;
const SECRET = /^[0-9a-f]{64}$/i;
/** 64 random digits have fewer with a chance of 10^-20: whoever wrote them down made them up. */
const LEAST_DIFFERENT_DIGITS = 8;
/** The old one, the new one, and one in reserve; each costs every handshake a little. */
const MAX_SECRETS = 4;

type SecretSettings = Pick<Config, "dataDir" | "clusterSecret" | "clusterSecretFile">;

/**
 * From the variable or the file that the settings name, else from the data directory; empty when there is none.
 * @param credentialsDirectory systemd's, whose files only the service can read whatever their mode says
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

/** As the command `elastickv cluster secret` prints it, and as every place that holds one has it. */
export function newClusterSecret(random: Random): string {
  return Buffer.from(random.bytes(SECRET_BYTES)).toString("hex");
}

/** Makes one and keeps it in the data directory. @throws ConfigError naming the file */
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
  // Never the word itself: these lines end in a log.
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
