/**
 * One pair of root keys for a whole cluster, when none was configured: whoever comes first writes it into the replicated
 * keyspace, under a condition, and everybody reads it there. Each node keeps a copy in its data directory, so that it can
 * check signatures before it has found a leader.
 */
import type { Config } from "../config/config.ts";
import {
  checkRootCredentials,
  generateRootCredentials,
  type RootCredentials,
  storeRootCredentials,
} from "../config/root-credentials.ts";
import { settingKey } from "../kv/keys.ts";
import type { KvClient } from "../kv/types.ts";
import { systemRandom } from "../platform/random.ts";

const KEY = settingKey("root-credentials");

export class RootAgreementError extends Error {
  readonly code = "ROOT_AGREEMENT";
  constructor(message: string) {
    super(message);
    this.name = "RootAgreementError";
  }
}

/**
 * @param mine what this node would use: kept from an earlier day, or made just now.
 * @returns what the cluster uses: `mine` itself when they are the same keys.
 * @throws KvError; RootAgreementError when the row cannot be read.
 */
export async function agreeOnRootCredentials(
  kv: Pick<KvClient, "snapshot" | "transact">,
  mine: RootCredentials,
): Promise<RootCredentials> {
  for (;;) {
    const row = await (await kv.snapshot()).get(KEY);
    if (row !== undefined) {
      const agreed = decode(row.value);
      const same =
        agreed.accessKey === mine.accessKey && agreed.secretKey.reveal() === mine.secretKey.reveal();
      return same ? mine : agreed;
    }
    // Refused = another node was first: then it is there to be read.
    await kv.transact({
      conditions: [{ kind: "must-not-exist", key: KEY }],
      mutations: [{ kind: "put", key: KEY, value: encode(mine) }],
    });
  }
}

/**
 * The keys that a member of a cluster uses: those it was configured with, else those that the cluster agrees on, kept in the
 * data directory too.
 * @param known configured, or kept from an earlier day; undefined = none yet.
 */
export async function settleRootCredentials(
  kv: Pick<KvClient, "snapshot" | "transact">,
  settings: Pick<Config, "dataDir">,
  known: RootCredentials | undefined,
): Promise<RootCredentials> {
  if (known?.source === "environment" || known?.source === "secret-files") return known;
  const agreed = await agreeOnRootCredentials(kv, known ?? generateRootCredentials(systemRandom));
  if (agreed !== known) storeRootCredentials(settings, agreed);
  return agreed;
}

function encode({ accessKey, secretKey }: RootCredentials): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ accessKey, secretKey: secretKey.reveal() }));
}

function decode(bytes: Uint8Array): RootCredentials {
  let value: Record<string, unknown>;
  try {
    value = (JSON.parse(new TextDecoder().decode(bytes)) ?? {}) as Record<string, unknown>;
  } catch {
    throw new RootAgreementError("the cluster's root keys cannot be read: they are not JSON");
  }
  const { accessKey, secretKey } = value;
  if (typeof accessKey !== "string" || typeof secretKey !== "string") {
    throw new RootAgreementError("the cluster's root keys cannot be read: a key is missing");
  }
  return checkRootCredentials(accessKey, secretKey);
}
