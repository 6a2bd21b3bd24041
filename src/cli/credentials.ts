/** `elastickv credentials show`: the root keys in a data directory, sealed keys too. */
import type { Config } from "../config/config.ts";
import { lasting } from "../platform/start-error.ts";
import { outsideKeyFile, readNodeKey, readOutsideKey } from "../secrets/node-key.ts";
import { type KeyAtHand, readStoredCredentials } from "../secrets/stored-credentials.ts";

/** @throws StartError | ConfigError when there are no keys, or the keys cannot be read. */
export function showCredentials(
  config: Pick<Config, "dataDir" | "nodeKeyFile">,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const found = readStoredCredentials(config.dataDir, keyAtHand(config, environment));
  if (found === undefined) {
    throw lasting(
      `data directory ${config.dataDir} keeps no root keys: it is another one (--data-dir), it has not been started yet, or its keys were configured`,
    );
  }
  return [
    `ELASTICKV_ROOT_ACCESS_KEY=${found.accessKey}`,
    `ELASTICKV_ROOT_SECRET_KEY=${found.secretKey.reveal()}`,
    "",
  ].join("\n");
}

function keyAtHand(
  config: Pick<Config, "dataDir" | "nodeKeyFile">,
  environment: Readonly<Record<string, string | undefined>>,
): KeyAtHand | undefined {
  const outside = outsideKeyFile(config, environment);
  if (outside !== undefined) return { key: readOutsideKey(outside), outside: true };
  const key = readNodeKey(config.dataDir);
  return key === undefined ? undefined : { key, outside: false };
}
