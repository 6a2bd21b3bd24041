/**
 * The root keys in a data directory. They are in plaintext (0600) while the node key is in the same directory,
 * because sealing would protect nothing there. They are sealed to the node key when the node key is kept elsewhere
 * (decision 064).
 */
import { join } from "node:path";
import { readPrivateFile, writePrivateFile } from "../config/private-file.ts";
import {
  ROOT_CREDENTIALS_FILE,
  type RootCredentials,
  storedRootCredentials,
  storeRootCredentials,
} from "../config/root-credentials.ts";
import { removeFile } from "../platform/disk/atomic-file.ts";
import { realDisk } from "../platform/disk/real-disk.ts";
import type { Random } from "../platform/random.ts";
import { lasting } from "../platform/start-error.ts";
import { credentialsBytes, credentialsFrom } from "./credentials-record.ts";
import { KEY_BYTES, OpenError, type Purpose } from "./hpke.ts";
import type { NodeKey } from "./node-key.ts";
import { base64, bytesOf, parseRecord, recordBytes, SecretRecordError } from "./records.ts";

export const SEALED_CREDENTIALS_FILE = "root-credentials.sealed";

const PURPOSE: Purpose = { info: "elastickv root credentials v1", aad: "" };

export interface KeyAtHand {
  readonly key: NodeKey;
  /** True when the key is not in the data directory. */
  readonly outside: boolean;
}

/** @throws StartError | ConfigError naming the file and the operator's action */
export function readStoredCredentials(
  dataDir: string,
  atHand: KeyAtHand | undefined,
): RootCredentials | undefined {
  const path = join(dataDir, SEALED_CREDENTIALS_FILE);
  const text = readPrivateFile(path);
  if (text === undefined) return storedRootCredentials({ dataDir });
  if (atHand === undefined) {
    throw lasting(
      `${path} is sealed with a node key that is kept elsewhere: name it with --node-key-file, as before`,
    );
  }
  try {
    const record = parseRecord(Buffer.from(text), path);
    const sealed = { enc: bytesOf(record, "enc", KEY_BYTES), ciphertext: bytesOf(record, "ciphertext") };
    return credentialsFrom(atHand.key.open(sealed, PURPOSE), "sealed", "the sealed");
  } catch (error) {
    if (!(error instanceof OpenError || error instanceof SecretRecordError)) throw error;
    throw lasting(
      `${path} does not open with the node key at hand, or is damaged: give the key it was sealed with (--node-key-file), or ` +
        "remove the file; a member then gets the cluster's root keys again, a node alone makes new ones",
      { cause: error },
    );
  }
}

/**
 * Stores the root keys durably. A plaintext file from before the move of the node key is removed; its blocks on the
 * disk are not erased.
 * @returns the keys as they are stored now
 * @throws StartError naming the file
 */
export function storeCredentials(
  dataDir: string,
  credentials: RootCredentials,
  atHand: KeyAtHand | undefined,
  random: Random,
): RootCredentials {
  if (atHand?.outside !== true) {
    storeRootCredentials({ dataDir }, credentials);
    return credentials;
  }
  const sealed = atHand.key.sealToSelf(credentialsBytes(credentials), PURPOSE, random);
  const record = recordBytes({ sealed: 1, enc: base64(sealed.enc), ciphertext: base64(sealed.ciphertext) });
  writePrivateFile(join(dataDir, SEALED_CREDENTIALS_FILE), `${Buffer.from(record).toString()}\n`);
  removeFile(realDisk, join(dataDir, ROOT_CREDENTIALS_FILE));
  realDisk.syncDirectory(dataDir);
  return { ...credentials, source: "sealed" };
}
