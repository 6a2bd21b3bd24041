/**
 * Finds the node key, or makes one at the first start, and compares it with the fingerprint in the data directory.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Random } from "../platform/random.ts";
import { lasting } from "../platform/start-error.ts";
import {
  makeNodeKey,
  NODE_KEY_FILE,
  type NodeKey,
  outsideKeyFile,
  readNodeKey,
  readOutsideKey,
} from "../secrets/node-key.ts";
import { type KeyAtHand, SEALED_CREDENTIALS_FILE } from "../secrets/stored-credentials.ts";
import { keepNodeKey, type NodeIdentity } from "./data-directory.ts";

export interface LocalKeysOptions {
  readonly config: Pick<Config, "dataDir" | "nodeKeyFile">;
  readonly identity: NodeIdentity;
  /** Only a member of a cluster needs a key. A node alone seals nothing, unless its key was put elsewhere. */
  readonly member: boolean;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly warn: (message: string, fields: Readonly<Record<string, string>>) => void;
}

export interface LocalKeys {
  readonly atHand: KeyAtHand | undefined;
  readonly identity: NodeIdentity;
}

/** @throws StartError | ConfigError naming the file: lost, damaged, unreadable, or the key of another directory */
export function settleNodeKey(options: LocalKeysOptions): LocalKeys {
  const { config, identity, member, environment, warn } = options;
  const outside = outsideKeyFile(config, environment);
  if (outside === undefined && !member) return { atHand: keyInside(config.dataDir), identity };
  const key = outside === undefined ? ownKey(options) : readOutsideKey(outside);
  const inside = join(config.dataDir, NODE_KEY_FILE);
  if (outside !== undefined && existsSync(inside)) {
    warn(
      "a node key also lies in the data directory, where it opens what the other one is to keep closed: remove it",
      {
        path: inside,
        used: outside,
      },
    );
  }
  const place = outside ?? inside;
  checkFingerprint(options, key, place);
  return {
    atHand: { key, outside: outside !== undefined },
    identity: keepNodeKey(config.dataDir, identity, key.fingerprint),
  };
}

/** A key in the directory, from a time when the node was a member. */
function keyInside(dataDir: string): KeyAtHand | undefined {
  const key = readNodeKey(dataDir);
  return key === undefined ? undefined : { key, outside: false };
}

function ownKey({ config, identity, random }: LocalKeysOptions): NodeKey {
  const { dataDir } = config;
  const found = readNodeKey(dataDir);
  if (found !== undefined) return found;
  // The key is written before the identity names it, so after a crash between both writes the key is found above.
  if (identity.nodeKey === undefined) return makeNodeKey(dataDir, random);
  throw lasting(`${join(dataDir, NODE_KEY_FILE)} is missing: ${whatToDo(identity.nodeId)}`);
}

function checkFingerprint({ config, identity, member }: LocalKeysOptions, key: NodeKey, place: string): void {
  if (identity.nodeKey === undefined || identity.nodeKey === key.fingerprint) return;
  // Nothing is sealed to the old key.
  if (!member && !existsSync(join(config.dataDir, SEALED_CREDENTIALS_FILE))) return;
  throw lasting(
    `${place} is not the node key of data directory ${config.dataDir} (fingerprint ${key.fingerprint}, wanted ${identity.nodeKey}): ` +
      whatToDo(identity.nodeId),
  );
}

/**
 * Advice for a lost key. The other members have the secrets sealed to the key, but no other proof shows who asks
 * for them.
 */
export function whatToDo(nodeId: string): string {
  return (
    `put the key of this node back (a backup of the directory has it, or --node-key-file names it); when it is lost, replace ${nodeId} ` +
    'by a node with a new name and an empty directory (docs/operations/cluster.md, "Replace a dead machine")'
  );
}
