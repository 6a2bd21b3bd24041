/** Files of a node whose certificate comes from the cluster's own CA. All lie in the data directory, mode 0600. */
import { X509Certificate } from "node:crypto";
import { join, resolve } from "node:path";
import { ConfigError } from "../config/config.ts";
import { readPrivateFile, writePrivateFile } from "../config/private-file.ts";

/** The node's certificate, and after it the certificate's private key: one file, so that both change in one step. */
export const PEER_CERTIFICATE_FILE = "peer.pem";
/** Certificate of the CA. */
export const PEER_AUTHORITY_FILE = "peer-ca.pem";
/** Private key of the CA, sealed to the node key: a node renews its certificate with it, also without a majority. */
export const SEALED_AUTHORITY_FILE = "peer-ca.sealed";
/** CA key and first join tokens, from `setup` until the first start has put them into the keyspace. */
export const NEW_CLUSTER_FILE = "new-cluster.json";
/** Private key of a node that has asked to join and has no certificate yet. */
export const JOIN_KEY_FILE = "peer-request.key";

/** Every name above, for the check of the data directory's content. */
export const PEER_FILES: readonly string[] = [
  PEER_CERTIFICATE_FILE,
  PEER_AUTHORITY_FILE,
  SEALED_AUTHORITY_FILE,
  NEW_CLUSTER_FILE,
  JOIN_KEY_FILE,
];

/** A join token as the cluster keeps it: without its secret. */
interface KeptToken {
  readonly id: string;
  /** As `secretDigest` returns it. */
  readonly digest: string;
  /** Unix milliseconds. */
  readonly expiresMs: number;
}

export interface NewCluster {
  /** Private key of the CA, PKCS #8 (DER). */
  readonly authorityKey: Uint8Array;
  readonly tokens: readonly KeptToken[];
}

/** True when the node's CA file is the one that `setup` or `join` wrote. */
export function isOwnAuthority(dataDir: string, caFile: string): boolean {
  return resolve(caFile) === resolve(join(dataDir, PEER_AUTHORITY_FILE));
}

/** @param certificate PEM. @throws StartError naming the file */
export function writeAuthorityCertificate(dataDir: string, certificate: string): void {
  writePrivateFile(join(dataDir, PEER_AUTHORITY_FILE), certificate);
}

/** Both are PEM. @throws StartError naming the file */
export function writePeerCertificate(dataDir: string, certificate: string, key: string): void {
  writePrivateFile(join(dataDir, PEER_CERTIFICATE_FILE), `${certificate.trimEnd()}\n${key}`);
}

/** @returns the node's certificate, PEM. @throws ConfigError naming the file */
export function readPeerCertificate(dataDir: string): string {
  const path = join(dataDir, PEER_CERTIFICATE_FILE);
  const text = required(path);
  parsed(path, text);
  return text;
}

/** @returns the CA's certificate, PEM. @throws ConfigError naming the file */
export function readAuthorityCertificate(dataDir: string): string {
  const path = join(dataDir, PEER_AUTHORITY_FILE);
  return parsed(path, required(path)).toString();
}

export function writeNewCluster(dataDir: string, { authorityKey, tokens }: NewCluster): void {
  const record = { v: 1, authorityKey: Buffer.from(authorityKey).toString("base64"), tokens };
  writePrivateFile(join(dataDir, NEW_CLUSTER_FILE), `${JSON.stringify(record)}\n`);
}

/** undefined when there is no such file. @throws ConfigError naming the file when it is damaged */
export function readNewCluster(dataDir: string): NewCluster | undefined {
  const path = join(dataDir, NEW_CLUSTER_FILE);
  const text = readPrivateFile(path);
  if (text === undefined) return undefined;
  try {
    const { v, authorityKey, tokens } = JSON.parse(text) as Record<string, unknown>;
    if (v !== 1 || typeof authorityKey !== "string" || !Array.isArray(tokens))
      throw new Error("a field is missing");
    return {
      authorityKey: new Uint8Array(Buffer.from(authorityKey, "base64")),
      tokens: tokens.map(keptToken),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `${path} is damaged (${reason}): nothing has joined this cluster yet, so empty the data directory and run elastickv setup again`,
    );
  }
}

function keptToken(value: unknown): KeptToken {
  const { id, digest, expiresMs } = (value ?? {}) as Record<string, unknown>;
  if (typeof id !== "string" || typeof digest !== "string" || typeof expiresMs !== "number") {
    throw new Error("a token is not complete");
  }
  return { id, digest, expiresMs };
}

function parsed(path: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `${path} holds no PEM certificate (${reason}): restore it from a backup of the data directory, or replace this member`,
    );
  }
}

function required(path: string): string {
  const text = readPrivateFile(path);
  if (text === undefined)
    throw new ConfigError(`${path} is missing: elastickv setup or elastickv join writes it`);
  return text;
}
