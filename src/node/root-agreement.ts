/**
 * One pair of root keys for a whole cluster, when none was configured: whoever comes first writes it into the replicated
 * keyspace, sealed with the cluster's sealing key and under a condition, and everybody reads it there. Each node keeps a copy
 * in its data directory, so that it can check signatures before it has found a leader.
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

/** Nobody but an operator can mend the row: every start of every member ends with it. */
class RootAgreementError extends StartError {
  readonly code = "ROOT_AGREEMENT";
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, exitCode: EXIT.LASTING });
    this.name = "RootAgreementError";
  }
}

/**
 * @param mine what this node would use: kept from an earlier day, or made just now.
 * @returns what the cluster uses: `mine` itself when they are the same keys.
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
    // Refused = another node was first: then it is there to be read.
    await kv.transact({
      conditions: [{ kind: "must-not-exist", key: KEY }],
      mutations: [{ kind: "put", key: KEY, value: sealing.seal(NAME, credentialsBytes(mine), random) }],
    });
  }
}

/**
 * The keys that a member of a cluster uses: those it was configured with, else those that the cluster agrees on.
 * @param known configured, or kept from an earlier day; undefined = none yet.
 * @param keep makes new ones durable in the data directory.
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

/** Seals the row when an older release has left it in the clear. @throws KvError */
export async function sealClearRow(kv: Keyspace, sealing: SealingKey, random: Random): Promise<void> {
  const row = await (await kv.snapshot()).get(KEY);
  if (row !== undefined && !isSealedRow(row.value)) await replaceClear(kv, row, sealing, random);
}

/** The old version goes with the compaction of versions (decision 064 says what remains until then). */
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
