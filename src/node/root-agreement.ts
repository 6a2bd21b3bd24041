/**
 * One pair of root keys for a whole cluster, when none was configured. The first node writes the pair into the
 * replicated keyspace, sealed with the cluster's sealing key and under a condition; all nodes read the pair there.
 * Each node keeps a copy in its data directory, so that it can check signatures before it has found a leader.
 */
import { generateRootCredentials, type RootCredentials } from "../config/root-credentials.ts";
import { EXIT } from "../platform/exit-codes.ts";
import type { Random } from "../platform/random.ts";
import { StartError } from "../platform/start-error.ts";
import { credentialsBytes, credentialsFrom } from "../secrets/credentials-record.ts";
import { OpenError } from "../secrets/hpke.ts";
import { parseRecord, recordBytes, SecretRecordError } from "../secrets/records.ts";
import { isSealed, type SealingKey } from "../secrets/sealing-key.ts";
import type { VersionedValue } from "../store/types.ts";
import { settingKey } from "../txn/keys.ts";
import type { KvGroup } from "../txn/types.ts";
import { REPLACED_KEY } from "./sealing-rows.ts";

type Keyspace = Pick<KvGroup, "snapshot" | "transact">;

const NAME = "root-credentials";
const KEY = settingKey(NAME);
const WHOSE = "the cluster's";

/** Only an operator can repair the row: every start of every member fails with this error. */
class RootAgreementError extends StartError {
  readonly code = "ROOT_AGREEMENT";
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, exitCode: EXIT.LASTING });
    this.name = "RootAgreementError";
  }
}

/**
 * @param mine the keys that this node would use: kept by an earlier start, or made just now.
 * @returns the keys of the cluster: `mine` itself when they are the same keys.
 * @throws KvError; RootAgreementError or ConfigError when the row cannot be read.
 * @internal
 */
export async function agreeOnRootCredentials(
  kv: Keyspace,
  mine: RootCredentials,
  sealing: SealingKey,
  random: Random,
): Promise<RootCredentials> {
  for (;;) {
    const row = await (await kv.snapshot()).get(KEY);
    if (row !== undefined) {
      const agreed = decode(row.value, sealing);
      if (!isSealedRow(row.value)) await replaceClear(kv, row, sealing, random);
      const same =
        agreed.accessKey === mine.accessKey && agreed.secretKey.reveal() === mine.secretKey.reveal();
      return same ? mine : agreed;
    }
    // A refused transaction means that another node was first: the next read finds its row.
    await kv.transact({
      conditions: [{ kind: "must-not-exist", key: KEY }],
      mutations: [{ kind: "put", key: KEY, value: sealing.seal(NAME, credentialsBytes(mine), random) }],
    });
  }
}

/**
 * Returns the keys of a member of a cluster: its configured keys, otherwise the keys on which the cluster agrees.
 * @param known configured keys, or keys of an earlier start; undefined = none yet.
 * @param keep makes new keys durable in the data directory.
 */
export async function settleRootCredentials(
  kv: Keyspace,
  known: RootCredentials | undefined,
  sealing: SealingKey,
  random: Random,
  keep: (credentials: RootCredentials) => RootCredentials,
): Promise<RootCredentials> {
  if (known?.source === "environment" || known?.source === "secret-files") return known;
  const agreed = await agreeOnRootCredentials(kv, known ?? generateRootCredentials(random), sealing, random);
  return agreed === known ? agreed : keep(agreed);
}

/** Seals the row when an older release has written it without encryption. @throws KvError */
export async function sealClearRow(kv: Keyspace, sealing: SealingKey, random: Random): Promise<void> {
  const row = await (await kv.snapshot()).get(KEY);
  if (row !== undefined && !isSealedRow(row.value)) await replaceClear(kv, row, sealing, random);
}

/** The old version is deleted by the compaction of versions (decision 064 says what remains until then). */
async function replaceClear(
  kv: Keyspace,
  row: VersionedValue,
  sealing: SealingKey,
  random: Random,
): Promise<void> {
  const clear = decode(row.value, sealing);
  await kv.transact({
    conditions: [{ kind: "version-equals", key: KEY, commitTs: row.commitTs }],
    mutations: [
      { kind: "put", key: KEY, value: sealing.seal(NAME, credentialsBytes(clear), random) },
      { kind: "put", key: REPLACED_KEY, value: recordBytes({ v: 1 }) },
    ],
  });
}

function isSealedRow(bytes: Uint8Array): boolean {
  return isSealed(parseRecord(bytes, "the row of the cluster's root keys"));
}

function decode(bytes: Uint8Array, sealing: SealingKey): RootCredentials {
  try {
    const plain = isSealedRow(bytes) ? sealing.open(NAME, bytes) : bytes;
    return credentialsFrom(plain, "data-directory", WHOSE);
  } catch (error) {
    if (!(error instanceof SecretRecordError || error instanceof OpenError)) throw error;
    throw new RootAgreementError(
      `the cluster's root keys cannot be read: ${error.message}; set ELASTICKV_ROOT_ACCESS_KEY and ELASTICKV_ROOT_SECRET_KEY on every member to go on with others`,
      {
        cause: error,
      },
    );
  }
}
