import { expect, test } from "bun:test";
import { generateRootCredentials } from "../../src/config/root-credentials.ts";
import { settingKey } from "../../src/kv/keys.ts";
import type { ReadView, Txn } from "../../src/kv/types.ts";
import { agreeOnRootCredentials } from "../../src/node/root-agreement.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { bucketKey } from "../../src/s3/keys.ts";

/** A keyspace of one row, which another node may write between our look and our write. */
class OneRow {
  row: Uint8Array | undefined;
  readonly beforeWrite: (() => void)[] = [];
  refused = 0;

  async snapshot(): Promise<ReadView> {
    const value = this.row;
    const read = async () =>
      value === undefined ? undefined : { commitTs: 1n, value, payload: undefined, disposal: undefined };
    return { readTs: 1n, get: read, getMeta: read, scan: async () => [] };
  }

  async transact(txn: Txn) {
    this.beforeWrite.shift()?.();
    expect(txn.conditions).toEqual([{ kind: "must-not-exist", key: settingKey("root-credentials") }]);
    if (this.row !== undefined) {
      this.refused++;
      return { ok: false, failed: 0 } as const;
    }
    const [put] = txn.mutations;
    if (put?.kind !== "put") throw new Error("one put was expected");
    this.row = put.value;
    return { ok: true, commitTs: 1n } as const;
  }
}

const pair = () => generateRootCredentials(systemRandom);

test("the first writes its own, the others take them, and again after a restart", async () => {
  const kv = new OneRow();
  const mine = pair();
  expect(await agreeOnRootCredentials(kv, mine)).toBe(mine);
  const theirs = await agreeOnRootCredentials(kv, pair());
  expect([theirs.accessKey, theirs.secretKey.reveal()]).toEqual([mine.accessKey, mine.secretKey.reveal()]);
  expect(await agreeOnRootCredentials(kv, mine)).toBe(mine);
});

test("two at once: the one that comes second uses the first one's", async () => {
  const kv = new OneRow();
  const first = pair();
  kv.beforeWrite.push(() => {
    const { accessKey, secretKey } = first;
    kv.row = new TextEncoder().encode(JSON.stringify({ accessKey, secretKey: secretKey.reveal() }));
  });
  expect((await agreeOnRootCredentials(kv, pair())).accessKey).toBe(first.accessKey);
  expect(kv.refused).toBe(1);
});

test("a row that is none is an error that does not show it", async () => {
  const kv = new OneRow();
  for (const [row, message] of [
    ["{", "not JSON"],
    ['{"accessKey":"abc"}', "a key is missing"],
    ['{"accessKey":"abc","secretKey":"geheim"}', "a secret key is 8 to 256"],
  ] as const) {
    kv.row = new TextEncoder().encode(row);
    const error = await agreeOnRootCredentials(kv, pair()).catch((caught: unknown) => caught);
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain("geheim");
  }
});

test("no bucket's rows come near the settings", () => {
  const setting = Buffer.from(settingKey("root-credentials"));
  expect(setting.subarray(0, 3)).toEqual(Buffer.from([0x73, 0, 1]));
  for (const name of ["s", "root-credentials", "s\0root-credentials"]) {
    expect(Buffer.from(bucketKey(name)).subarray(0, 3).equals(setting.subarray(0, 3))).toBe(false);
  }
});
