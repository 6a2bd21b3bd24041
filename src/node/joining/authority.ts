/**
 * The cluster's CA on one node: in the keyspace, sealed with the cluster's sealing key, so that every member can sign; and
 * its private key in the data directory, sealed to the node key, so that a node renews its certificate without others.
 */
import { join } from "node:path";
import { readPrivateFile, writePrivateFile } from "../../config/private-file.ts";
import type { Logger } from "../../monitoring/log.ts";
import { type CertificateAuthority, fingerprint } from "../../pki/certificates.ts";
import {
  NEW_CLUSTER_FILE,
  readAuthorityCertificate,
  readNewCluster,
  SEALED_AUTHORITY_FILE,
} from "../../pki/peer-files.ts";
import { removeFile } from "../../platform/disk/atomic-file.ts";
import { realDisk } from "../../platform/disk/real-disk.ts";
import type { Random } from "../../platform/random.ts";
import { lasting } from "../../platform/start-error.ts";
import type { Timers } from "../../platform/timers.ts";
import { KEY_BYTES, OpenError, type Purpose } from "../../secrets/hpke.ts";
import type { NodeKey } from "../../secrets/node-key.ts";
import {
  base64,
  bytesOf,
  parseRecord,
  recordBytes,
  SecretRecordError,
  textOf,
} from "../../secrets/records.ts";
import type { SealingKey } from "../../secrets/sealing-key.ts";
import { KvError, type KvGroup } from "../../txn/types.ts";
import { AUTHORITY_KEY, AUTHORITY_NAME, absent, tokenBytes, tokenKey } from "./rows.ts";

const PURPOSE: Purpose = { info: "elastickv peer CA v1", aad: "" };
/** Interval at which a member looks for the row, while the first member has not written it yet. */
const POLL_MS = 1_000;

export interface AuthorityOptions {
  readonly dataDir: string;
  readonly key: NodeKey;
  readonly kv: Pick<KvGroup, "snapshot" | "transact">;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Returns the cluster's CA, and keeps its sealed copy in the data directory. On the first start after `setup` it also puts
 * the CA and the first join tokens into the keyspace. Waits while no member has done so.
 * @throws KvError CLOSED; StartError when the keyspace holds another CA than the data directory
 */
export async function obtainAuthority(
  sealing: SealingKey,
  options: AuthorityOptions,
): Promise<CertificateAuthority> {
  const { dataDir, timers, log } = options;
  for (;;) {
    try {
      const authority = await look(sealing, options);
      if (authority !== undefined) {
        await checkSame(authority, dataDir);
        keepSealed(authority, options);
        removeFile(realDisk, join(dataDir, NEW_CLUSTER_FILE));
        realDisk.syncDirectory(dataDir);
        return authority;
      }
    } catch (error) {
      if (!(error instanceof KvError) || error.code === "CLOSED") throw error;
      log.warn("the cluster's CA cannot be asked for yet", { reason: error.message });
    }
    await new Promise<void>((resolve) => timers.later(resolve, POLL_MS));
  }
}

async function look(
  sealing: SealingKey,
  { dataDir, kv, random, log }: AuthorityOptions,
): Promise<CertificateAuthority | undefined> {
  const found = await (await kv.snapshot()).get(AUTHORITY_KEY);
  if (found !== undefined) return opened(sealing, found.value);
  const made = readNewCluster(dataDir);
  if (made === undefined) return undefined;
  const authority = { certificate: readAuthorityCertificate(dataDir), key: made.authorityKey };
  const plain = recordBytes({ v: 1, certificate: authority.certificate, key: base64(authority.key) });
  const { ok } = await kv.transact({
    conditions: [absent(AUTHORITY_KEY)],
    mutations: [
      { kind: "put", key: AUTHORITY_KEY, value: sealing.seal(AUTHORITY_NAME, plain, random) },
      ...made.tokens.map(({ id, digest, expiresMs }) => ({
        kind: "put" as const,
        key: tokenKey(id),
        value: tokenBytes({ digest, expiresMs }),
      })),
    ],
  });
  if (ok)
    log.info("the cluster's CA is in the keyspace now", { ca: await fingerprint(authority.certificate) });
  return ok ? authority : undefined;
}

function opened(sealing: SealingKey, bytes: Uint8Array): CertificateAuthority {
  try {
    const record = parseRecord(sealing.open(AUTHORITY_NAME, bytes), "the row of the cluster's CA");
    return { certificate: textOf(record, "certificate"), key: bytesOf(record, "key") };
  } catch (error) {
    if (!(error instanceof OpenError || error instanceof SecretRecordError)) throw error;
    throw lasting(`the row of the cluster's CA cannot be opened: ${error.message}`, { cause: error });
  }
}

async function checkSame({ certificate }: CertificateAuthority, dataDir: string): Promise<void> {
  const here = readAuthorityCertificate(dataDir);
  if ((await fingerprint(here)) === (await fingerprint(certificate))) return;
  throw lasting(
    `the CA certificate in ${dataDir} is not that of the cluster: restore peer-ca.pem from a backup, or replace this member`,
  );
}

function keepSealed(authority: CertificateAuthority, options: AuthorityOptions): void {
  const { dataDir, key, random } = options;
  if (sealedAuthority(dataDir, key) !== undefined) return;
  const { enc, ciphertext } = key.sealToSelf(authority.key, PURPOSE, random);
  const record = recordBytes({ sealed: 1, enc: base64(enc), ciphertext: base64(ciphertext) });
  writePrivateFile(join(dataDir, SEALED_AUTHORITY_FILE), `${Buffer.from(record).toString()}\n`);
}

/**
 * The CA from the data directory alone; undefined when there is no sealed copy, or it does not open with this node key.
 * @throws ConfigError naming a file that others can read, or a missing CA certificate
 */
export function sealedAuthority(dataDir: string, key: NodeKey): CertificateAuthority | undefined {
  const path = join(dataDir, SEALED_AUTHORITY_FILE);
  const text = readPrivateFile(path);
  if (text === undefined) return undefined;
  try {
    const record = parseRecord(Buffer.from(text), path);
    const sealed = { enc: bytesOf(record, "enc", KEY_BYTES), ciphertext: bytesOf(record, "ciphertext") };
    return { certificate: readAuthorityCertificate(dataDir), key: key.open(sealed, PURPOSE) };
  } catch (error) {
    // The copy is made again from the keyspace.
    if (error instanceof OpenError || error instanceof SecretRecordError) return undefined;
    throw error;
  }
}
