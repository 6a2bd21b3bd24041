/**
 * A node's own key pair: a secret that is sealed to the key opens on this node only. The private half lies in
 * `node.key` of the data directory, or in a file outside of the directory, so that the disk alone opens no secret
 * (decision 064).
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Config } from "../config/config.ts";
import { readPrivateFile, writePrivateFile } from "../config/private-file.ts";
import type { Random } from "../platform/random.ts";
import { lasting } from "../platform/start-error.ts";
import { KEY_BYTES, openWith, type Purpose, publicKeyOf, type Sealed, sealTo } from "./hpke.ts";

export const NODE_KEY_FILE = "node.key";
/**
 * systemd puts the credentials of a unit into the directory that this variable names (systemd.exec(5),
 * LoadCredential).
 */
const CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY";
const FORMAT = "elastickv-node-key-1";

type Environment = Readonly<Record<string, string | undefined>>;

export class NodeKey {
  readonly publicKey: Uint8Array;
  /** 16 bytes of the public key's SHA-256, hex. */
  readonly fingerprint: string;
  readonly #private: Uint8Array;

  /** @param privateKey 32 bytes with any value (RFC 7748, section 5) */
  constructor(privateKey: Uint8Array) {
    this.#private = privateKey;
    this.publicKey = publicKeyOf(privateKey);
    this.fingerprint = createHash("sha256").update(this.publicKey).digest("hex").slice(0, 32);
  }

  static make(random: Random): NodeKey {
    return new NodeKey(random.bytes(KEY_BYTES));
  }

  /** @throws OpenError */
  open(sealed: Sealed, purpose: Purpose): Uint8Array {
    return openWith(this.#private, sealed, purpose);
  }

  sealToSelf(plaintext: Uint8Array, purpose: Purpose, random: Random): Sealed {
    return sealTo(this.publicKey, plaintext, random.bytes(KEY_BYTES), purpose);
  }

  /** The content of the key file. */
  render(): string {
    const bytes = Buffer.from(this.#private);
    return [
      "# Private key of this elastickv node. What the cluster keeps secret for it is sealed to this key: keep it with the",
      "# data directory's backups, or outside of the directory (docs/operations/install.md, Addresses and keys).",
      `${FORMAT}:${bytes.toString("base64url")}:${checksum(bytes)}`,
      "",
    ].join("\n");
  }
}

/** The path of a key outside the data directory: --node-key-file, else a credential `node.key` of the unit. */
export function outsideKeyFile(
  settings: Pick<Config, "nodeKeyFile">,
  environment: Environment,
): string | undefined {
  if (settings.nodeKeyFile !== undefined) return settings.nodeKeyFile;
  const directory = environment[CREDENTIALS_VARIABLE];
  if (directory === undefined || directory === "") return undefined;
  const path = join(directory, NODE_KEY_FILE);
  return existsAsFile(path) ? path : undefined;
}

/** @throws StartError naming the file that is unreadable or contains no key */
export function readOutsideKey(path: string): NodeKey {
  let text: string;
  try {
    // The owner of a mounted secret decides its mode, so the mode is not checked.
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw lasting(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)} (--node-key-file)`,
    );
  }
  return parse(path, text);
}

/**
 * Reads the key from the data directory; undefined when there is none. @throws StartError | ConfigError naming the
 * file
 */
export function readNodeKey(dataDir: string): NodeKey | undefined {
  const path = join(dataDir, NODE_KEY_FILE);
  const text = readPrivateFile(path);
  return text === undefined ? undefined : parse(path, text);
}

/** Makes a new key, durable in the data directory. @throws StartError naming the file */
export function makeNodeKey(dataDir: string, random: Random): NodeKey {
  const key = NodeKey.make(random);
  writePrivateFile(join(dataDir, NODE_KEY_FILE), key.render());
  return key;
}

/**
 * Reads a key as `render` wrote it, or 32 bytes in base64 without anything else, as `head -c 32 /dev/urandom |
 * base64` makes them.
 */
function parse(path: string, text: string): NodeKey {
  const lines = text.split("\n").map((line) => line.trim());
  const [line, ...more] = lines.filter((content) => content !== "" && !content.startsWith("#"));
  if (line === undefined || more.length > 0) throw damaged(path, "it must hold one key");
  const parts = line.split(":");
  const plain = parts.length === 1;
  if (!plain && (parts[0] !== FORMAT || parts.length !== 3)) throw damaged(path, "it holds no node key");
  const encoded = (plain ? parts[0] : parts[1]) ?? "";
  const bytes = Buffer.from(encoded, plain ? "base64" : "base64url");
  const again = bytes.toString(plain ? "base64" : "base64url");
  if (bytes.length !== KEY_BYTES || again !== encoded) throw damaged(path, "its key is not 32 bytes");
  if (!plain && parts[2] !== checksum(bytes)) throw damaged(path, "its key does not fit its checksum");
  return new NodeKey(new Uint8Array(bytes));
}

function damaged(path: string, why: string) {
  return lasting(
    `${path} is damaged: ${why}; restore it from a backup, or replace this member by a node with an empty directory ` +
      '(docs/operations/cluster.md, "Replace a dead machine")',
  );
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}

function existsAsFile(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    // An unreadable file counts as present: the next open reports the reason.
    return (error as { code?: string }).code !== "ENOENT";
  }
}
